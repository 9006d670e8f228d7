"""Do one round of the exchange with Microsoft now, and say what it did."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from licensing.services.exchange import run_exchange


class Command(BaseCommand):
    """Run the exchange outside of its half-minute beat."""

    help = "Prepare, send and hand over reports, and take answers in."

    def handle(self, **_options: Any) -> None:
        """Run one round."""
        done = run_exchange(at=timezone.now())
        if not done.is_ours:
            self.stdout.write("Another process is at it; nothing done.")
            return
        booked = sum(answers.matched for answers in done.answers if answers.is_new)
        failed = [delivery.problem for delivery in done.deliveries if delivery.problem]
        self.stdout.write(
            f"{len(done.prepared)} reports written, {len(done.deliveries) - len(failed)} handed over, "
            f"{len(done.answers)} answer files taken in, {booked} answers booked, "
            f"{len(done.refused_files)} files refused."
        )
        for problem in failed:
            self.stderr.write(f"Not handed over: {problem}")
