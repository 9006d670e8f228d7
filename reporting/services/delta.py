"""What a correction changes: the frozen lines of two revisions compared, each difference with its cause.

The ledger is append-only, so two things can differ: ledger rows whose time lies in the month but which
were committed after the earlier report was frozen (a transaction that ran over the cut-off), and facts
written later: device details, a sale, a name. The first are called late steps, the second late facts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from reporting.builders.lines import DeltaLine
from reporting.rules.device_columns import DEVICE_COLUMNS
from reporting.selectors.rows import fetch_rows
from reporting.services.frozen_lines import Lines

# How a line of each kind is recognised in the other revision, and how it is named.
_IDENTITIES: dict[str, tuple[str, ...]] = {
    "stock": ("product_code", "state_name"),
    "ack": ("product_code", "ack_code"),
    "partner": ("code",),
}
_LISTS = ("denied", "unreported", "adjustment")
# Cells that follow from ledger steps; every other cell of a device is a fact somebody enters.
_STEP_CELLS = frozenset({"order_number", "key_state", "cbr_report_id", "cbr_sent_utc", "ack_utc", "ack_code"})
MAX_DEVICE_LINES = 1000

_DEVICES = f"""
WITH before AS (SELECT * FROM reporting_reportdeviceline WHERE report_id = %(before)s),
  after AS (SELECT * FROM reporting_reportdeviceline WHERE report_id = %(after)s),
  pairs AS (
    SELECT coalesce(a.product_key_id, b.product_key_id) AS product_key_id,
      coalesce(a.tpr_code, b.tpr_code) AS tpr_code, coalesce(a.device_serial, b.device_serial) AS serial,
      b.id IS NULL AS is_added, a.id IS NULL AS is_removed, to_jsonb(b) AS before, to_jsonb(a) AS after
    FROM before b FULL JOIN after a ON a.product_key_id = b.product_key_id
    WHERE b.id IS NULL OR a.id IS NULL OR ({", ".join(f"a.{name}" for name in DEVICE_COLUMNS)})
      IS DISTINCT FROM ({", ".join(f"b.{name}" for name in DEVICE_COLUMNS)})
  )
SELECT p.tpr_code, p.serial, p.product_key_id, p.is_added, p.is_removed, name,
  p.before ->> name AS before, p.after ->> name AS after, count(*) OVER () AS total
FROM pairs p CROSS JOIN LATERAL unnest(
  CASE WHEN p.is_added OR p.is_removed THEN ARRAY[''] ELSE %(columns)s END) AS name
WHERE p.is_added OR p.is_removed OR p.before ->> name IS DISTINCT FROM p.after ->> name
ORDER BY p.tpr_code, p.product_key_id, name LIMIT {MAX_DEVICE_LINES}
"""


@dataclass(frozen=True, slots=True)
class Causes:
    """The words for why figures and facts differ."""

    steps: str
    facts: str


def causes_of(*, late_steps: int) -> Causes:
    """Return the causes, with how many ledger steps of the month were committed late."""
    facts = _("Entered after the earlier report was frozen")
    if late_steps > 0:
        steps = _("%(count)s ledger steps before the month's end were committed after the earlier freeze")
        return Causes(steps % {"count": late_steps}, facts)
    return Causes(facts, facts)


def compare_lines(before: Lines, after: Lines, *, causes: Causes) -> Iterator[DeltaLine]:
    """Yield every figure and text that differs between two revisions' lines."""
    for kind, identity in _IDENTITIES.items():
        yield from _compare_kind(before[kind], after[kind], identity, causes)
    for kind in _LISTS:
        if len(before[kind]) != len(after[kind]):
            was, now = str(len(before[kind])), str(len(after[kind]))
            yield DeltaLine(_list_name(kind), _("rows"), was, now, causes.steps)


def _list_name(kind: str) -> str:
    names = {"denied": _("Denied keys"), "unreported": _("Unreported keys"), "adjustment": _("Adjustments")}
    return names[kind]


def _compare_kind(
    before: Sequence[Any], after: Sequence[Any], identity: tuple[str, ...], causes: Causes
) -> Iterator[DeltaLine]:
    old, new = _by_identity(before, identity), _by_identity(after, identity)
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, {}), new.get(name, {})
        for field in was.keys() | now.keys():
            if was.get(field) == now.get(field):
                continue
            cause = causes.facts if isinstance(was.get(field, now.get(field)), str) else causes.steps
            yield DeltaLine(", ".join(name), field, _printed(was.get(field)), _printed(now.get(field)), cause)


def _by_identity(lines: Iterable[Any], identity: tuple[str, ...]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(str(getattr(line, name)) for name in identity): asdict(line) for line in lines}


def _printed(value: Any) -> str:
    return "–" if value is None or value == "" else str(value)


def compare_devices(*, before: UUID, after: UUID, causes: Causes) -> Iterator[DeltaLine]:
    """Yield each device cell that differs between two revisions, at most a thousand, then how many more."""
    rows = fetch_rows(_DEVICES, {"before": before, "after": after, "columns": list(DEVICE_COLUMNS)})
    for row in rows:
        subject = f"{row['tpr_code']}, {row['serial'] or row['product_key_id']}"
        if row["is_added"] or row["is_removed"]:
            was, now = (_("absent"), _("present")) if row["is_added"] else (_("present"), _("absent"))
            yield DeltaLine(subject, _("device"), was, now, causes.steps)
        else:
            cause = causes.steps if row["name"] in _STEP_CELLS else causes.facts
            yield DeltaLine(subject, row["name"], _printed(row["before"]), _printed(row["after"]), cause)
    if rows and rows[0]["total"] > len(rows):
        more = rows[0]["total"] - len(rows)
        yield DeltaLine(_("Devices"), _("further differences"), "–", str(more), causes.facts)
