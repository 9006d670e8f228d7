"""Load the demo programme into an empty portal."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.demo.loader import is_empty, load
from portal.demo.programme import FULL, SMALL


class Command(BaseCommand):
    """`load_demo [--small]`: does nothing when the portal holds partners already."""

    help = "Load the demo: one MAR, twelve partners, a year of work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose the size."""
        parser.add_argument("--small", action="store_true", help="300 builds in 2 months, for tests")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load, saying what is being made."""
        if not settings.DEMO_ENABLED:
            raise CommandError("The demo belongs to local settings only.")
        if not is_empty():
            self.stdout.write("The portal holds data already; the demo is left out.")
            return
        began = time.monotonic()

        def say(what: str) -> None:
            self.stdout.write(f"  {time.monotonic() - began:6.1f} s  {what}")
            self.stdout.flush()

        load(SMALL if options["small"] else FULL, now=timezone.now(), say=say)
        say("the demo is loaded")
