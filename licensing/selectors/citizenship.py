"""Read what a Citizenship order is held against: the recipient, his class, the month's quota. One statement."""

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from core.periods import Period
from licensing.rules.citizenship import CitizenshipFacts, RecipientFacts
from licensing.rules.programme_rules import ruleset_of
from licensing.rules.quota import OFFICE, WINDOWS, OpenException, Quota
from partners.rules.recipients import is_evidence_in_force

RULE_OF = {WINDOWS: "citizenship.windows", OFFICE: "citizenship.office"}

# A key swapped on its line stands for no licence of its own: the one that was given for it is counted, in its month.
STANDS = """NOT EXISTS (SELECT 1 FROM licensing_keyreplacement r WHERE r.old_assignment_id = a.id AND r.is_same_line)"""
# What each order line took from each exception. As a month counts keys, not quantities, so does an exception:
# of a line whose keys were called back in its month it bears what is left, the one that ends first before the others.
BORNE = f"""draws AS (
  SELECT d.exception_id, d.order_line_id, d.quantity,
    sum(d.quantity) OVER (PARTITION BY d.order_line_id ORDER BY e.period_end, e.reference) - d.quantity AS sooner,
    CASE WHEN o.allocated_at IS NULL THEN l.quantity ELSE
    (SELECT count(*) FROM licensing_keyassignment a WHERE a.order_line_id = l.id AND {STANDS} AND (a.ended_at IS NULL
      OR a.ended_at >= (date_trunc('month', o.placed_at AT TIME ZONE %(zone)s) + interval '1 month')
        AT TIME ZONE %(zone)s)) END AS keys
  FROM licensing_quotaexception e JOIN licensing_quotadraw d ON d.exception_id = e.id
  JOIN licensing_orderline l ON l.id = d.order_line_id JOIN licensing_order o ON o.id = l.order_id
  WHERE e.partner_id = %(partner_id)s AND o.state NOT IN ('cancelled', 'expired')
    AND o.id IS DISTINCT FROM %(except_order)s
), borne AS (
  SELECT exception_id, order_line_id, greatest(least(quantity, keys - sooner), 0)::int AS n FROM draws
)"""
# Counted are keys, not quantities: one that was called back in the same month counts no more. Of an order that
# still waits its quantity counts, in the month it was placed; else two that wait could pass together. What an
# exception bore is counted apart, or an order under an exception would use up the month as well. Looked at again,
# an Office order that waits comes before those placed after it: they would wait for each other.
_FACTS = f"""
WITH {BORNE}, month AS (
  SELECT l.id, l.product_id, p.generation ILIKE 'office%%' AS is_office,
    CASE WHEN o.allocated_at IS NULL THEN l.quantity ELSE 0 END AS waiting
  FROM licensing_order o JOIN licensing_orderline l ON l.order_id = o.id JOIN licensing_product p ON p.id = l.product_id
  WHERE o.partner_id = %(partner_id)s AND o.placed_at >= %(month_start)s AND o.placed_at < %(month_end)s
    AND o.state NOT IN ('cancelled', 'expired') AND p.family = 'citizenship'
    AND o.id IS DISTINCT FROM %(except_order)s AND (o.allocated_at IS NOT NULL OR NOT p.generation ILIKE 'office%%'
      OR o.number < coalesce((SELECT x.number FROM licensing_order x WHERE x.id = %(except_order)s), o.number + 1))
), keys AS (
  SELECT is_office, sum(n) AS n, sum(waiting) AS waiting FROM (
    SELECT m.is_office, count(*) AS n, 0 AS waiting
    FROM month m JOIN licensing_keyassignment a ON a.order_line_id = m.id
    WHERE {STANDS} AND (a.ended_at IS NULL OR a.ended_at >= %(month_end)s) GROUP BY 1
    UNION ALL SELECT is_office, sum(waiting), sum(waiting) FROM month GROUP BY 1) counted GROUP BY 1
), drawn AS (
  SELECT m.is_office, sum(b.n) AS n FROM month m JOIN borne b ON b.order_line_id = m.id GROUP BY 1
), open AS (
  SELECT e.id, e.reference, e.period_end, e.quantity
    - coalesce((SELECT sum(b.n) FROM borne b WHERE b.exception_id = e.id), 0) AS remaining
  FROM licensing_quotaexception e
  WHERE e.partner_id = %(partner_id)s AND e.product_id = %(product_id)s AND e.state = 'approved'
    AND e.period_start <= %(today)s AND e.period_end >= %(today)s
)
SELECT
  (SELECT jsonb_build_object('id', r.id, 'name', r.name, 'state', r.state, 'claim', r.claim, 'until', r.evidence_until,
     'class', coalesce(c.name, ''), 'products', coalesce(c.products, '[]'::jsonb))
   FROM partners_recipient r LEFT JOIN partners_recipientclass c ON c.code = r.class_code
     AND c.valid_from <= %(at)s AND (c.valid_before IS NULL OR c.valid_before > %(at)s)
   WHERE r.id = %(recipient_id)s AND r.partner_id = %(partner_id)s
   ORDER BY c.valid_from DESC LIMIT 1)::text,
  licensing_rules(%(at)s)::text,
  coalesce((SELECT n FROM keys WHERE NOT is_office), 0), coalesce((SELECT n FROM keys WHERE is_office), 0),
  coalesce((SELECT waiting FROM keys WHERE NOT is_office), 0),
  coalesce((SELECT n FROM drawn WHERE NOT is_office), 0), coalesce((SELECT n FROM drawn WHERE is_office), 0),
  coalesce((SELECT jsonb_agg(jsonb_build_object('id', id, 'reference', reference, 'left', remaining,
     'until', period_end)) FROM open WHERE remaining > 0), '[]'::jsonb)::text
"""


