"""Read what the gates of an order look at: for the pre-flight and, under lock, for the order itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.periods import Period
from licensing.models.catalogue import LicenceFamily
from licensing.models.order import WAITING_STATES
from licensing.rules.order_facts import Block, MissingAgreement, MissingCourse, OrderFacts, VersionFacts
from licensing.rules.order_terms import DELIVERIES_LOOK_BACK
from licensing.rules.programme_rules import ruleset_of
from licensing.rules.quota import kind_of
from licensing.selectors.citizenship import citizenship_facts

# One round trip: an order under lock must be short. The statement lives in a function of the database,
# because Postgres keeps the plan of a function's statement; planning anew costs three times the answer.
COLUMNS = (
    ("state", "varchar"), ("credit_limit", "numeric"), ("unpaid", "numeric"), ("credit_currency", "varchar"),
    ("monthly_quantity", "integer"), ("product_name", "varchar"), ("product_code", "varchar"), ("family", "varchar"),
    ("generation", "varchar"), ("is_on_sale", "boolean"), ("order_before", "timestamptz"),
    ("install_before", "timestamptz"), ("price", "numeric"), ("agreements", "text"), ("courses", "text"),
    ("families", "varchar[]"), ("unbilled", "numeric"), ("ordered", "bigint"), ("blocks", "text"),
    ("currency", "varchar"), ("graced", "varchar[]"), ("is_suspension_known", "boolean"),
    ("rules", "text"),
    ("price_id", "bigint"), ("deviation_id", "bigint"), ("price_from", "integer"), ("year_quantity", "bigint"),
    ("committed", "numeric"), ("queued", "bigint"), ("is_rationed", "boolean"),
    ("version", "text"), ("sale_countries", "varchar[]"),
)  # fmt: skip
_ARGUMENTS = {
    "partner_id": "uuid", "product_id": "bigint", "quantity": "integer", "at": "timestamptz", "today": "date",
    "month_start": "timestamptz", "month_end": "timestamptz", "order_id": "uuid",
}  # fmt: skip
CALL = f"SELECT * FROM licensing_order_facts({', '.join(f'%({name})s' for name in _ARGUMENTS)})"
SIGNATURE = f"licensing_order_facts({', '.join(_ARGUMENTS.values())})"
# An order that waits is looked at again before those that wait since later: else they would wait for each other
# under a limit that was lowered.
# Lines are summed order by order: a join under stale statistics reads all lines of ten million keys.
_FACTS = """
SELECT p.state, c.limit, c.unpaid, c.currency, l.monthly_quantity,
  pr.name, pr.code, pr.family, pr.generation,
  pr.order_from <= %(at)s AND (pr.order_before IS NULL OR pr.order_before > %(at)s),
  pr.order_before, pr.install_before,
  u.amount,
  coalesce((SELECT jsonb_agg(jsonb_build_object('title', g.title, 'version', t.version,
       'is_master', g.kind = 'master') ORDER BY g.kind <> 'master', g.code)
   FROM partners_agreement g
   JOIN LATERAL (SELECT n.version, n.effective_from FROM partners_termsversion n
     WHERE n.agreement_id = g.id AND n.due_from <= %(at)s ORDER BY n.effective_from DESC LIMIT 1) t ON true
   WHERE (g.kind = 'master' OR pr.family = ANY(g.families) OR pr.code = ANY(g.products))
     AND NOT EXISTS (SELECT 1 FROM partners_termsacceptance a JOIN partners_termsversion v ON v.id = a.terms_id
       WHERE a.partner_id = p.id AND v.agreement_id = g.id AND v.effective_from >= t.effective_from)),
   '[]'::jsonb)::text,
  coalesce((SELECT jsonb_agg(jsonb_build_object('code', k.code, 'title', k.title) ORDER BY k.code)
   FROM partners_course k WHERE k.is_required AND k.required_from <= %(at)s
     AND NOT EXISTS (SELECT 1 FROM partners_trainingattempt y
       JOIN partners_membership e ON e.user_id = y.user_id AND e.partner_id = y.partner_id AND e.is_active
       WHERE y.partner_id = p.id AND y.course_id = k.id AND y.is_passed AND y.expires_on > %(today)s)),
   '[]'::jsonb)::text,
  ARRAY(SELECT g.family FROM licensing_familygrant g WHERE g.partner_id = p.id AND g.valid_from <= %(at)s
     AND (g.valid_before IS NULL OR g.valid_before > %(at)s)),
  (SELECT coalesce(sum(a.unit_price), 0) FROM licensing_keyassignment a
   WHERE a.partner_id = p.id AND a.ended_at IS NULL AND a.billed_at IS NULL),
  (SELECT coalesce(sum((SELECT sum(ol.quantity) FROM licensing_orderline ol WHERE ol.order_id = o.id)), 0)::bigint
   FROM licensing_order o WHERE o.partner_id = p.id AND o.placed_at >= %(month_start)s AND o.placed_at < %(month_end)s
     AND o.state NOT IN ('cancelled', 'expired') AND o.id IS DISTINCT FROM %(order_id)s
     AND (%(order_id)s IS NULL OR o.allocated_at IS NOT NULL
       OR o.number < (SELECT x.number FROM licensing_order x WHERE x.id = %(order_id)s))),
  coalesce((SELECT jsonb_agg(jsonb_build_object('rule', b.rule, 'reason', b.reason, 'facts', b.facts,
       'next_step', b.next_step, 'since', b.since, 'kind', b.kind, 'lifter', b.lifter_role,
       'by_rule', b.is_by_rule, 'waits', b.orders_wait, 'until', b.until) ORDER BY b.orders_wait, b.since)
   FROM partners_orderblock b WHERE b.partner_id = p.id AND b.kind IN ('orders', 'all') AND b.since <= %(at)s
     AND (b.until IS NULL OR b.until > %(at)s)
     AND (b.is_suspension OR NOT EXISTS (SELECT 1 FROM partners_grace g WHERE g.partner_id = p.id
       AND g.rule = b.rule AND g.valid_from <= %(at)s AND g.valid_before > %(at)s))), '[]'::jsonb)::text,
  coalesce(c.currency, m.currency),
  ARRAY(SELECT g.rule FROM partners_grace g WHERE g.partner_id = p.id
    AND g.valid_from <= %(at)s AND g.valid_before > %(at)s),
  p.state <> 'suspended' OR EXISTS (SELECT 1 FROM partners_orderblock b WHERE b.partner_id = p.id
    AND b.is_suspension AND b.since <= %(at)s AND (b.until IS NULL OR b.until > %(at)s)),
  licensing_rules(%(at)s)::text,
  u.price_id, u.deviation_id, u.min_quantity, u.basis,
  (SELECT coalesce(sum((SELECT sum(ol.quantity * ol.unit_price) FROM licensing_orderline ol
     WHERE ol.order_id = o.id)), 0) FROM licensing_order o WHERE o.partner_id = p.id
     AND o.state IN ('draft', 'needs_approval', 'backordered') AND o.id IS DISTINCT FROM %(order_id)s),
  q.queued, q.is_rationed,
  (SELECT jsonb_build_object('id', v.id, 'product_code', pr.code, 'since', v.valid_from,
     'required_fields', v.required_fields, 'countries', v.countries)
     || CASE WHEN w.id IS NULL THEN '{}' ELSE licensing_pair_facts(p.id, pr.id, w.id, %(order_id)s)
       || jsonb_build_object('pair', w.name, 'pair_code', w.code) END
   FROM licensing_productversion v LEFT JOIN licensing_product w ON w.id = v.pairs_with_id
   WHERE v.product_id = pr.id AND v.state = 'announced' AND v.valid_from <= %(at)s
   ORDER BY v.valid_from DESC LIMIT 1)::text,
  p.country || ARRAY(SELECT s.country FROM licensing_salecountry s
    WHERE s.partner_id = p.id AND s.country <> p.country AND s.valid_from <= %(at)s
      AND (s.valid_before IS NULL OR s.valid_before > %(at)s) ORDER BY s.country)
