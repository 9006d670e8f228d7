"""Verify the audit log's chain."""

from core.streams import AUDIT_STREAM
from portal.management.verifying import VerifyCommand


class Command(VerifyCommand):
    """Recompute the audit log's hash chain and name the first bad row."""

    help = "Verify the audit log: chain, contents, signatures and the age of the unsealed tail."
    stream = AUDIT_STREAM
