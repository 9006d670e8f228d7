"""Load a sanctions list from a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from partners.checks.eu_list_xml import MAX_BYTES
from partners.checks.list_refusals import in_words
from partners.models import SanctionsList
from partners.services.sanctions import ListKnown, load_list, receive_list

ERRORS_SHOWN = 20


class Command(BaseCommand):
    """`load_sanctions --format eu_xml 20261120-FULL-1_1.xml`: the whole list or nothing of it."""

    help = "Load the EU consolidated sanctions list (XML) or OpenSanctions' targets.simple.csv."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--format", choices=SanctionsList.Source.values, required=True)
        parser.add_argument("file", type=Path)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Load the file and say what came of it."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if file.stat().st_size > MAX_BYTES:
            raise CommandError(f"{file.name} is larger than {MAX_BYTES // 2**20} MB.")
        now = timezone.now()
        try:
            with mar_scope():
                received = receive_list(
                    file.read_bytes(),
                    source=options["format"],
                    file_name=file.name,
                    by=Actor.system("load_sanctions"),
                    at=now,
                )
                loaded = load_list(received.pk, at=now) or received
        except ListKnown:
            self.stdout.write("This very file is here already. Nothing was changed.")
            return
        if loaded.state == SanctionsList.State.REFUSED:
            for error in loaded.errors[:ERRORS_SHOWN]:
                self.stderr.write(f"{_place(error)}{in_words(error)}")
            raise CommandError("The list was refused. Nothing was changed.")
        # The worker compares the undecided applications with it.
        self.stdout.write(f"In force: {loaded.entries} entries of {loaded.published_on}.")


def _place(error: dict[str, Any]) -> str:
    row = f"Entry {error['row']}" if error["row"] else ""
    line = f"line {error['line']}" if error.get("line") else ""
    return f"{', '.join(part for part in (row, line) if part)}: " if row or line else ""
