"""What stops a key outside its usual path: incidents, the lifting of holds, corrections by two people."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.database.functions import CurrentTransaction
from core.people import WhoField
from licensing.models.key import HOLD_CHOICES, ProductKey
from partners.models import Partner


class Incident(models.Model):
    """Keys that are lost, stolen or disputed: what happened, what was done, how it ended."""

    access = Access({TPR_ROLE: Right("SELECT, INSERT", Rows.OWN), MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Kind(models.TextChoices):
        """What happened."""

        LOST = "lost", _("Lost")
        STOLEN = "stolen", _("Stolen")
        DISPUTE = "dispute", _("Disputed")
        OPENED = "opened", _("A guarded key was opened")

    class State(models.TextChoices):
        """Whether compliance still works on it."""

        OPEN = "open", _("Open")
        FOUND = "found", _("Found again")
        SETTLED = "settled", _("Settled")
        GONE = "gone", _("Gone for good")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=12, unique=True, help_text=_("Like IN-7KQ2M9."))
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="incidents", null=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN)
    facts = models.CharField(_("facts"), max_length=2000)
    police_reference = models.CharField(_("police reference"), max_length=60, blank=True)
    due_on = models.DateField(_("deadline"), help_text=_("In the MAR's zone."))
    measures = models.CharField(_("measures"), max_length=2000, blank=True)
    reported_by = WhoField(_("reported by"), max_length=200)
    reported_at = models.DateTimeField(_("reported"))
    closed_by = WhoField(_("closed by"), max_length=200, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    closing_note = models.CharField(_("closing note"), max_length=1000, blank=True)

    class Meta:
        ordering = ("-reported_at",)
        indexes: ClassVar = [models.Index(fields=["state", "due_on"], name="incident_queue")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, closed_by="")
                | (~Q(state="open") & Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(measures="")),
                name="incident_closed_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | ~Q(closed_by=F("reported_by")), name="incident_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class IncidentKey(models.Model):
    """One key of an incident."""

    access = Access({TPR_ROLE: Right("SELECT, INSERT", Rows.OWN), MAR_ROLE: Right("SELECT, INSERT")})

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="keys")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", null=True, db_index=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="incidents")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "key"], name="incident_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} in {self.incident_id}"


class CorrectionRequest(models.Model):
    """A wish to put right where a key stands: facts, proof and two people; never a free edit."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Kind(models.TextChoices):
        """What is to be put right."""

        RELEASE = "release", _("Out of quarantine into free stock")
        GIVE_BACK = "give_back", _("Out of quarantine back to the last holder and PC")
        ENABLED = "enabled", _("Microsoft enabled it, we hold it as denied")
        DENIED = "denied", _("Microsoft denied it, we hold it as enabled")

    class State(models.TextChoices):
        """Where the wish stands."""

        OPEN = "open", _("Waits for a second person")
        APPROVED = "approved", _("Approved and done")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="corrections")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    facts = models.CharField(_("facts"), max_length=2000)
    proof = models.CharField(_("proof"), max_length=300, help_text=_("Where it can be looked at."))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=Q(state="open"), name="correction_open_once"),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="correction_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="correction_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key_id}"


class HoldLift(models.Model):
    """The proof that a hold may end. The database lets a key leave a hold only in the transaction of its proof."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="+")
    hold = models.CharField(_("hold"), max_length=15, choices=HOLD_CHOICES)
    reason = models.CharField(_("reason"), max_length=300)
    asked_by = WhoField(_("asked by"), max_length=200)
    lifted_by = WhoField(_("lifted by"), max_length=200)
    lifted_at = models.DateTimeField(_("lifted"))
    transaction = models.BigIntegerField(_("transaction"), db_default=CurrentTransaction())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "-id"], name="hold_lift_key")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(hold="quarantined") | ~Q(asked_by=F("lifted_by")), name="quarantine_needs_two"
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(asked_by="") & ~Q(lifted_by=""), name="hold_lift_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hold} of {self.key_id}"
