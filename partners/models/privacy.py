"""What takes two people: to forget a person, and to throw away what is past its time."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from core.people import WhoField


class ErasureRequest(models.Model):
    """One request. The person's data is gone when it is done; this row keeps his id, never his name."""

    class State(models.TextChoices):
        """Where it stands."""

        REQUESTED = "requested", _("Requested")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    # A partner's people may ask for themselves; who carries it out works for the MAR.
    access = Access(
        {
            TPR_ROLE: Right("SELECT, INSERT", f"partner_id = {CURRENT_PARTNER}"),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    partner_id = models.UUIDField(_("partner"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_by = WhoField(_("requested by"), max_length=200)
    requested_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    decided_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("reason of a refusal"), max_length=300, blank=True)
    outcome = models.JSONField(_("what was done"), default=dict, help_text=_("Counts by table, no names."))

    class Meta:
        ordering = ("-requested_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="requested"), name="one_open_erasure_request"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(requested_by_user=F("decided_by_user")),
                name="erasure_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="requested") | Q(decided_by_user__isnull=False, decided_at__isnull=False),
                name="erasure_decision_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.state}"


class RetentionProposal(models.Model):
    """One dry run that a person looked at and proposes to carry out; another person confirms it.

    What is thrown away was past its time when it was proposed, so nobody confirms more than was counted.
    """

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class State(models.TextChoices):
        """Where it stands."""

        PROPOSED = "proposed", _("Waits for a second person")
        DONE = "done", _("Thrown away")
        DROPPED = "dropped", _("Dropped")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PROPOSED)
    counts = models.JSONField(_("counted"), help_text=_("Rows past their time, by class."))
    proposed_by = WhoField(_("proposed by"), max_length=200)
    proposed_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = WhoField(_("decided by"), max_length=200, blank=True)
    decided_by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    outcome = models.JSONField(_("thrown away"), default=dict, help_text=_("Rows by class."))

    class Meta:
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="proposed"), name="one_open_retention_proposal"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(proposed_by_user=F("decided_by_user")),
                name="retention_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by_user__isnull=False, decided_at__isnull=False),
                name="retention_decision_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposed_at:%Y-%m-%d} {self.state}"
