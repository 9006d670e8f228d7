"""Newer evidence about an approved recipient, handed in before the old one ends."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_ADD
from partners.models.partner import Partner
from partners.models.recipients import Recipient, RecipientEvidence


class RecipientRenewal(models.Model):
    """A newer paper and what two people made of it; the recipient stays approved meanwhile."""

    access = TENANT_ADD

    class State(models.TextChoices):
        """Where it stands. The steps between them: partners/rules/recipients.py."""

        SUBMITTED = "submitted", _("Submitted")
        REVIEWED = "reviewed", _("Reviewed, waits for a second person")
        APPROVED = "approved", _("Took over")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="renewals")
    evidence = models.ForeignKey(RecipientEvidence, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    submitted_at = models.DateTimeField(_("submitted"))
    until = models.DateField(_("holds until"), null=True, help_text=_("The last day, in the MAR's zone."))
    note = models.CharField(_("review note"), max_length=600, blank=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=600, blank=True)

    class Meta:
        ordering = ("-submitted_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["recipient"], condition=Q(state__in=["submitted", "reviewed"]), name="renewal_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | (Q(reviewed_by__isnull=False, decided_by__isnull=False, until__isnull=False)
                   & ~Q(reviewed_by=F("decided_by"))),
                name="renewal_takes_two",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(reason=""), name="renewal_refused_says_why"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.state}"
