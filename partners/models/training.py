"""Courses, their questions, and the tests people took."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, REFERENCE, TPR_ROLE, Access, Right, tenant_changes
from core.people import WhoField
from partners.models.partner import Partner


class Course(models.Model):
    """Something to read and to be tested in. A required course must be passed before keys are ordered."""

    access = REFERENCE

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    code = models.SlugField(_("code"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=120)
    is_required = models.BooleanField(_("required"), default=True)
    required_from = models.DateTimeField(_("required from"))
    pass_mark = models.PositiveSmallIntegerField(
        _("pass mark"),
        help_text=_("Percent of the questions."),
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    valid_months = models.PositiveSmallIntegerField(_("months a pass is valid"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        ordering = ("title",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pass_mark__range=(1, 100)), name="pass_mark_is_percent"),
            models.CheckConstraint(condition=Q(valid_months__range=(1, 60)), name="pass_ends"),
        ]

    def __str__(self) -> str:
        return self.title


class CourseVersion(models.Model):
    """The reading and the questions of a course in each language. It never changes."""

    access = Access(
        {APP_ROLE: Right("SELECT"), TPR_ROLE: Right("SELECT"), MAR_ROLE: Right("SELECT, INSERT")},
        is_row_secured=False,
        is_append_only=True,
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    course = models.ForeignKey(Course, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("number"))
    # By language: reading, and questions as partners/rules/quiz.py writes them.
    texts = models.JSONField(_("texts"))
    published_at = models.DateTimeField(_("published"))
    published_by = WhoField(_("published by"), max_length=200)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "number"], name="course_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.number}"


class TrainingAttempt(models.Model):
    """One person's test. The order of its questions follows from the seed; once graded it never changes."""

    access = tenant_changes("submitted_at", "answers", "score", "is_passed", "expires_on")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="training_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, models.PROTECT, related_name="attempts")
    version = models.ForeignKey(CourseVersion, models.PROTECT, related_name="attempts")
    language = models.CharField(_("language"), max_length=5)
    seed = models.PositiveIntegerField(_("seed"))
    pass_mark = models.PositiveSmallIntegerField(_("pass mark"), help_text=_("Percent, as it was then."))
    started_at = models.DateTimeField(_("started"))
    submitted_at = models.DateTimeField(_("handed in"), null=True)
    answers = models.JSONField(_("answers"), null=True)
    score = models.PositiveSmallIntegerField(_("score"), null=True, help_text=_("Percent."))
    is_passed = models.BooleanField(_("passed"), null=True)
    expires_on = models.DateField(
        _("valid until"), null=True, help_text=_("Exclusive: the first day in the MAR's zone without it.")
    )

    class Meta:
        ordering = ("-started_at",)
        indexes: ClassVar = [
            models.Index(
                fields=["partner", "course", "expires_on"],
                name="training_passes",
                condition=Q(is_passed=True),
            ),
            models.Index(fields=["partner", "user", "course", "started_at"], name="training_person"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    submitted_at__isnull=True,
                    score__isnull=True,
                    is_passed__isnull=True,
                    answers__isnull=True,
                )
                | Q(
                    submitted_at__isnull=False,
                    score__isnull=False,
                    is_passed__isnull=False,
                    answers__isnull=False,
                ),
                name="attempt_graded_as_a_whole",
            ),
            models.CheckConstraint(
                condition=Q(is_passed=True, expires_on__isnull=False)
                | Q(is_passed=False, expires_on__isnull=True)
                | Q(is_passed__isnull=True, expires_on__isnull=True),
                name="a_pass_has_its_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.course_id}"
