"""Say what a draft of a programme rule would change: partners and orders, before and after."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import RuleState, RuleVersion
from licensing.services.rule_simulation import simulate


class Command(BaseCommand):
    """Simulate one draft; without arguments list the drafts."""

    help = (
        "Simulate a draft of a programme rule over live data. The number is that of the version's page; "
        "with --rule it is the version of that rule. Nothing but the result is stored."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let --version name the version of a rule, not Django's own."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the version, and its rule."""
        parser.add_argument("--version", type=int, dest="number", help="the version to simulate")
        parser.add_argument(
            "--rule", default="", help="like order.size; then --version is that rule's own number"
        )

    def handle(self, *_args: Any, number: int | None, rule: str, **_options: Any) -> None:
        """Print the counts, then each partner and order that changes."""
        with mar_scope():
            if number is None:
                self._list()
                return
            chosen = {"code": rule, "number": number} if rule else {"pk": number}
            version = RuleVersion.objects.filter(**chosen).first()
            if version is None:
                raise CommandError("There is no such version. Without arguments the drafts are listed.")
            try:
                found = simulate(version.pk, by=Actor.system("simulate_rules"), at=timezone.now())
            except DomainError as error:
                raise CommandError(" ".join(refusal.what for refusal in error.refusals)) from error
        self.stdout.write(
            f"{version} from {found.as_of:%Y-%m-%d %H:%M} UTC, data of {found.data_at:%Y-%m-%d %H:%M} UTC"
        )
        self.stdout.write(
            f"{found.subjects} looked at, {found.partners_changed} partners and {found.orders_changed} orders change"
        )
        for row in found.changes:
            self.stdout.write(
                f"  {row['label']}: {row['aspect']} {row['before'] or '-'} -> {row['after'] or '-'}"
            )
        self.stdout.write(f"rules {found.rules_sha256}")
        self.stdout.write(f"result {found.result_sha256}")

    def _list(self) -> None:
        drafts = RuleVersion.objects.filter(state=RuleState.DRAFT).order_by("code")
        for draft in drafts:
            self.stdout.write(f"{draft.pk}: {draft} from {draft.valid_from:%Y-%m-%d %H:%M} UTC")
        if not drafts:
            self.stdout.write("No draft waits.")
