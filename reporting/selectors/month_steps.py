"""The ledger up to a month's end, as a temporary table that every figure of the report is read from.

Only the ledger decides what happened and when; today's state of a key is never looked at.
Source: domain.md 4.3; the month's clock: docs/how-to/close-a-month.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.periods import Period
from licensing.rules.key_states import DENIED_CODES, ENABLED_CODES, KeyState
from reporting.selectors.rows import execute, fetch_rows

ANSWERED = "cbr.answered"
PLACED = "order.placed"

# Object ids are text in the ledger; what is no id of the expected kind finds nothing instead of failing.
AS_NUMBER = "CASE WHEN {column} ~ '^[0-9]{{1,18}}$' THEN {column}::bigint END"
AS_UUID = (
    "CASE WHEN {column} ~ '^[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}$'"
    " THEN {column}::uuid END"
)
FAMILY = (
    "CASE WHEN {product}.family <> 'citizenship' THEN 'Commercial'"
    " WHEN {product}.generation ILIKE 'office%%' THEN 'Citizenship Office' ELSE 'Citizenship Windows' END"
)


@dataclass(frozen=True, slots=True)
class MonthBounds:
    """A month of the MAR's zone as UTC instants; `end` is exclusive."""

    period: Period
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """Return the first instant."""
        return self.period.starts_at(self.zone)

    @property
    def end(self) -> datetime:
        """Return the first instant of the next month."""
        return self.period.ends_before(self.zone)

    def parameters(self) -> dict[str, Any]:
        """Return what the statements of this package bind."""
        return {
            "period": str(self.period),
            "start": self.start,
            "end": self.end,
            "zone": str(self.zone),
            "answered": ANSWERED,
            "placed": PLACED,
            **{f"state_{state.name.lower()}": state.value for state in KeyState},
        }


# A step is never earlier than the key's step before: two servers' clocks may differ by a moment, and
# a key cannot leave a state in one month that it only reached in the next. Rows that change a hold
# and no state are no steps.
_STEPS = """
CREATE TEMPORARY TABLE report_steps ON COMMIT DROP AS
SELECT * FROM (
  SELECT id, key_id, product_id, partner_id, from_state, to_state, reason, object_id,
    max(recorded_at) OVER (PARTITION BY key_id ORDER BY id) AS at
  FROM licensing_ledgerentry WHERE from_state IS DISTINCT FROM to_state
) steps WHERE at < %(end)s
"""
_STANDINGS = """
CREATE TEMPORARY TABLE report_standings ON COMMIT DROP AS
SELECT DISTINCT ON (key_id) key_id, product_id, partner_id, to_state AS state, at
FROM report_steps ORDER BY key_id, id DESC
"""
# Each of Microsoft's answers in the month, with its code and the build report it answers. A line keeps
# the newest code only: where a second look has changed it since, the step's own state tells what the
# first answer was, 00 or the duplicate (01) that a second look always follows.
_ENABLED = ", ".join(f"'{code}'" for code in sorted(ENABLED_CODES))
_DENIED = ", ".join(f"'{code}'" for code in sorted(DENIED_CODES))
STEP_CODE = (
    "CASE WHEN {line}.id IS NULL THEN ''"
    f" WHEN {{step}}.to_state = {KeyState.ACTIVATION_ENABLED:d}"
    f" THEN CASE WHEN {{line}}.ack_code IN ({_ENABLED}) THEN {{line}}.ack_code ELSE '00' END"
    f" ELSE CASE WHEN {{line}}.ack_code IN ({_DENIED}) THEN {{line}}.ack_code ELSE '01' END END"
)
_ANSWERS = f"""
CREATE TEMPORARY TABLE report_answers ON COMMIT DROP AS
SELECT s.id, s.key_id, s.product_id, s.partner_id, s.from_state, s.to_state, s.at,
  {STEP_CODE.format(step="s", line="line")} AS code, line.build_id,
  (SELECT max(sent.at) FROM report_steps sent
   WHERE sent.key_id = s.key_id AND sent.id < s.id AND sent.to_state = %(state_reported_bound)s) AS sent_at
FROM report_steps s
LEFT JOIN licensing_cbrline line
  ON line.id = {AS_NUMBER.format(column="s.object_id")} AND line.key_id = s.key_id
WHERE s.at >= %(start)s AND s.reason = %(answered)s
  AND s.to_state IN (%(state_activation_enabled)s, %(state_activation_denied)s)
"""
_TABLES = ("report_answers", "report_standings", "report_steps")


def gather_steps(bounds: MonthBounds) -> Mapping[str, int]:
    """Fill the temporary tables of a month and return what they hold: {"ledger_rows", "last_entry"}.

    They live until the transaction ends. Runs in the MAR's scope.
    """
    parameters = bounds.parameters()
    for table in _TABLES:
        execute(f"DROP TABLE IF EXISTS {table}")
    execute(_STEPS, parameters)
    execute("CREATE INDEX ON report_steps (key_id, id)")
    execute("ANALYZE report_steps")
    execute(_STANDINGS, parameters)
    execute(_ANSWERS, parameters)
    execute("ANALYZE report_standings, report_answers")
    facts = fetch_rows("SELECT count(*) AS ledger_rows, coalesce(max(id), 0) AS last_entry FROM report_steps")
    return {name: int(value) for name, value in facts[0].items()}
