"""Look for private persons in the tables of recipients and quota exceptions."""

import sys
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand

from core.tenancy import mar_scope
from licensing.selectors.quota_scan import scan_quota_tables
from partners.selectors.recipient_scan import scan_partner_tables


class Command(BaseCommand):
    """Print one line a finding, naming table, row and field, never the text; exit 1 on any."""

    help = (
        "Scan recipients and quota exceptions for personal data. Reads only. Exit code 1 when any is found."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Look through every table."""
        with mar_scope():
            found = [str(finding) for finding in chain(scan_partner_tables(), scan_quota_tables())]
        for line in found:
            self.stdout.write(line)
        self.stdout.write(f"{len(found)} findings" if found else "Nothing of a private person was found.")
        if found:
            sys.exit(1)
