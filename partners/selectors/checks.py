"""Find the checks of an application. Inside the MAR's scope."""

from uuid import UUID

from django.db.models import QuerySet

from partners.models import CheckResult

_ORDER = [kind.value for kind in CheckResult.Kind]


def newest_checks(application_id: UUID) -> list[CheckResult]:
    """Return the newest run of each kind, in the order of the kinds."""
    rows = CheckResult.objects.filter(application_id=application_id)
    newest = rows.order_by("kind", "-requested_at", "-id").distinct("kind")
    return sorted(newest, key=lambda check: _ORDER.index(check.kind))


def checks_of(application_id: UUID, kind: str) -> QuerySet[CheckResult]:
    """Return every run of one kind, the newest first."""
    rows = CheckResult.objects.filter(application_id=application_id, kind=kind)
    return rows.order_by("-requested_at", "-id")


def run_counts(application_id: UUID) -> dict[str, int]:
    """Return how often each kind was run."""
    counts: dict[str, int] = {}
    for kind in CheckResult.objects.filter(application_id=application_id).values_list("kind", flat=True):
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def check_by_id(check_id: UUID, *, application_id: UUID) -> CheckResult | None:
    """Return one run of an application, None when there is none."""
    found = CheckResult.objects.select_related("application")
    return found.filter(pk=check_id, application_id=application_id).first()


def waiting_check(application_id: UUID, kind: str) -> CheckResult | None:
    """Return the run of a kind whose answer is still to come."""
    return next((check for check in checks_of(application_id, kind) if check.is_waiting), None)
