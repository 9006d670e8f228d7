"""The last way in for a partner's only owner who lost phone and recovery codes: two people, evidence, time."""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, Access, Right
from core.people import WhoField
from partners.models.partner import Partner


class OwnerResetState(models.TextChoices):
    """Where it stands."""

    ASKED = "asked", _("Waits for a second person")
    CONFIRMED = "confirmed", _("Confirmed, the waiting time runs")
    DONE = "done", _("Carried out")
    STOPPED = "stopped", _("Stopped")


_OPEN = Q(state__in=["asked", "confirmed"])


class OwnerReset(models.Model):
    """One case. The evidence is sealed under a key of its own, and goes 90 days after the case is closed."""

    # The partner's people read of it in their mails; whoever took over an account must not watch it here.
    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Proof(models.TextChoices):
        """How the MAR made sure who asked."""

        CALL_BACK = "call_back", _("Called back on a number known from the contract")
        VIDEO = "video", _("Video call, face and identity paper seen")
        LETTER = "letter", _("Letter signed by who stands in the register")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(
        _("state"), max_length=10, choices=OwnerResetState.choices, default=OwnerResetState.ASKED
    )
    proof = models.CharField(_("how it was made sure who asked"), max_length=10, choices=Proof.choices)
    reason = models.CharField(_("what happened"), max_length=300)
    subject = models.UUIDField(default=uuid4, editable=False)
    evidence_path = models.CharField(max_length=200, blank=True, editable=False)
    evidence_sha256 = models.CharField(max_length=64, editable=False)
    evidence_type = models.CharField(max_length=40, editable=False)
    asked_by = WhoField(_("begun by"), max_length=200)
    asked_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("begun"))
    opens_at = models.DateTimeField(_("not before"), help_text=_("Until then everybody told can object."))
    confirmed_by = WhoField(_("confirmed by"), max_length=200, blank=True)
    confirmed_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    closed_by = WhoField(_("closed by"), max_length=200, blank=True)
    closed_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    stop_reason = models.CharField(_("why it was stopped"), max_length=300, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner"], condition=_OPEN, name="one_open_owner_reset"),
            models.CheckConstraint(
                condition=Q(confirmed_by_user__isnull=True) | ~Q(confirmed_by_user=F("asked_by_user")),
                name="owner_reset_by_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(asked_by_user=F("user"))
                & (Q(confirmed_by_user__isnull=True) | ~Q(confirmed_by_user=F("user"))),
                name="owner_reset_not_ones_own",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "done"])
                | Q(confirmed_by_user__isnull=False, confirmed_at__isnull=False),
                name="owner_reset_is_confirmed_first",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__gte=F("asked_at") + timedelta(hours=72)), name="owner_reset_opens_late"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(closed_at__gte=F("opens_at")), name="owner_reset_waits"
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & (~Q(state="stopped") | ~Q(stop_reason="")),
                name="owner_reset_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.state}"