FROM partners_partner p
JOIN licensing_product pr ON pr.id = %(product_id)s
CROSS JOIN (SELECT currency FROM partners_mar UNION ALL SELECT 'EUR' LIMIT 1) m
CROSS JOIN licensing_queue_state(%(product_id)s) q
LEFT JOIN partners_creditposition c ON c.partner_id = p.id
LEFT JOIN licensing_orderlimit l ON l.partner_id = p.id
LEFT JOIN LATERAL licensing_unit_price(p.id, pr.id, %(quantity)s, %(at)s) u ON true
WHERE p.id = %(partner_id)s
"""

_WAITING = ", ".join(f"'{state}'" for state in WAITING_STATES)
_GENERATION = [name for name, _type in COLUMNS].index("generation")


# Asked for products alone that are ordered beside another one. Of the product itself what waits counts too.
# Keys are counted by what was ordered, given instead on the same line and taken back: a partner's keys are many,
# and he holds his credit row meanwhile. That the sums agree with the keys is the invariant I4.
PAIR_SIGNATURE = "licensing_pair_facts(uuid, bigint, bigint, uuid)"
PAIR_FUNCTION = f"""
CREATE OR REPLACE FUNCTION licensing_pair_facts(p_partner uuid, p_product bigint, p_pair bigint, p_order uuid)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH lines AS (
    SELECT l.id, l.product_id, l.quantity, o.state, o.id AS order_id, o.allocated_at
    FROM licensing_order o JOIN licensing_orderline l ON l.order_id = o.id
    WHERE o.partner_id = p_partner AND l.product_id IN (p_product, p_pair)
  ), changes (order_line_id, n) AS (
    SELECT (SELECT a.order_line_id FROM licensing_keyassignment a WHERE a.id = r.new_assignment_id), 1
    FROM licensing_keyreplacement r WHERE r.partner_id = p_partner AND r.is_same_line
    UNION ALL SELECT a.order_line_id, -1 FROM licensing_keyassignment a
    WHERE a.partner_id = p_partner AND a.ended_at IS NOT NULL
  ), keys AS (
    SELECT product_id, sum(n) AS n FROM (
      SELECT product_id, quantity AS n FROM lines WHERE allocated_at IS NOT NULL
      UNION ALL SELECT l.product_id, c.n FROM changes c JOIN lines l ON l.id = c.order_line_id) counted
    GROUP BY 1
  )
  SELECT jsonb_build_object(
    'pair_held', coalesce((SELECT n FROM keys WHERE product_id = p_pair), 0),
    'held', coalesce((SELECT n FROM keys WHERE product_id = p_product), 0)
      + coalesce((SELECT sum(quantity) FROM lines WHERE product_id = p_product AND order_id IS DISTINCT FROM p_order
        AND state IN ({_WAITING})), 0))
