"""Check the invariants of custody over the live data."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reporting.services.invariants import check_all


class Command(BaseCommand):
    """Print one line an invariant; exit 1 on any difference."""

    help = "Check I1 to I10 over the live data. Reads only. Exit code 1 when anything differs."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run every check."""
        is_sound = True
        for outcome in check_all(at=timezone.now()):
            is_sound = is_sound and outcome.holds
            verdict = "holds" if outcome.holds else f"BROKEN {outcome.breaches} times"
            self.stdout.write(f"{outcome.code:<4} {verdict:<18} {outcome.rule}")
            for example in outcome.examples:
                self.stdout.write(f"       {example}")
            if outcome.warning:
                self.stdout.write(f"       warning: {outcome.warning}")
        if not is_sound:
            sys.exit(1)
