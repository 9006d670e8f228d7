"""Every row lock of reporting, in the one order in which they may be taken.

Order: the earlier revision of a month → its correction.

Reports of different months are never locked together.
"""

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from reporting.models import UsageReport


def lock_report(report_id: UUID) -> UsageReport:
    """Hold a report's row until the transaction ends, and return it as it is now.

    :raises NotFound: when there is none.
    """
    report = UsageReport.objects.select_for_update().filter(pk=report_id).first()
    if report is None:
        raise NotFound(str(_("There is no such report.")))
    return report


def lock_report_and_previous(report_id: UUID) -> tuple[UsageReport, UsageReport | None]:
    """Hold a report and the one it corrects, the earlier first.

    :raises NotFound: when there is no such report.
    """
    previous_id = UsageReport.objects.filter(pk=report_id).values_list("previous_id", flat=True).first()
    previous = lock_report(previous_id) if previous_id else None
    return lock_report(report_id), previous


def lock_acceptance(acceptance_id: UUID) -> None:
    """Hold the making of one acceptance's paper until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reporting.acceptance.{acceptance_id}"]
        )
