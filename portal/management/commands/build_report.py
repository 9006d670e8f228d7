"""Build a month's report now, in this process, and optionally make it again and compare."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actor import Actor
from core.periods import Period
from core.tenancy import mar_scope
from partners.selectors.mar import mar_zone
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.selectors.periods import is_closed
from reporting.services.building import ReportBusy, build_usage_report
from reporting.services.comparing import compare_report
from reporting.services.reconcile import begin_month

BY = Actor.system("build_report command")


class Command(BaseCommand):
    """Build the original report of a month, print its files and checksums."""

    help = "Build the original report of a closed month. With --verify recreate its files and compare."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the month and whether to compare."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--verify", action="store_true", help="recreate the files and compare checksums")

    def handle(self, *_args: Any, month: str, verify: bool, **_options: Any) -> None:
        """Begin the report when it is missing, build it, and compare when asked."""
        period, at = self._period(month), timezone.now()
        with mar_scope():
            if not is_closed(period, at=at, zone=mar_zone()):
                raise CommandError(f"{period} is not closed yet.")
            report_id = begin_month(period, by=BY, at=at)
        try:
            build_usage_report(report_id=report_id, by=BY, at=at)
        except ReportBusy as error:
            raise CommandError(f"A worker is building {period} right now.") from error
        with mar_scope():
            report = UsageReport.objects.get(pk=report_id)
            files = list(ReportFile.objects.filter(report=report).order_by("is_draft", "kind"))
        if report.state == ReportState.BUILDING:
            raise CommandError(f"{report.number} could not be built: {report.problem}")
        self.stdout.write(f"{report.number}: {report.get_state_display()}, {report.device_rows} devices")
        for file in files:
            self.stdout.write(f"  {file.sha256}  {file.name}  {file.size} bytes")
        if verify:
            self._verify(report)

    def _period(self, month: str) -> Period:
        try:
            return Period.parse(month)
        except ValueError as error:
            raise CommandError(f"Not a month of the form YYYY-MM: {month}") from error

    def _verify(self, report: UsageReport) -> None:
        outcome = compare_report(report_id=report.pk, by=BY, at=timezone.now())
        for file in outcome["files"]:
            self.stdout.write(f"  {file['verdict']:<17} {file['name']}")
        if not outcome["is_sound"]:
            sys.exit(1)
