"""Verify the custody ledger's chain."""

from licensing.streams import CUSTODY_STREAM
from portal.management.verifying import VerifyCommand


class Command(VerifyCommand):
    """Recompute the ledger's hash chain and name the first bad row."""

    help = "Verify the custody ledger: chain, contents, signatures and the age of the unsealed tail."
    stream = CUSTODY_STREAM
