"""Recompute a run of the fair share from its stored inputs."""

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from core.tenancy import mar_scope
from licensing.services.fair_share import verify_run


class Command(BaseCommand):
    """Say whether a run and all its receipts recompute; exit 1 when they do not."""

    help = "Recompute a run of the fair share from its stored inputs and compare result, digest and receipts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the run's id."""
        parser.add_argument("run", type=UUID)

    def handle(self, *_args: Any, run: UUID, **_options: Any) -> None:
        """Verify and report."""
        with mar_scope():
            problems = verify_run(run)
        for problem in problems:
            self.stdout.write(problem)
        if problems:
            sys.exit(1)
        self.stdout.write("The formula gives the same result, and every receipt says it.")
