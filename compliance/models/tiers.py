"""Tiers: what a partner gets, from when on he gets it, and the proposals to move him."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, REFERENCE, TPR_ROLE, Access, Right, Rows
from core.people import WhoField
from partners.models import Partner


class Tier(models.Model):
    """One step of the programme, with its benefits and conditions as data."""

    access = REFERENCE

    code = models.CharField(_("code"), primary_key=True, max_length=20)
    name = models.CharField(_("name"), max_length=40)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("The higher, the more."))
    benefits = models.TextField(_("what you get"), help_text=_("One line each."))
    least_builds = models.PositiveIntegerField(_("builds a quarter"), default=0, help_text=_("In 90 days."))
    least_score = models.PositiveSmallIntegerField(_("score"), default=0)

    class Meta:
        ordering = ("rank",)

    def __str__(self) -> str:
        return self.name


class TierProposal(models.Model):
    """A move that the facts suggest. Nothing moves before a person says yes."""

    access = Access(
        {
            TPR_ROLE: Right("SELECT", Rows.OWN),
            MAR_ROLE: Right(
                "SELECT, INSERT, UPDATE",
                update_columns=("outcome", "decided_by", "decided_by_id", "decided_at", "reason"),
            ),
        }
    )

    class Outcome(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Waits")
        CONFIRMED = "confirmed", _("Confirmed")
        DECLINED = "declined", _("Declined")
        OVERTAKEN = "overtaken", _("Overtaken by newer facts")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="tier_proposals")
    from_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    to_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    builds = models.PositiveIntegerField(_("builds in 90 days"))
    score = models.PositiveSmallIntegerField(_("score"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = WhoField(_("decided by"), max_length=200, blank=True)
    decided_by_id = models.CharField(max_length=40, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner"], condition=Q(outcome="open"), name="tier_proposal_open_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome="open", decided_at__isnull=True)
                | (~Q(outcome="open") & Q(decided_at__isnull=False)),
                name="tier_proposal_decided_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.from_tier_id} to {self.to_tier_id}"
