"""Check every invariant over the live data, the files of reports included."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils.translation import gettext_lazy as _

from core.storage import hash_stored
from core.tenancy import mar_scope
from reporting.models import ReportFile, UsageReport
from reporting.selectors.invariants import EXAMPLES, INVARIANTS, Outcome, check_invariant
from reporting.services.documents import copy_devices

FROZEN_RULE = _("A report's frozen lines give the file that was stored, and the stored files are unchanged")


def check_all(*, at: datetime) -> Iterator[Outcome]:
    """Yield the outcome of I1 to I10 in order; each check reads its own snapshot and changes nothing."""
    for invariant in INVARIANTS:
        if invariant.code == "I10":
            yield check_frozen_reports()
        with mar_scope():
            outcome = check_invariant(invariant, at=at)
        yield outcome


def check_frozen_reports() -> Outcome:
    """Compare each report's device lines and stored files with the checksums noted when they were made."""
    with mar_scope():
        reports = list(UsageReport.objects.filter(frozen_at__isnull=False).order_by("period", "revision"))
    problems = [problem for report in reports for problem in _problems_of(report)]
    return Outcome("I9", FROZEN_RULE, len(problems), tuple(problems[:EXAMPLES]))


def _problems_of(report: UsageReport) -> Iterator[str]:
    with mar_scope():
        files = list(ReportFile.objects.filter(report=report))
        with TemporaryDirectory(prefix="usage-report-") as folder:
            devices = copy_devices(report.pk, Path(folder) / "devices.csv")
        count = report.device_lines.count()
    if count != report.device_rows:
        yield f"{report.number}: {report.device_rows} device lines were frozen, {count} are there"
    for file in files:
        if file.kind == ReportFile.Kind.DEVICES and file.sha256 != devices.sha256:
            yield f"{report.number}: the frozen lines no longer give {file.name}"
        if hash_stored(file.path) != file.sha256:
            yield f"{report.number}: the stored file {file.name} is gone or changed"
