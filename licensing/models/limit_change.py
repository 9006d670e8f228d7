"""How much a partner may order and owe, and where he sells: each change with its reason and its people."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, Access, Right
from partners.models import Partner


class LimitChange(models.Model):
    """One change of one limit. Lowering counts at once; a raise counts when another person has approved it."""

    class Kind(models.TextChoices):
        """What is limited. Of a country the values are 0 (not agreed) and 1 (agreed)."""

        CREDIT = "credit", _("Credit limit")
        MONTHLY = "monthly", _("Licences a month")
        COUNTRY = "country", _("Country of sale")

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="limit_changes", db_index=False)
    kind = models.CharField(_("limit"), max_length=8, choices=Kind.choices)
    country = models.CharField(_("country"), max_length=2, blank=True)
    before = models.DecimalField(_("before"), max_digits=12, decimal_places=2)
    after = models.DecimalField(_("after"), max_digits=12, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=300)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True)

    class Meta:
        ordering = ("-written_at",)
        indexes: ClassVar = [models.Index(fields=["partner", "-written_at"], name="limit_change_partner")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(after__gte=0) & ~Q(after=F("before")), name="limit_change_changes"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="limit_change_has_a_reason"),
            models.CheckConstraint(
                condition=Q(kind="country", before__in=[0, 1], after__in=[0, 1]) & ~Q(country="")
                | ~Q(kind="country") & Q(country=""),
                name="limit_change_of_a_country",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False, after__gt=F("before"))
                & ~Q(approved_by=F("written_by")),
                name="limit_raise_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(discarded_at__isnull=True),
                name="limit_change_ends_once",
            ),
            models.UniqueConstraint(
                fields=["partner", "kind", "country"],
                condition=Q(approved_at__isnull=True, discarded_at__isnull=True, after__gt=F("before")),
                name="limit_raise_waits_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.before} to {self.after}"

    @property
    def is_raise(self) -> bool:
        """Return whether it gives more than before."""
        return self.after > self.before

    @property
    def state(self) -> str:
        """Return proposed, in_force or discarded."""
        if self.discarded_at is not None:
            return "discarded"
        return "proposed" if self.is_raise and self.approved_at is None else "in_force"