$$"""


def facts_function() -> str:
    """Return the SQL of the function that the order's facts are read by; it sees what its caller may see."""
    arguments = ", ".join(f"p_{name} {kind}" for name, kind in _ARGUMENTS.items())
    columns = ", ".join(f"f_{name} {kind}" for name, kind in COLUMNS)
    return f"""
CREATE OR REPLACE FUNCTION licensing_order_facts({arguments})
RETURNS TABLE ({columns}) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY {_FACTS % {name: f"p_{name}" for name in _ARGUMENTS}};
END $$"""


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """An order that is looked at again: it keeps its month, its price and its place in the queue.

    ``kept`` counts the keys that are reserved for it, ``most`` is its share of scarce stock.
    """

    order_id: UUID
    placed_at: datetime
    unit_price: Decimal
    is_approved: bool
    queued_at: datetime | None = None
    place: int | None = None
    kept: int = 0
    most: int | None = None


def order_facts(
    *,
    partner_id: UUID,
    product_id: int,
    quantity: int,
    at: datetime,
    zone: ZoneInfo,
    with_stock: bool,
    recipient_id: UUID | None = None,
    lane: str = "",
    placed: PlacedLine | None = None,
    details: Mapping[str, Any] | None = None,
) -> OrderFacts:
    """Return the facts for an order of a product by a partner.

    The month of the limit is the calendar month in ``zone``; of a ``placed`` order that of its placing, and
    the order itself is left out of all sums. ``with_stock`` counts the free keys and the queue too: for the
    pre-flight and whatever waits; an order that passes learns it from the allocation. A Citizenship product
    costs a second statement, for its recipient and quota.

    :raises NotFound: for a product or partner that is not there.
    """
    counted_at = placed.placed_at if placed else at
    order_id = placed.order_id if placed else None
    month = Period.containing(counted_at, zone)
    row = _fetch(partner_id, product_id, quantity, at, month, zone, order_id)
    facts = replace(
        _facts_of(row, quantity, at), lane=lane, details=details or {}, month_ends_on=month.next().first_day
    )
    if facts.product_family == LicenceFamily.CITIZENSHIP:
        citizenship = citizenship_facts(
            partner_id=partner_id,
            product_id=product_id,
            kind=kind_of(row[_GENERATION]),
            recipient_id=recipient_id,
            at=at,
            zone=zone,
            counted_at=counted_at,
            except_order=order_id,
        )
        facts = replace(facts, citizenship=citizenship)
    if placed is not None:
        facts = replace(facts, unit_price=placed.unit_price, is_approved=placed.is_approved, was_placed=True)
    return _with_stock(facts, partner_id, product_id, at, placed) if with_stock else facts


