"""The cover sheet of a quota exception for the MAR's contact at Microsoft: the fields Microsoft asks for.

Organisations and figures only; no person is named. Source: docs/domain-rules.md, CIT.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands on the cover sheet. ``papers`` are (name in the package, what it shows, SHA-256)."""

    reference: str
    mar: str
    mar_number: str
    refurbisher: str
    refurbisher_code: str
    refurbisher_country: str
    product: str
    part_number: str
    quantity: int
    period_start: date
    period_end: date
    justification: str
    organisation: str
    organisation_class: str
    terms_reference: str
    organisation_number: str
    organisation_place: str
    evidence_until: date | None
    quota: int
    used_this_month: int
    papers: Sequence[tuple[str, str, str]]


def fields_of(cover: Cover) -> list[tuple[str, str]]:
    """Return the sheet's rows in Microsoft's order; English, since Microsoft reads it."""
    return [
        ("Reference", cover.reference),
        ("Microsoft Authorized Refurbisher", cover.mar),
        ("MAR customer number", cover.mar_number),
        ("TPR name", cover.refurbisher),
        ("TPR code", cover.refurbisher_code),
        ("TPR country", cover.refurbisher_country),
        ("Product", cover.product),
        ("Licensable part number", cover.part_number),
        ("Quantity beyond the quota", str(cover.quantity)),
        ("Timeframe, first day", cover.period_start.isoformat()),
        ("Timeframe, last day", cover.period_end.isoformat()),
        ("Justification", cover.justification),
        ("Eligible organisation", cover.organisation),
        ("Eligibility class", f"{cover.organisation_class} ({cover.terms_reference})"),
        ("Organisation number", cover.organisation_number or "-"),
        ("Organisation place", cover.organisation_place),
        ("Eligibility proof valid until", cover.evidence_until.isoformat() if cover.evidence_until else "-"),
        ("Monthly quota", str(cover.quota)),
        ("Used of it this month", str(cover.used_this_month)),
        *((f"Enclosed: {what}", f"{name} (SHA-256 {digest})") for name, what, digest in cover.papers),
    ]


def cover_text(cover: Cover) -> str:
    """Return the cover sheet to be read."""
    rows = fields_of(cover)
    width = max(len(label) for label, _value in rows)
    lines = [f"{label.ljust(width)}  {value}" for label, value in rows]
    return "\n".join(["REQUEST FOR A CITIZENSHIP QUOTA EXCEPTION", "", *lines, ""])
