"""Report numbers and file names."""

import re
from dataclasses import dataclass
from typing import Literal

DocumentKind = Literal["report", "devices", "summary", "manifest"]

_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NUMBER = re.compile(r"UR-(?P<period>\d{4}-(?:0[1-9]|1[0-2]))(?:-R(?P<revision>[2-9]|[1-9]\d+))?")
_ENDINGS: dict[DocumentKind, str] = {
    "report": ".pdf",
    "devices": "-devices.csv",
    "summary": "-summary.csv",
    "manifest": "-manifest.json",
}


@dataclass(frozen=True, slots=True)
class ReportIdentity:
    """Month ('YYYY-MM') and revision (1 is the original) behind a report number."""

    period: str
    revision: int


def report_number(period: str, revision: int) -> str:
    """Return the number of a report: UR-2026-10 for the original, UR-2026-10-R2 for a correction.

    :raises ValueError: the period is not 'YYYY-MM' or the revision is below 1.
    """
    if not _PERIOD.fullmatch(period):
        raise ValueError(f"not a month of the form YYYY-MM: {period!r}")
    if revision < 1:
        raise ValueError(f"revisions start at 1: {revision}")
    return f"UR-{period}" if revision == 1 else f"UR-{period}-R{revision}"


def parse_report_number(number: str) -> ReportIdentity:
    """Return month and revision of a report number.

    :raises ValueError: the text is not a report number.
    """
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise ValueError(f"not a report number: {number!r}")
    return ReportIdentity(match["period"], int(match["revision"] or 1))


def document_name(number: str, kind: DocumentKind, *, is_draft: bool) -> str:
    """Return the file name of one document of a report; drafts say so in their name.

    :raises ValueError: the text is not a report number.
    """
    parse_report_number(number)
    stem = f"{number}-DRAFT" if is_draft else number
    return stem + _ENDINGS[kind]
