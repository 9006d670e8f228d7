"""A partner asks to change facts that stand on contracts; an administrator of the MAR confirms."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from partners.models.partner import Partner


class CompanyChange(models.Model):
    """One request: the facts before and after, who asked, and who decided.

    A partner may take his request back; only the MAR writes a decision.
    """

    access = tenant_changes("state", "withdrawn_at")

    class State(models.TextChoices):
        """Where a request stands."""

        REQUESTED = "requested", _("Waits for the programme office")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Taken back")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="company_changes")
    before = models.JSONField(_("before"), help_text=_("Only the facts that change, by field."))
    after = models.JSONField(_("after"))
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("asked"))
    withdrawn_at = models.DateTimeField(_("taken back"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ("-requested_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner"], condition=models.Q(state="requested"), name="one_open_company_change"
            ),
            # A partner cannot write who decided, so he cannot confirm by himself.
            models.CheckConstraint(
                condition=~models.Q(state__in=["confirmed", "refused"])
                | models.Q(decided_by__isnull=False, decided_at__isnull=False),
                name="company_change_decision_has_a_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("requested_by")),
                name="company_change_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.state}"

    @property
    def facts(self) -> list[dict[str, str]]:
        """Return each changed fact in words: label, before and after."""
        return [
            {
                "label": str(Partner._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
                "before": self.before.get(name, ""),
                "after": value,
            }
            for name, value in self.after.items()
        ]
