"""Automatic checks of an applicant: every run is kept with its time, source and raw answer."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ROLE, Access, Right
from partners.models.application import Application


class CheckResult(models.Model):
    """One run of one provider over one application. A later run is a new row; the newest counts.

    A row waits while it is pending, or while ``next_try_at`` says when its source is asked again.
    """

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Kind(models.TextChoices):
        """What is checked."""

        VAT = "vat", _("VAT number")
        EMAIL_DOMAIN = "email_domain", _("E-mail domain")
        DUPLICATE = "duplicate", _("Company known already")
        SANCTIONS = "sanctions", _("Sanctions lists")
        WEBSITE = "website", _("Web site")

    class Outcome(models.TextChoices):
        """What came of it."""

        PENDING = "pending", _("Not answered yet")
        CLEAR = "clear", _("In order")
        ATTENTION = "attention", _("Look at this")
        FAILED = "failed", _("Not in order")
        UNAVAILABLE = "unavailable", _("Source not reachable")
        SKIPPED = "skipped", _("Not applicable")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="checks")
    kind = models.CharField(_("check"), max_length=20, choices=Kind.choices)
    provider = models.CharField(_("source"), max_length=60)
    outcome = models.CharField(_("result"), max_length=12, choices=Outcome.choices)
    summary = models.CharField(_("in words"), max_length=300, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    raw_answer = models.TextField(_("raw answer"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    requested_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(
        _("answered"), null=True, help_text=_("Time of the last attempt, also of a vain one.")
    )
    next_try_at = models.DateTimeField(_("asked again at"), null=True)
    # What was asked, so that the same facts are not asked twice.
    facts_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ("kind", "-requested_at")
        indexes: ClassVar = [models.Index(fields=["application", "kind"], name="check_result_application")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "kind"],
                condition=models.Q(outcome="pending") | models.Q(next_try_at__isnull=False),
                name="one_waiting_check_a_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="pending") | models.Q(answered_at__isnull=False),
                name="check_answered_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(next_try_at__isnull=True) | models.Q(outcome="unavailable"),
                name="only_unavailable_is_tried_again",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind} {self.outcome}"

    @property
    def is_waiting(self) -> bool:
        """Return whether an answer is still to come."""
        return self.outcome == self.Outcome.PENDING or self.next_try_at is not None
