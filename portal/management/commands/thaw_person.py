"""Let a person sign in again who was frozen by an alarm."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import mar_scope
from partners.services.freezing import thaw_person


class Command(BaseCommand):
    """Run it after the incident was looked at."""

    help = "Let a person sign in again who was frozen by an alarm. The reason stands in the audit log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the person and why."""
        parser.add_argument("email")
        parser.add_argument("--reason", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Thaw and say so."""
        by = Actor.system("command thaw_person")
        try:
            with mar_scope():
                user = thaw_person(options["email"], by=by, at=timezone.now(), reason=options["reason"])
        except DomainError as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{user.email} may sign in again.")
