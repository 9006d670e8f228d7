"""Look through quota exceptions for what belongs to a private person. Inside the MAR's scope."""

from collections.abc import Iterator

from licensing.models import QuotaException
from partners.rules.personal_data import EXCEPTION_COLUMNS
from partners.selectors.recipient_scan import Finding, scan_rows


def scan_quota_tables() -> Iterator[Finding]:
    """Yield what stands in the quota exceptions and should not."""
    yield from scan_rows(QuotaException.objects.all(), EXCEPTION_COLUMNS)
