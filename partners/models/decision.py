"""What people said about an application, round by round: only ever added to, so a first refusal stays readable."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND
from partners.models.application import Application


class ApplicationDecision(models.Model):
    """One step of the two people: a recommendation, or what the second person made of it.

    A trigger holds each row against the application and against the rows before (partners/guards.py),
    and lets no application be recommended, approved or refused without its row here.
    """

    access = MAR_APPEND

    class Step(models.TextChoices):
        """What the person did."""

        RECOMMENDED = "recommended", _("Recommended")
        SENT_BACK = "sent_back", _("Sent back to the reviewer")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField(_("round"), help_text=_("1 at first, 2 after an appeal."))
    step = models.CharField(_("step"), max_length=12, choices=Step.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"))
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Whose recommendation the second person acted on."),
    )
    recommendation = models.CharField(
        _("recommendation"), max_length=10, choices=Application.Recommendation.choices
    )
    reason_code = models.CharField(_("reason code"), max_length=40, blank=True)
    note = models.CharField(_("note or reason"), max_length=1000, blank=True)

    class Meta:
        ordering = ("at",)
        indexes: ClassVar = [models.Index(fields=["application", "at"], name="decision_application")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(step="recommended", reviewer__isnull=True)
                | (~models.Q(step="recommended") & models.Q(reviewer__isnull=False)),
                name="decision_names_the_reviewer",
            ),
            models.CheckConstraint(
                condition=models.Q(reviewer__isnull=True) | ~models.Q(reviewer=models.F("person")),
                name="decision_two_different_people",
            ),
            models.CheckConstraint(
                condition=~models.Q(step__in=["rejected", "sent_back"]) | ~models.Q(note=""),
                name="decision_against_says_why",
            ),
            models.CheckConstraint(
                condition=(
                    ~models.Q(step="rejected") & ~models.Q(step="recommended", recommendation="reject")
                )
                | ~models.Q(reason_code=""),
                name="decision_refusal_has_a_code",
            ),
            models.CheckConstraint(
                condition=models.Q(recommendation__in=["approve", "reject"]),
                name="decision_knows_its_proposal",
            ),
            models.UniqueConstraint(
                fields=["application", "round"],
                condition=models.Q(step__in=["approved", "rejected"]),
                name="decided_once_a_round",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.round} {self.step}"
