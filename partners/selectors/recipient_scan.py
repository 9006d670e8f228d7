"""Look through what is stored with recipients for what belongs to a private person. Inside the MAR's scope."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from partners.models import Document, Recipient, RecipientConflict, RecipientEvidence, RecipientRenewal
from partners.rules.personal_data import (
    CONFLICT_COLUMNS,
    DOCUMENT_COLUMNS,
    DOCUMENT_KINDS,
    EVIDENCE_COLUMNS,
    FREE,
    NUMBER,
    RECIPIENT_COLUMNS,
    RENEWAL_COLUMNS,
    find_personal,
)
from partners.rules.recipients import EVIDENCE_KINDS, TAP_CRITERIA

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One field of one row, and what it seems to hold. The text itself is never said."""

    table: str
    row: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.row} {self.field}: {self.what}"


def scan_partner_tables() -> Iterator[Finding]:
    """Yield what stands in the tables of recipients and their papers and should not."""
    yield from scan_rows(Recipient.objects.all(), RECIPIENT_COLUMNS)
    yield from scan_rows(RecipientEvidence.objects.all(), EVIDENCE_COLUMNS)
    yield from scan_rows(RecipientRenewal.objects.all(), RENEWAL_COLUMNS)
    yield from scan_rows(RecipientConflict.objects.all(), CONFLICT_COLUMNS)
    papers = Document.objects.filter(kind__in=DOCUMENT_KINDS)
    yield from scan_rows(papers, DOCUMENT_COLUMNS, is_whole_table=False)
    yield from _unknown_codes()


def scan_rows(
    rows: QuerySet[Any], columns: Mapping[str, str], *, is_whole_table: bool = True
) -> Iterator[Finding]:
    """Yield the findings of a table; a column that nobody has looked at is one as well."""
    table = rows.model._meta.db_table
    if is_whole_table:
        for name in sorted(_stored_columns(rows.model) - set(columns)):
            yield Finding(table, "–", name, "a column that is not on the list of rules/personal_data.py")
    for row in rows.order_by("pk").values("pk", *columns).iterator(ROWS_AT_ONCE):
        for name, kind in columns.items():
            if isinstance(row[name], str):
                # What the portal writes itself is looked through too: somebody may have written past it.
                for pattern in find_personal(row[name], FREE if kind == FREE else NUMBER):
                    yield Finding(table, str(row["pk"]), name, str(pattern.label))


def _unknown_codes() -> Iterator[Finding]:
    """Yield codes that are not of the lists: a text in the place of a code."""
    for row in Recipient.objects.order_by("pk").values("pk", "criteria").iterator(ROWS_AT_ONCE):
        if not set(map(str, row["criteria"])) <= set(TAP_CRITERIA):
            yield Finding(Recipient._meta.db_table, str(row["pk"]), "criteria", "not a criterion's code")
    for pk, kind in RecipientEvidence.objects.order_by("pk").values_list("pk", "kind"):
        if kind not in EVIDENCE_KINDS:
            yield Finding(RecipientEvidence._meta.db_table, str(pk), "kind", "not a code of evidence")


def _stored_columns(model: type[Model]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s",
            [model._meta.db_table],
        )
        return {name for (name,) in cursor.fetchall()}
