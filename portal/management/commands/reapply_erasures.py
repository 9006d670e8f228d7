"""Forget again whom a restored backup has brought back."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actor import Actor
from core.erasure_ledger import LedgerBroken, ledger_path
from core.tenancy import mar_scope
from partners.services.erasure_replay import come_back, reapply_erasures


class Command(BaseCommand):
    """Run after every restore, before anybody is let in; safe to run at any time."""

    help = "Apply the ledger of erasures to the database. --check only looks; exit 1 when somebody came back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let somebody look first."""
        parser.add_argument("--check", action="store_true", help="only look, change nothing")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Print what was found and done."""
        if not ledger_path().exists():
            self.stdout.write(f"There is no ledger at {ledger_path()}: nobody was ever erased here,")
            self.stdout.write("or the folder was not brought back. Make sure which before you go on.")
            return
        try:
            with mar_scope():
                self._look() if check else self._reapply()
        except LedgerBroken as error:
            raise CommandError(f"Nothing was changed: {error}.") from error

    def _look(self) -> None:
        back = come_back()
        self.stdout.write(f"{len(back)} erased people stand in the database under their names.")
        if back:
            sys.exit(1)

    def _reapply(self) -> None:
        done = reapply_erasures(by=Actor.system("restore"), at=timezone.now())
        self.stdout.write(
            f"{done.listed} erasures in the ledger; {len(done.people)} people forgotten again, "
            f"{done.keys} keys destroyed."
        )
        if done.left:
            self.stdout.write(f"Words about them are left in: {', '.join(sorted(done.left))}.")
            sys.exit(1)
