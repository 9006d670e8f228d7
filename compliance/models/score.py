"""The score: which model was in force when, and what each partner's points were, day by day."""

from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.people import WhoField
from partners.models import Partner

# What is written is decided once; a model is never rewritten, a new one takes its place.
_DECISIONS = ("published_by", "published_by_id", "published_at", "declined_at")


class ScoreModel(models.Model):
    """The numbers by which the score is computed from a date on: proposed by one person, published by another."""

    access = Access(
        {TPR_ROLE: Right("SELECT"), MAR_ROLE: Right("SELECT, INSERT, UPDATE", update_columns=_DECISIONS)},
        is_row_secured=False,
    )

    id = models.BigAutoField(primary_key=True)
    version = models.CharField(_("version"), max_length=20, unique=True)
    parameters = models.JSONField(_("numbers"))
    pass_mark = models.PositiveSmallIntegerField(_("pass mark"), default=70, help_text=_("Of 100 points."))
    valid_from = models.DateTimeField(_("valid from"))
    is_shadow = models.BooleanField(
        _("in shadow"), default=True, help_text=_("Shown to the partner and the MAR, without any effect.")
    )
    shadow_until = models.DateTimeField(
        _("in shadow until"), null=True, help_text=_("Exclusive. Empty: until another model takes its place.")
    )
    reason = models.CharField(_("why"), max_length=300, blank=True)
    proposed_by = WhoField(_("proposed by"), max_length=200)
    proposed_by_id = models.CharField(max_length=40, editable=False)
    proposed_at = models.DateTimeField(_("proposed"))
    published_by = WhoField(_("published by"), max_length=200, blank=True)
    published_by_id = models.CharField(max_length=40, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True)
    declined_at = models.DateTimeField(_("declined"), null=True)

    class Meta:
        ordering = ("-valid_from", "-id")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(published_by_id="") | ~Q(published_by_id=F("proposed_by_id")),
                name="score_model_published_by_another",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(declined_at__isnull=True),
                name="score_model_decided_once",
            ),
        ]

    def __str__(self) -> str:
        return self.version

    def is_in_shadow(self, at: datetime) -> bool:
        """Return whether the score has no effect yet."""
        return self.is_shadow and (self.shadow_until is None or at < self.shadow_until)


class ScoreSnapshot(models.Model):
    """A partner's score on one day, with every fact behind it. Appended, never changed."""

    access = Access(
        {TPR_ROLE: Right("SELECT", Rows.OWN), MAR_ROLE: Right("SELECT, INSERT")}, is_append_only=True
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="score_snapshots", db_index=False)
    model = models.ForeignKey(ScoreModel, models.PROTECT, related_name="+")
    taken_on = models.DateField(_("day"), help_text=_("In the MAR's zone."))
    taken_at = models.DateTimeField(_("time"))
    areas = models.JSONField(_("points by area"))
    facts = models.JSONField(_("facts and what each cost"))
    total = models.PositiveSmallIntegerField(_("total"), null=True, help_text=_("Empty: too early to tell."))
    is_passed = models.BooleanField(_("mark reached"))
    is_shadow = models.BooleanField(_("in shadow"))

    class Meta:
        ordering = ("-taken_on",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "taken_on"], name="score_once_a_day"),
            models.CheckConstraint(
                condition=Q(total__isnull=True) | Q(total__lte=100), name="score_is_at_most_100"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.taken_on}: {self.total}"
