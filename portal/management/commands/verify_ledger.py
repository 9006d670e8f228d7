"""Verify the custody ledger's chain and its double entry."""

from typing import ClassVar

from licensing.selectors.ledger_accounts import read_books
from licensing.streams import CUSTODY_STREAM
from portal.management.verifying import VerifyCommand


class Command(VerifyCommand):
    """Recompute the ledger's hash chain and its accounts, and name what does not fit."""

    help = (
        "Verify the custody ledger: chain, contents, signatures, the age of the unsealed tail, and the double "
        "entry: every step leaves one account and enters one, balances are the keys that are there, sums the imports."
    )
    stream: ClassVar = CUSTODY_STREAM

    def more_problems(self) -> list[str]:
        """Hold the accounts against the keys and the deliveries."""
        books = read_books()
        if books.is_balanced:
            self.stdout.write(f"accounts: balanced. {len(books.balances)} accounts.")
        return [f"accounts: {problem}" for problem in books.problems]
