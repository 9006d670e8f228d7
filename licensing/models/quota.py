"""Microsoft's exceptions to the month's quota of Citizenship licences, and what orders drew from them."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TENANT_ADD, TPR_ROLE, Access, Right, Rows
from licensing.models.catalogue import Product
from licensing.models.order import OrderLine
from partners.models import Document, Partner, Recipient


class ExceptionState(models.TextChoices):
    """Where a quota exception stands. The steps between them: licensing/rules/quota.py."""

    REQUESTED = "requested", _("Requested")
    PACKAGED = "packaged", _("Package ready")
    ASKED = "asked", _("Sent to Microsoft")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class QuotaException(models.Model):
    """A wish for more than the month's quota, which only the MAR can bring before Microsoft.

    What is asked for never changes after it was asked; an approval lifts exactly that.
    """

    access = Access(
        {
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", Rows.OWN, ("state",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=12, unique=True, help_text=_("Like QX-7KQ2M9."))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="quota_exceptions")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(
        _("licences"), help_text=_("Beyond the quota, in the whole period.")
    )
    period_start = models.DateField(_("first day"))
    period_end = models.DateField(_("last day"), help_text=_("Inclusive, in the MAR's zone."))
    justification = models.CharField(_("why"), max_length=2000)
    letter = models.ForeignKey(Document, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=ExceptionState.choices)
    requested_by = models.CharField(_("requested by"), max_length=40, help_text=_("Id of the person."))
    requested_at = models.DateTimeField(_("requested"))
    package_path = models.CharField(_("package"), max_length=200, blank=True)
    package_sha256 = models.CharField(_("SHA-256 of the package"), max_length=64, blank=True)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    packaged_at = models.DateTimeField(_("packaged"), null=True)
    asked_at = models.DateTimeField(_("sent to Microsoft"), null=True)
    microsoft_reference = models.CharField(_("Microsoft's reference"), max_length=60, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("answer recorded"), null=True)
    decision_note = models.CharField(_("note"), max_length=600, blank=True)

    class Meta:
        ordering = ("-requested_at",)
        indexes: ClassVar = [
            models.Index(fields=["partner", "product", "period_end"], name="quota_exception_partner"),
            models.Index(fields=["state", "requested_at"], name="quota_exception_queue"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="quota_exception_quantity"),
            models.CheckConstraint(
                condition=Q(period_end__gte=F("period_start")), name="quota_exception_period"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"])
                | Q(handled_by__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="quota_exception_needs_two",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | ~Q(handled_by=F("decided_by")),
                name="quota_exception_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(microsoft_reference=""),
                name="quota_exception_has_answer",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class QuotaDraw(models.Model):
    """How many licences of an order line were taken from an exception instead of the month's quota."""

    access = TENANT_ADD

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    exception = models.ForeignKey(QuotaException, models.PROTECT, related_name="draws")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="quota_draws")
    quantity = models.PositiveIntegerField(_("licences"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["exception", "order_line"], name="quota_draw_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="quota_draw_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.exception_id}"
