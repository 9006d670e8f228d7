"""What must always hold over the live data, each as one statement that returns what does not.

I9 compares files and stands in reporting/services/invariants.py. Runs in the MAR's scope and only
reads. Source: docs/how-to/close-a-month.md, "Invariants".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.rules.key_states import TRANSITIONS, KeyState
from reporting.selectors.rows import fetch_rows, fetch_value

EXAMPLES = 5
OPEN_TOO_LONG = timedelta(minutes=15)
LOST_AFTER = timedelta(minutes=5)

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in words, and the statement whose every row `problem` is a breach of it."""

    code: str
    rule: Text
    statement: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found: how many breaches, the first few in words, and what is only worth a look."""

    code: str
    rule: Text
    breaches: int
    examples: tuple[str, ...] = ()
    warning: str = ""

    @property
    def holds(self) -> bool:
        """Return whether nothing breaks the rule."""
        return self.breaches == 0


def _values(pairs: frozenset[tuple[KeyState | None, KeyState]]) -> str:
    known = sorted((before, after) for before, after in pairs if before is not None)
    return ", ".join(f"({before:d}, {after:d})" for before, after in known)


_BOUND_AND_LATER = ", ".join(
    str(state.value)
    for state in (
        KeyState.REPORTED_BOUND,
        KeyState.ACTIVATION_ENABLED,
        KeyState.ACTIVATION_DENIED,
        KeyState.ACTIVATION_ENABLED_PENDING_UPDATE,
    )
)
_LEAVING = f"({KeyState.REPORTED_RETURN:d}, {KeyState.RETURNED:d})"

_CONSERVATION = """
SELECT p.code || ': ' || coalesce(d.n, 0) || ' delivered, ' || coalesce(k.n, 0) || ' keys, '
  || coalesce(l.n, 0) || ' began in the ledger'
  || coalesce(', ' || x.n || ' decoys', '') AS problem
FROM licensing_product p
LEFT JOIN (SELECT product_id, sum(quantity) AS n FROM licensing_fulfilment GROUP BY 1) d
  ON d.product_id = p.id
LEFT JOIN (SELECT product_id, count(*) AS n FROM licensing_productkey GROUP BY 1) k ON k.product_id = p.id
LEFT JOIN (SELECT product_id, count(*) AS n FROM licensing_ledgerentry WHERE from_state IS NULL GROUP BY 1) l
  ON l.product_id = p.id
LEFT JOIN (SELECT product_id, sum(free + held + undone) AS n FROM licensing_decoycount GROUP BY 1) x
  ON x.product_id = p.id
WHERE coalesce(d.n, 0) + coalesce(x.n, 0) <> coalesce(k.n, 0) OR coalesce(k.n, 0) <> coalesce(l.n, 0)
UNION ALL
SELECT p.code || ', state ' || coalesce(k.state, l.state) || ': ' || coalesce(k.n, 0) || ' keys, '
  || coalesce(l.n, 0) || ' by the ledger'
FROM (SELECT product_id, state, count(*) AS n FROM licensing_productkey GROUP BY 1, 2) k
FULL JOIN (SELECT product_id, state, sum(n) AS n FROM (
    SELECT product_id, to_state AS state, count(*) AS n FROM licensing_ledgerentry GROUP BY 1, 2
    UNION ALL SELECT product_id, from_state, -count(*) FROM licensing_ledgerentry
    WHERE from_state IS NOT NULL GROUP BY 1, 2) moves GROUP BY 1, 2 HAVING sum(n) <> 0) l
  ON l.product_id = k.product_id AND l.state = k.state
JOIN licensing_product p ON p.id = coalesce(k.product_id, l.product_id)
WHERE k.n IS DISTINCT FROM l.n
"""
_ONE_ASSIGNMENT = f"""
SELECT 'key ' || k.product_key_id || ' has ' || count(*) || ' active assignments' AS problem
FROM licensing_keyassignment a JOIN licensing_productkey k ON k.id = a.key_id
WHERE a.ended_at IS NULL GROUP BY k.id HAVING count(*) > 1
UNION ALL
SELECT 'key ' || k.product_key_id || ' and its assignment name different holders'
FROM licensing_keyassignment a JOIN licensing_productkey k ON k.id = a.key_id
WHERE a.ended_at IS NULL AND NOT (k.partner_id IS NULL AND k.state IN {_LEAVING})
  AND (k.partner_id IS DISTINCT FROM a.partner_id OR k.order_line_id IS DISTINCT FROM a.order_line_id)
