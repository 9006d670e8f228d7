"""Which courses there are, who passed them, and what a partner lacks."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from partners.models import Course, CourseVersion, Membership, TrainingAttempt
from partners.rules.quiz import Question, from_data
from partners.rules.training import RENEWAL_WINDOW
from partners.selectors.mar import mar_zone


def missing_training(partner_id: UUID, at: datetime) -> list[Course]:
    """Return the required courses in which nobody of a partner has a valid pass.

    Only people who still belong to the partner count; a pass ends when its last day in the MAR's zone
    begins.
    """
    today = at.astimezone(mar_zone()).date()
    passed = _passes(partner_id, today).filter(course=OuterRef("pk"))
    return list(
        Course.objects.filter(is_required=True, required_from__lte=at)
        .exclude(Exists(passed))
        .order_by("code")
    )


def _passes(partner_id: UUID, today: date) -> QuerySet[TrainingAttempt]:
    return valid_passes(today).filter(partner_id=partner_id)


def valid_passes(today: date) -> QuerySet[TrainingAttempt]:
    """Return every valid pass of somebody who still belongs to its partner."""
    still_here = Membership.objects.filter(user=OuterRef("user"), partner=OuterRef("partner"), is_active=True)
    return TrainingAttempt.objects.filter(Exists(still_here), is_passed=True, expires_on__gt=today)


def required_courses(at: datetime) -> list[UUID]:
    """Return the courses that are required at a time."""
    rows = Course.objects.filter(is_required=True, required_from__lte=at)
    return list(rows.order_by("code").values_list("pk", flat=True))


def courses(at: datetime) -> QuerySet[Course]:
    """Return every course that has questions, with how many attempts were passed."""
    return (
        Course.objects.filter(versions__isnull=False)
        .annotate(
            version_count=Count("versions", distinct=True),
            attempt_count=Count("attempts", filter=Q(attempts__submitted_at__isnull=False), distinct=True),
            pass_count=Count("attempts", filter=Q(attempts__is_passed=True), distinct=True),
        )
        .order_by("title")
    )


def course_by_code(code: str) -> Course | None:
    """Return a course, None when there is none."""
    return Course.objects.filter(code=code).first()


def newest_version(course_id: UUID) -> CourseVersion | None:
    """Return a course's questions as they stand now."""
    return CourseVersion.objects.filter(course_id=course_id).order_by("-number").first()


def language_of(version: CourseVersion, wanted: str) -> str:
    """Return the language in which a version is shown: the wanted one, else the first it has."""
    return wanted if wanted in version.texts else next(iter(version.texts))


def questions_of(version: CourseVersion, language: str) -> list[Question]:
    """Return a version's questions in a language."""
    return from_data(version.texts[language]["questions"])


def reading_of(version: CourseVersion, language: str) -> str:
    """Return a version's reading in a language."""
    return str(version.texts[language]["reading"])


def valid_until(partner_id: UUID, user_id: UUID, course_id: UUID, *, today: date) -> date | None:
    """Return the end of a person's valid pass, None without one."""
    found = TrainingAttempt.objects.filter(
        partner_id=partner_id, user_id=user_id, course_id=course_id, is_passed=True, expires_on__gt=today
    ).aggregate(until=Max("expires_on"))
    until: date | None = found["until"]
    return until


def open_attempt(partner_id: UUID, user_id: UUID, course_id: UUID) -> TrainingAttempt | None:
    """Return the test a person has begun and not handed in, None without one."""
    return (
        TrainingAttempt.objects.select_related("course", "version")
        .filter(partner_id=partner_id, user_id=user_id, course_id=course_id, submitted_at__isnull=True)
        .order_by("-started_at")
        .first()
    )


def attempts_between(
    partner_id: UUID, user_id: UUID, course_id: UUID, *, begin: datetime, end: datetime
) -> int:
    """Return how many tests of a course a person began in a span of time."""
    return TrainingAttempt.objects.filter(
        partner_id=partner_id, user_id=user_id, course_id=course_id, started_at__gte=begin, started_at__lt=end
    ).count()


def latest_attempt(partner_id: UUID, user_id: UUID, course_id: UUID) -> TrainingAttempt | None:
    """Return a person's latest test of a course, begun or graded, None without one."""
    return (
        TrainingAttempt.objects.select_related("course", "version")
        .filter(partner_id=partner_id, user_id=user_id, course_id=course_id)
        .order_by("-started_at")
        .first()
    )


@dataclass(frozen=True, slots=True)
class CourseStanding:
    """Where a partner stands with a course: whose passes are valid, and until when the last of them is."""

    course: Course
    people: tuple[TrainingAttempt, ...]

    @property
    def valid_until(self) -> date | None:
        """Return the end of the pass that lasts longest."""
        return max((one.expires_on for one in self.people if one.expires_on), default=None)


def course_standings(partner_id: UUID, at: datetime) -> list[CourseStanding]:
    """Return a partner's standing in every course, in two queries whatever their number."""
    today = at.astimezone(mar_zone()).date()
    passes = list(_passes(partner_id, today).select_related("user").order_by("-expires_on"))
    standings = []
    for course in courses(at):
        seen: dict[UUID, TrainingAttempt] = {}
        for one in passes:
            if one.course_id == course.pk:
                seen.setdefault(one.user_id, one)
        standings.append(CourseStanding(course, tuple(seen.values())))
    return standings


def passes_running_out(today: date) -> QuerySet[TrainingAttempt]:
    """Return each person's last pass of a course that ends within 30 days and is not renewed yet."""
    later = TrainingAttempt.objects.filter(
        partner=OuterRef("partner"), user=OuterRef("user"), course=OuterRef("course"), is_passed=True,
        expires_on__gt=OuterRef("expires_on"),
    )  # fmt: skip
    still_here = Membership.objects.filter(user=OuterRef("user"), partner=OuterRef("partner"), is_active=True)
    return TrainingAttempt.objects.filter(
        Exists(still_here),
        ~Exists(later),
        is_passed=True,
        course__is_required=True,
        expires_on__gt=today,
        expires_on__lte=today + RENEWAL_WINDOW,
    ).order_by("expires_on", "pk")


def results_of(course_id: UUID) -> QuerySet[TrainingAttempt]:
    """Return every graded test of a course with its person and partner, newest first."""
    return (
        TrainingAttempt.objects.select_related("user", "partner")
        .filter(course_id=course_id, submitted_at__isnull=False)
        .order_by("-submitted_at")
    )