def citizenship_facts(
    *,
    partner_id: UUID,
    product_id: int | None,
    kind: str,
    recipient_id: UUID | None,
    at: datetime,
    zone: ZoneInfo,
    counted_at: datetime | None = None,
    except_order: UUID | None = None,
) -> CitizenshipFacts:
    """Return the facts of a Citizenship order of a kind ("windows" or "office") at an instant.

    The month is the calendar month of ``counted_at`` (``at`` when not given) in ``zone``. A recipient of
    another partner is none. Without a product no exception is looked for. ``except_order`` does not count.
    """
    month = Period.containing(counted_at or at, zone)
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS,
            {
                "partner_id": partner_id,
                "product_id": product_id,
                "recipient_id": recipient_id,
                "at": at,
                "today": (counted_at or at).astimezone(zone).date(),
                "zone": zone.key,
                "month_start": month.starts_at(zone),
                "month_end": month.ends_before(zone),
                "except_order": except_order,
            },
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101  (a SELECT without FROM has one row)
    return _facts_of(row, kind, at, zone, month)


def _facts_of(
    row: tuple[Any, ...], kind: str, at: datetime, zone: ZoneInfo, month: Period
) -> CitizenshipFacts:
    recipient, rules, windows, office, windows_waiting, drawn_windows, drawn_office, exceptions = row
    keys, drawn = (office, drawn_office) if kind == OFFICE else (windows, drawn_windows)
    ruleset = ruleset_of(json.loads(rules))
    quota = Quota(
        kind=kind,
        cap=ruleset.number(RULE_OF[kind], "per_month"),
        rule_version=ruleset.version(RULE_OF[kind]),
        rule_since=ruleset.since(RULE_OF[kind]),
        share_since=ruleset.since("citizenship.office_share"),
        office_percent=ruleset.number("citizenship.office_share", "percent"),
        share_version=ruleset.version("citizenship.office_share"),
        used=int(keys) - int(drawn),
        windows=int(windows) - int(windows_waiting),
        windows_waiting=int(windows_waiting),
        office=int(office),
        resets_on=month.next().first_day,
        exceptions=[
            OpenException(
                UUID(each["id"]), each["reference"], int(each["left"]), date.fromisoformat(each["until"])
            )
            for each in json.loads(exceptions)
        ],
    )
    return CitizenshipFacts(_recipient_of(json.loads(recipient), at, zone) if recipient else None, quota)


def _recipient_of(found: dict[str, Any], at: datetime, zone: ZoneInfo) -> RecipientFacts:
    until = date.fromisoformat(found["until"]) if found["until"] else None
    return RecipientFacts(
        id=UUID(found["id"]),
        name=found["name"],
        state=found["state"],
        claim=found["claim"],
        class_name=found["class"],
        evidence_until=until,
        is_evidence_in_force=is_evidence_in_force(until, at, zone),
        may_receive=frozenset(found["products"]),
    )