UNION ALL
SELECT 'key ' || k.product_key_id || ' is held without an active assignment'
FROM licensing_productkey k WHERE k.partner_id IS NOT NULL AND k.state NOT IN {_LEAVING}
  AND NOT EXISTS (SELECT 1 FROM licensing_keyassignment a WHERE a.key_id = k.id AND a.ended_at IS NULL)
"""
_LEDGER_PATH = f"""
WITH steps AS (
  SELECT id, key_id, from_state, to_state, lag(to_state) OVER path AS before,
    lead(id) OVER path IS NULL AS is_last
  FROM licensing_ledgerentry WINDOW path AS (PARTITION BY key_id ORDER BY id)
)
SELECT 'ledger row ' || s.id || ' of key ' || coalesce(k.product_key_id, '?') || ': from '
  || coalesce(s.from_state::text, 'nothing') || ', but the row before led to '
  || coalesce(s.before::text, 'nothing') AS problem
FROM steps s LEFT JOIN licensing_productkey k ON k.id = s.key_id WHERE s.from_state IS DISTINCT FROM s.before
UNION ALL
SELECT 'ledger row ' || s.id || ': ' || coalesce(s.from_state::text, 'nothing') || ' to ' || s.to_state
  || ' is no legal step'
FROM steps s WHERE NOT CASE WHEN s.from_state IS NULL THEN s.to_state = {KeyState.FULFILLED:d}
  ELSE s.from_state = s.to_state OR (s.from_state, s.to_state) IN ({_values(TRANSITIONS)}) END
UNION ALL
SELECT 'key ' || k.product_key_id || ' is in state ' || k.state || ', its ledger ends in ' || s.to_state
FROM steps s JOIN licensing_productkey k ON k.id = s.key_id WHERE s.is_last AND s.to_state <> k.state
UNION ALL
SELECT 'key ' || k.product_key_id || ' has no ledger' FROM licensing_productkey k
WHERE NOT EXISTS (SELECT 1 FROM licensing_ledgerentry l WHERE l.key_id = k.id)
UNION ALL
SELECT 'ledger row ' || s.id || ' is of a key that does not exist' FROM steps s
WHERE s.before IS NULL AND NOT EXISTS (SELECT 1 FROM licensing_productkey k WHERE k.id = s.key_id)
"""
_ORDER_QUANTITY = """
SELECT 'order O-' || lpad(o.number::text, 6, '0') || ': ' || line.quantity || ' ordered, '
  || count(a.id) || ' assigned' AS problem
FROM licensing_orderline line JOIN licensing_order o ON o.id = line.order_id
LEFT JOIN licensing_keyassignment a ON a.order_line_id = line.id AND NOT EXISTS (
  SELECT 1 FROM licensing_keyreplacement r WHERE r.new_assignment_id = a.id AND r.is_same_line)
GROUP BY o.id, line.id HAVING count(a.id) <> CASE WHEN o.allocated_at IS NULL THEN 0 ELSE line.quantity END
"""
_DURABLE = """
SELECT 'request ' || i.operation || ' ' || i.key || ' was answered, but what it made is not there' AS problem
FROM core_idempotencykey i
WHERE i.object_id IS NULL
  OR (i.operation = 'order.place' AND NOT EXISTS (SELECT 1 FROM licensing_order o WHERE o.id = i.object_id))
  OR (i.operation LIKE 'key.claim%%'
    AND NOT EXISTS (SELECT 1 FROM licensing_keyhandover h WHERE h.id = i.object_id))
"""
_AUDITED_FIRST = """
WITH openings AS (
  SELECT object_id, min(at) AS first_at FROM core_auditevent
  WHERE object_type = 'key'
    AND action IN ('licensing.key.claimed', 'licensing.key.revealed', 'licensing.key.filed') GROUP BY 1
)
SELECT 'key ' || k.product_key_id || ' was handed over at ' || h.handed_at || ' without an audit row before'
  AS problem
