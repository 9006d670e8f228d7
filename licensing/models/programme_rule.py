"""The programme's rules as dated rows: what a rule said when, who wrote it and who published it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE, Access, Right


class RuleState(models.TextChoices):
    """Where a version stands. Whether an announced one is ahead, in force or over, its dates say."""

    DRAFT = "draft", _("Draft")
    ANNOUNCED = "announced", _("Announced")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class RuleVersion(models.Model):
    """One version of one programme rule.

    A draft is written by one person and published by another. What was published never changes: only its
    end is set, by the version that follows it. The announced versions of a rule follow each other without
    a gap and without an overlap; the database's guards (licensing/rule_guards.py) say the same. Nobody
    wrote the first version: it is the programme as it began.
    """

    _PUBLIC = "state = 'announced'"
    access = Access(
        {
            APP_ROLE: Right("SELECT", _PUBLIC),
            TPR_ROLE: Right("SELECT", _PUBLIC),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("rule"), max_length=40, help_text=_("Like citizenship.windows."))
    number = models.PositiveIntegerField(_("version"))
    parameters = models.JSONField(_("numbers"), help_text=_("By name."))
    sentences = models.JSONField(_("sentences"), help_text=_("By language, with {places} for the numbers."))
    state = models.CharField(_("state"), max_length=10, choices=RuleState.choices)
    valid_from = models.DateTimeField(_("valid from"), help_text=_("A whole minute."))
    valid_before = models.DateTimeField(
        _("valid until"), null=True, help_text=_("Exclusive. Set by the version that follows.")
    )
    source = models.CharField(_("where it stands"), max_length=120, blank=True)
    reason = models.CharField(_("why"), max_length=600, blank=True)
    notice_waiver = models.CharField(_("why the notice is shorter"), max_length=300, blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"), null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField(_("announced"), null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        ordering = ("code", "-number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "number"], name="rule_version_once"),
            models.UniqueConstraint(fields=["code"], condition=Q(state="draft"), name="rule_one_draft"),
            models.CheckConstraint(condition=Q(number__gte=1), name="rule_number_from_one"),
            models.CheckConstraint(
                condition=Q(valid_before__isnull=True) | Q(valid_before__gt=F("valid_from")),
                name="rule_ends_later",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | Q(written_by__isnull=False, written_at__isnull=False),
                name="rule_has_a_writer",
            ),
            models.CheckConstraint(
                condition=~Q(state="announced")
                | Q(number=1)
                | Q(published_by__isnull=False, announced_at__isnull=False),
                name="rule_has_a_publisher",
            ),
            models.CheckConstraint(
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("written_by")),
                name="rule_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(announced_at__isnull=True) | Q(announced_at__lte=F("valid_from")),
                name="rule_not_backwards",
            ),
            models.CheckConstraint(
                condition=~Q(state="draft") | Q(announced_at__isnull=True, published_by__isnull=True),
                name="rule_draft_is_private",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_by__isnull=False, withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)),
                name="rule_withdrawn_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn")
                | Q(announced_at__isnull=True)
                | Q(withdrawn_at__lt=F("valid_from")),
                name="rule_withdrawn_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.number}"
