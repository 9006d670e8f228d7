"""What the two verifying commands share."""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, ClassVar

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.services.seal import Stream, Verdict
from core.tenancy import mar_scope
from reporting.services.anchors import verify_anchored

DEFAULT_TAIL_MINUTES = 10


class VerifyCommand(BaseCommand):
    """Verify one stream; exit 0 when it is sound, 1 when it is not."""

    stream: ClassVar[Stream]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let the age of the unsealed tail be chosen."""
        parser.add_argument(
            "--tail-minutes",
            type=int,
            default=DEFAULT_TAIL_MINUTES,
            help="how long the newest rows may wait for their seal (default: %(default)s)",
        )

    def handle(self, *_args: Any, tail_minutes: int, **_options: Any) -> None:
        """Verify and report."""
        with mar_scope():
            verdict = verify_anchored(
                self.stream, at=timezone.now(), tail_may_be=timedelta(minutes=tail_minutes)
            )
            self.stdout.write(describe(verdict))
            problems = self.more_problems()
        for problem in problems:
            self.stdout.write(problem)
        if problems or not verdict.is_sound:
            sys.exit(1)

    def more_problems(self) -> list[str]:
        """Return what else is wrong with the stream's rows, one line each. In the MAR's scope."""
        return []


def describe(verdict: Verdict) -> str:
    """Return a verdict as one line for a terminal."""
    size = f"{verdict.links} links in {verdict.blocks} blocks, {verdict.unsealed_rows} rows not sealed yet"
    if verdict.is_sound:
        return f"{verdict.stream}: sound. {size}."
    row = f"row {verdict.row_id}: " if verdict.row_id is not None else ""
    return f"{verdict.stream}: BROKEN. {row}{verdict.problem}. {size}."