def _with_stock(
    facts: OrderFacts, partner_id: UUID, product_id: int, at: datetime, placed: PlacedLine | None
) -> OrderFacts:
    """Add the free keys this partner may draw and who waits before him.

    For keys kept for the order itself nobody does, nor for a share of scarce stock. What is shared out is the
    general stock: of a scarce product the keys of a partner's pools are his at once, the others are not.
    """
    before, place = (placed.queued_at, placed.place) if placed else (None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM licensing_stock_facts(%s, %s, %s, %s, %s, %s)",
            [product_id, partner_id, at, at - DELIVERIES_LOOK_BACK, before, place],
        )
        free, queued, orders, is_rationed, delivered, pooled, coming = cursor.fetchone()
    arriving = tuple((date.fromisoformat(on), keys) for on, keys in json.loads(coming))
    if placed and placed.most is not None:
        free, queued, orders, is_rationed = min(free, placed.most), 0, 0, False
    elif placed and placed.kept >= facts.quantity:
        free, queued, orders, is_rationed = placed.kept, 0, 0, False
    elif is_rationed and pooled:
        free, queued, orders, is_rationed = pooled, 0, 0, False
    return replace(
        facts, free_stock=free, queued=queued, queued_orders=orders, is_rationed=is_rationed, delivered=delivered,
        arriving=arriving,
    )  # fmt: skip


def pair_facts(partner_id: UUID, product_id: int, pair_id: int) -> tuple[int, int]:
    """Return how many keys a partner holds of a product, waiting ones included, and of the one beside it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_pair_facts(%s, %s, %s, NULL)", [partner_id, product_id, pair_id])
        found = json.loads(cursor.fetchone()[0])
    return int(found["held"]), int(found["pair_held"])


def free_stock(product_id: int) -> int:
    """Return how many keys of the product's general stock can be ordered now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_free_count(%s)", [product_id])
        return int(cursor.fetchone()[0])


def _fetch(
    partner_id: UUID,
    product_id: int,
    quantity: int,
    at: datetime,
    month: Period,
    zone: ZoneInfo,
    order_id: UUID | None,
) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            CALL,
            {
                "partner_id": partner_id,
                "product_id": product_id,
                "quantity": quantity,
                "at": at,
                "today": at.astimezone(zone).date(),
                "month_start": month.starts_at(zone),
                "month_end": month.ends_before(zone),
                "order_id": order_id,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound(str(_("This product is not in the catalogue.")))
    return tuple(row)


def _facts_of(row: tuple[Any, ...], quantity: int, at: datetime) -> OrderFacts:
    (state, limit, unpaid, _cur, monthly, name, code, family, _generation, on_sale, order_before, install_before,
     price, agreements, courses, families, unbilled, ordered, blocks, currency, graced, is_suspension_known, rules,
     price_id, deviation_id, price_from, year_quantity,
     committed, queued, is_rationed, version, sale_countries) = row  # fmt: skip
    return OrderFacts(
        at=at,
        quantity=quantity,
        product_name=name,
        product_code=code,
        product_family=family,
        is_on_sale=bool(on_sale),
        order_before=order_before,
        install_before=install_before,
        partner_state=state,
        blocks=[
            Block(
                block["rule"],
                block["reason"],
                block["facts"],
                block["next_step"],
                since=datetime.fromisoformat(block["since"]),
                kind=block["kind"],
                lifter_role=block["lifter"],
                is_by_rule=block["by_rule"],
                waits=block["waits"],
                until=datetime.fromisoformat(block["until"]) if block["until"] else None,
            )
            for block in json.loads(blocks)
        ],
        graced_rules=frozenset(graced),
        is_suspension_known=is_suspension_known,
        rules=ruleset_of(json.loads(rules)),
        missing_agreements=[MissingAgreement(**one) for one in json.loads(agreements)],
        missing_courses=[MissingCourse(**one) for one in json.loads(courses)],
        allowed_families=frozenset(families),
        monthly_quantity=monthly,
        ordered_this_month=int(ordered),
        unit_price=price,
        currency=currency,
        price_id=price_id,
        deviation_id=deviation_id,
        price_from=price_from or 1,
        year_quantity=year_quantity or quantity,
        credit_limit=limit,
        unpaid=unpaid if unpaid is not None else Decimal(0),
        unbilled=unbilled,
        committed=committed,
        queued=int(queued),
        is_rationed=is_rationed,
        version=_version_of(json.loads(version)) if version else None,
        sale_countries=sale_countries,
    )


def _version_of(found: dict[str, Any]) -> VersionFacts:
    return VersionFacts(**found | {"id": UUID(found["id"]), "since": datetime.fromisoformat(found["since"])})
