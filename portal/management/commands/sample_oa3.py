"""Write a made-up OA3.xml for a key that was handed over: for trying the whole way by hand."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import ProductKey
from licensing.services.samples import sample_oa3


class Command(BaseCommand):
    """`sample_oa3 PRODUCT_KEY_ID [--without-details] [--out FILE]`."""

    help = "Write a synthetic OA3.xml for a handed-over key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the key and where to write."""
        parser.add_argument("product_key_id")
        parser.add_argument("--without-details", action="store_true", help="leave the five device facts out")
        parser.add_argument("--out", type=Path, help="a file; without it the XML is printed")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the file."""
        with mar_scope():
            key = ProductKey.objects.filter(product_key_id=options["product_key_id"]).first()
            if key is None or key.partner_id is None:
                raise CommandError("No partner holds a key with this id.")
            try:
                xml = sample_oa3(
                    partner_id=key.partner_id,
                    product_key_id=key.product_key_id,
                    with_details=not options["without_details"],
                )
            except DomainError as error:
                raise CommandError(error.refusals[0].what) from error
        if options["out"]:
            options["out"].write_bytes(xml)
        else:
            sys.stdout.buffer.write(xml)
