"""Count what is past its time, or throw it away in the name of two people."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope
from partners.rules.permissions import permissions_of
from partners.selectors.people import membership_of, user_by_email
from partners.services.retention import count_expired, kept_days, purge_expired


class Command(BaseCommand):
    """A dry run unless two people are named."""

    help = "Count rows past their time. With --really, --by and --second: throw them away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the two people."""
        parser.add_argument("--really", action="store_true", help="Throw away; without it only count.")
        parser.add_argument("--dry-run", action="store_true", help="Only count (the default).")
        parser.add_argument("--by", default="", help="E-mail address of who runs it.")
        parser.add_argument("--second", default="", help="E-mail address of the second person.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line a class."""
        now = timezone.now()
        if options["really"] and not options["dry_run"]:
            if options["by"].lower() == options["second"].lower():
                raise CommandError("--by and --second must be two people.")
            counts = purge_expired(by=_person(options["by"]), second=_person(options["second"]), at=now)
            self.stdout.write("Thrown away:")
        else:
            counts = count_expired(at=now)
            self.stdout.write("Past their time (nothing was changed):")
        for name, count in counts.items():
            self.stdout.write(f"  {name:<20} {count:>8}   kept {kept_days()[name]} days")


def _person(email: str) -> Actor:
    with mar_scope():
        user = user_by_email(email.lower())
        membership = membership_of(user) if user else None
    if user is None or membership is None or "privacy.manage" not in permissions_of(membership.role):
        raise CommandError(f"{email or 'Nobody'} may not run this: name two people who manage personal data.")
    return Actor(ActorKind.USER, str(user.pk), user.name, user_id=user.pk)
