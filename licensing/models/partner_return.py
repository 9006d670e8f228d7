"""What a partner gives back: the request, its keys with forecast and answer, and the money that follows."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_ADD, TENANT_READ
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.key import KeyAssignment, ProductKey
from licensing.models.returns import ReturnLine, ReturnRequest
from partners.models import Partner


class ReturnState(models.TextChoices):
    """Where a return stands; the steps between them: licensing/rules/partner_returns.py."""

    REQUESTED = "requested", _("Requested")
    CHECKED = "checked", _("Checked")
    APPROVED = "approved", _("Approved")
    SENT = "sent", _("Sent to Microsoft")
    ANSWERED_CREDIT = "answered_credit", _("Answered, credit")
    ANSWERED_NO_CREDIT = "answered_no_credit", _("Answered, no credit")
    CLOSED = "closed", _("Closed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class PartnerReturn(models.Model):
    """One wish of a partner to give keys back.

    Its life: requested; checked against the forecast, by rule or by a person; approved by the MAR; sent to
    Microsoft together with others under the MAR's own RMA number; answered with or without credit; closed.
    The MAR may refuse it until it is sent, the partner take it back until somebody has decided. What was asked
    for never changes.
    """

    access = TENANT_ADD

    class Kind(models.TextChoices):
        """Why keys go back."""

        RETURN = "return", _("Return")
        WRONG_KEY = "wrong_key", _("Wrong key")
        BOARD_SWAP = "board_swap", _("Board replaced")

    class Channel(models.TextChoices):
        """How the request came."""

        BROWSER = "browser", _("Browser")
        API = "api", _("API")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.BigIntegerField(
        _("number"), unique=True, db_default=NextNumber("licensing_partner_return_number")
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="returns", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.RETURN)
    return_type = models.CharField(_("return type"), max_length=3, help_text=_("ZOA to ZOF."))
    is_without_credit = models.BooleanField(_("without credit"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    replacement_product = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="+", help_text=_("A key of it is given instead.")
    )
    reference = models.CharField(_("your own RMA number"), max_length=35, blank=True)
    channel = models.CharField(_("channel"), max_length=7, choices=Channel.choices)
    state = models.CharField(
        _("state"), max_length=18, choices=ReturnState.choices, default=ReturnState.REQUESTED
    )
    requested_by = WhoField(_("requested by"), max_length=200)
    requested_by_id = models.CharField(_("requested by id"), max_length=40)
    requested_at = models.DateTimeField(_("requested"))
    checked_by = WhoField(_("checked by"), max_length=200, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True)
    check_note = models.CharField(_("what the check found"), max_length=300, blank=True)
    decided_by = WhoField(_("decided by"), max_length=200, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_note = models.CharField(_("note"), max_length=300, blank=True)
    microsoft_return = models.ForeignKey(
        ReturnRequest, models.PROTECT, null=True, related_name="partner_returns", help_text=_("The bundle.")
    )
    rma_number = models.CharField(_("the MAR's RMA number"), max_length=35, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    closed_by = WhoField(_("closed by"), max_length=200, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    withdrawn_by = WhoField(_("withdrawn by"), max_length=200, blank=True, default="", db_default="")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(is_without_credit=True) | ~Q(return_type__in=["ZOE", "ZOF"]),
                name="return_type_without_credit",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=["sent", "answered_credit", "answered_no_credit", "closed"],
                    microsoft_return__isnull=True,
                ),
                name="return_sent_names_its_bundle",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False, withdrawn_by__gt="")
                | (~Q(state="withdrawn") & Q(withdrawn_at__isnull=True, withdrawn_by="")),
                name="return_withdrawn_by_someone",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "-number"], name="partner_return_partner"),
            models.Index(fields=["state", "-number"], name="partner_return_state"),
        ]

    def __str__(self) -> str:
        return f"R-{self.number:06d}"


class PartnerReturnLine(models.Model):
    """One key of a partner's return. It keeps the key's id: a key called back leaves the partner's sight."""

    access = TENANT_ADD

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(PartnerReturn, models.PROTECT, related_name="lines")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="partner_return_lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    product_key_id = models.CharField(_("product key id"), max_length=13)
    forecast_code = models.CharField(_("forecast"), max_length=4, blank=True)
    return_before = models.DateTimeField(_("clock ends"), null=True)
    answer_code = models.CharField(_("answer"), max_length=4, blank=True)
    ended_at = models.DateTimeField(
        _("ended"), null=True, help_text=_("Answered, or refused or withdrawn with its request.")
    )

    class Meta:
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="key_in_one_open_return"
            ),
            models.UniqueConstraint(fields=["request", "key"], name="return_names_a_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.product_key_id}"


class KeySettlement(models.Model):
    """What is owed for a key that went back: a credit or a charge, once for each sale, for the next invoice."""

    access = TENANT_READ

    class Cause(models.TextChoices):
        """What the money follows from."""

        RETURN = "return", _("Return answered")
        SWAP = "swap", _("Wrong key taken back")

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="settlements")
    assignment = models.OneToOneField(
        KeyAssignment,
        models.PROTECT,
        null=True,
        related_name="settlement",
        help_text=_("What is settled, once."),
    )
    product_key_id = models.CharField(_("product key id"), max_length=13)
    cause = models.CharField(_("cause"), max_length=6, choices=Cause.choices)
    return_line = models.OneToOneField(
        ReturnLine, models.PROTECT, null=True, related_name="settlement", help_text=_("Of a return.")
    )
    answer_code = models.CharField(_("answer"), max_length=4, blank=True)
    credit_due = models.DecimalField(_("credit due"), max_digits=10, decimal_places=2, default=0)
    charge_due = models.DecimalField(_("charge due"), max_digits=10, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    settled_at = models.DateTimeField(_("settled"))
    invoiced_at = models.DateTimeField(_("on an invoice since"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(credit_due=0, charge_due__gte=0) | Q(charge_due=0, credit_due__gt=0),
                name="settlement_credit_or_charge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_key_id}: {self.credit_due} − {self.charge_due} {self.currency}"