FROM licensing_keyhandover h JOIN licensing_productkey k ON k.id = h.key_id
LEFT JOIN openings o ON o.object_id = k.product_key_id WHERE o.first_at IS NULL OR o.first_at > h.handed_at
UNION ALL
SELECT 'key ' || k.product_key_id || ' was decrypted without an audit row'
FROM licensing_productkey k LEFT JOIN openings o ON o.object_id = k.product_key_id
WHERE k.is_disclosed AND o.object_id IS NULL
"""
_ONE_DEVICE = """
SELECT 'hardware hash ' || left(hardware_hash_sha256, 12) || '… stands in ' || count(*) || ' active builds'
  AS problem
FROM licensing_build WHERE ended_at IS NULL GROUP BY hardware_hash_sha256 HAVING count(*) > 1
UNION ALL
SELECT 'key ' || k.product_key_id || ' stands in ' || count(*) || ' active builds'
FROM licensing_build b JOIN licensing_productkey k ON k.id = b.key_id
WHERE b.ended_at IS NULL GROUP BY k.id HAVING count(*) > 1
"""
_OWN_BUILD = f"""
SELECT 'key ' || k.product_key_id || ' was reported, but not built by the partner who holds it' AS problem
FROM licensing_productkey k WHERE k.state IN ({_BOUND_AND_LATER}) AND NOT EXISTS (
  SELECT 1 FROM licensing_build b JOIN licensing_keyassignment a ON a.key_id = b.key_id AND a.ended_at IS NULL
  WHERE b.key_id = k.id AND b.ended_at IS NULL AND b.partner_id = a.partner_id
    AND a.partner_id = k.partner_id)
"""
_WORK_DONE = """
SELECT 'work ' || task || ' ' || id || ' is done, but was never tried' AS problem
FROM core_outboxitem WHERE done_at IS NOT NULL AND attempts = 0
UNION ALL
SELECT 'work ' || task || ' ' || id || ' was done before it was asked for'
FROM core_outboxitem WHERE done_at < created_at - interval '1 minute'
UNION ALL
SELECT 'report ' || r.number || ' waits in state ' || r.state || ', but no work for it is open'
FROM reporting_usagereport r
WHERE (r.state = 'building' AND r.problem = '' OR r.state = 'approved')
  AND greatest(r.requested_at, r.approved_at) < %(lost_before)s
  AND NOT EXISTS (SELECT 1 FROM core_outboxitem i
    WHERE i.done_at IS NULL AND i.arguments ->> 'report_id' = r.id::text)
"""

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "I1", _("Per product and state: keys delivered = keys held = keys by the ledger"), _CONSERVATION
    ),
    Invariant("I2", _("A key has at most one holder, and key and assignment agree"), _ONE_ASSIGNMENT),
    Invariant("I3", _("Every key's ledger is one legal path that ends where the key is"), _LEDGER_PATH),
    Invariant("I4", _("An order's quantity is the number of its keys"), _ORDER_QUANTITY),
    Invariant("I5", _("What was answered as done is there"), _DURABLE),
    Invariant("I6", _("No key was opened without an audit row before"), _AUDITED_FIRST),
    Invariant("I7", _("One active build per key and per hardware hash"), _ONE_DEVICE),
    Invariant("I8", _("A reported key was built by the partner it was assigned to"), _OWN_BUILD),
    Invariant("I10", _("Queued work has its effect once"), _WORK_DONE),
)


def check_invariant(invariant: Invariant, *, at: datetime) -> Outcome:
    """Return what breaks the rule right now."""
    parameters: Mapping[str, Any] = {"lost_before": at - LOST_AFTER}
    found = fetch_rows(
        f"SELECT problem, count(*) OVER () AS total FROM ({invariant.statement}) found LIMIT {EXAMPLES}",
        parameters,
    )
    warning = _open_work(at) if invariant.code == "I10" else ""
    total = int(found[0]["total"]) if found else 0
    return Outcome(invariant.code, invariant.rule, total, tuple(row["problem"] for row in found), warning)


def _open_work(at: datetime) -> str:
    count = fetch_value(
        "SELECT count(*) FROM core_outboxitem WHERE done_at IS NULL AND due_at < %s", [at - OPEN_TOO_LONG]
    )
    return (
        f"{count} pieces of work have been open for more than {OPEN_TOO_LONG.seconds // 60} minutes"
        if count
        else ""
    )
