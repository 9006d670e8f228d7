"""Write a synthetic delivery of keys, to try an import with."""

import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from licensing.selectors.stock import part_numbers_on_sale
from licensing.services.import_samples import MAX_KEYS, sample_delivery
from partners.selectors.mar import the_mar


class Command(BaseCommand):
    """`sample_fulfilment --format csv --keys 500 --out delivery.csv`; every key in it is invented."""

    help = "Write a synthetic delivery of keys as Microsoft's XML or our CSV; every key in it is invented."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the options."""
        parser.add_argument("--format", choices=["xml", "csv"], default="xml")
        parser.add_argument("--keys", type=int, default=25, help=f"1 to {MAX_KEYS}; default 25")
        parser.add_argument(
            "--lpn", action="append", help="licensable part number, may be repeated; default: all on sale"
        )
        parser.add_argument("--seed", help="the same seed gives the same keys; default: new ones each time")
        parser.add_argument("--out", help="file to write; default: standard output")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Write the file."""
        now, mar = timezone.now(), the_mar()
        part_numbers = options["lpn"] or part_numbers_on_sale(at=now)
        if mar is None or not part_numbers:
            raise CommandError(
                "The programme is not set up yet: no MAR or no product. Load the demo, or give --lpn."
            )
        if not 1 <= options["keys"] <= MAX_KEYS:
            raise CommandError(f"--keys must lie between 1 and {MAX_KEYS}.")
        content = sample_delivery(
            options["format"],
            keys=options["keys"],
            part_numbers=part_numbers,
            sold_to_id=mar.sold_to_id,
            seed=options["seed"] or uuid.uuid4().hex,
            at=now,
        )
        if options["out"]:
            Path(options["out"]).write_bytes(content)
            self.stderr.write(f"{options['keys']} invented keys are in {options['out']}.")
        else:
            sys.stdout.buffer.write(content)
