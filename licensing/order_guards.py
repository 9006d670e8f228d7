"""The database's own guard of orders, and the functions by which keys are kept for one.

The trigger is made from the table in licensing/rules/order_states.py, after every migration. The functions
run as the allocator, for the current partner's order lines alone; each is one statement or fails as a whole.
"""

from core.database.access import ALLOCATOR_ROLE, MAR_ROLE, TPR_ROLE
from licensing.guards import FREE_KEYS, drop_all
from licensing.models.order import WAITING_STATES
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.order_states import STARTS, TRANSITIONS
from licensing.rules.pools import GENERAL

_FREE = f"k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.NONE}'"
_KEPT = f"k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.RESERVED}'"
_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
_PARTNER = "nullif(current_setting('app.partner', true), '')::uuid"
# What an order is does not change after it was placed; what becomes of it does.
_FIXED = ("number", "partner_id", "recipient_id", "channel", "placed_by_id", "placed_at", "lane", "wish",
          "split_from_id")  # fmt: skip
FUNCTIONS = {
    "licensing_reserve(uuid, integer, timestamptz, timestamptz)": "_reserve",
    "licensing_take_reserved(uuid, timestamptz)": "_take_reserved",
    "licensing_free_reserved(uuid, timestamptz)": "_free_reserved",
    "licensing_queue_state(bigint)": "_queue_state",
    "licensing_stock_facts(bigint, uuid, timestamptz, timestamptz, timestamptz, bigint)": "_stock_facts",
}


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _order_function(),
        "DROP TRIGGER IF EXISTS order_moves ON licensing_order",
        """CREATE TRIGGER order_moves BEFORE INSERT OR UPDATE ON licensing_order
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_order()""",
        _line_function(),
        "DROP TRIGGER IF EXISTS line_gives_its_rest ON licensing_orderline",
        """CREATE TRIGGER line_gives_its_rest BEFORE UPDATE OF quantity ON licensing_orderline
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_rest()""",
        *_rights(),
        # What a function returns may change from one version to the next, which CREATE OR REPLACE refuses.
        *(drop_all(signature.partition("(")[0]) for signature in FUNCTIONS if "queue_state" not in signature),
        *(globals()[made]() for made in FUNCTIONS.values()),
        *(statement for signature in FUNCTIONS for statement in _handed_over(signature)),
    ]


def _rights() -> list[str]:
    """Return what the allocator may see: reservations of the current partner, the whole queue, deliveries."""
    everything = ("licensing_backorder", "licensing_scarcitypolicy", "licensing_calloff")
    return [
        f"GRANT USAGE ON SEQUENCE licensing_keyreservation_id_seq TO {ALLOCATOR_ROLE}",
        f"GRANT SELECT ON licensing_fulfilment TO {ALLOCATOR_ROLE}",
        f"DROP POLICY IF EXISTS {ALLOCATOR_ROLE}_rows ON licensing_fulfilment",
        f"CREATE POLICY {ALLOCATOR_ROLE}_rows ON licensing_fulfilment FOR SELECT TO {ALLOCATOR_ROLE} USING (true)",
        *(f"GRANT SELECT ON {table} TO {ALLOCATOR_ROLE}" for table in everything),
        *(f"DROP POLICY IF EXISTS {ALLOCATOR_ROLE}_rows ON {table}" for table in everything),
        *(
            f"CREATE POLICY {ALLOCATOR_ROLE}_rows ON {table} FOR SELECT TO {ALLOCATOR_ROLE} USING (true)"
            for table in everything
        ),
    ]


def _handed_over(signature: str) -> list[str]:
    return [
        f"ALTER FUNCTION {signature} OWNER TO {ALLOCATOR_ROLE}",
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {signature} TO {TPR_ROLE}, {MAR_ROLE}",
    ]


def _order_function() -> str:
    pairs = ", ".join(
        f"('{before}', '{after}')"
        for before, targets in sorted(TRANSITIONS.items())
        for after in sorted(targets)
    )
    starts = ", ".join(f"'{state}'" for state in sorted(STARTS))
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state NOT IN ({starts}) THEN
      RAISE EXCEPTION 'an order does not begin as %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF current_user = '{TPR_ROLE}' AND NEW.decided_at IS NOT NULL THEN
      RAISE EXCEPTION 'a partner does not approve an order' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSE
    IF {changed} THEN
      RAISE EXCEPTION 'what was ordered does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({pairs}) THEN
      RAISE EXCEPTION 'an order may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.decided_at IS NOT NULL AND (NEW.decided_at, NEW.decided_by_id) IS DISTINCT FROM
      (OLD.decided_at, OLD.decided_by_id) THEN
      RAISE EXCEPTION 'a decision about an order stands' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF NEW.lane = 'special' AND NEW.decided_at IS NULL AND NEW.state IN ('backordered', 'allocated') THEN
    RAISE EXCEPTION 'an order of the special lane waits for an approval' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _line_function() -> str:
    waiting = ", ".join(f"'{state}'" for state in WAITING_STATES)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_rest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.quantity <> OLD.quantity AND (NEW.quantity > OLD.quantity OR NOT EXISTS (
    SELECT 1 FROM licensing_order o WHERE o.id = OLD.order_id AND o.state IN ({waiting}))) THEN
    RAISE EXCEPTION 'a line only gives its rest away, while it waits' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _line_check() -> str:
    return f"""  SELECT l.product_id, l.quantity, l.unit_price, l.currency INTO v_line
  FROM public.licensing_orderline l WHERE l.id = p_line AND l.partner_id = {_PARTNER};
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the order line is not the current partner''s' USING ERRCODE = 'insufficient_privilege';
  END IF;"""


def _reserve() -> str:
    """Keep so many free keys for a line until an instant, all or none; returns their ids."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_reserve(p_line uuid, p_quantity integer, p_until timestamptz, p_at timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
  v_line record;
  v_pool integer;
  v_missing integer;
  v_ids bigint[] := '{{}}';
BEGIN
{_line_check()}
  FOREACH v_pool IN ARRAY public.licensing_pools_of({_PARTNER}, v_line.product_id, p_at) LOOP
    v_missing := p_quantity - cardinality(v_ids);
    EXIT WHEN v_missing = 0;
    v_ids := v_ids || ARRAY({FREE_KEYS} SKIP LOCKED);
  END LOOP;
  IF cardinality(v_ids) < p_quantity THEN
    RETURN;
  END IF;
  UPDATE public.licensing_productkey k SET hold = '{Hold.RESERVED}' WHERE k.id = ANY (v_ids) AND {_FREE};
  INSERT INTO public.licensing_keyreservation (key_id, order_line_id, partner_id, reserved_at, until)
  SELECT id, p_line, {_PARTNER}, p_at, p_until FROM unnest(v_ids) AS kept(id);
  RETURN QUERY SELECT unnest(v_ids);
END $$"""


def _take_reserved() -> str:
    """Assign the keys that were kept for a line and are still there; returns their ids."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_take_reserved(p_line uuid, p_at timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
  v_line record;
BEGIN
{_line_check()}
  RETURN QUERY
  WITH kept AS (
    UPDATE public.licensing_keyreservation r SET ended_at = p_at
    WHERE r.order_line_id = p_line AND r.ended_at IS NULL RETURNING r.key_id
  ), taken AS (
    UPDATE public.licensing_productkey k
    SET state = {KeyState.ASSIGNED:d}, state_since = p_at, hold = '{Hold.NONE}',
      partner_id = {_PARTNER}, order_line_id = p_line
    FROM kept WHERE k.id = kept.key_id AND {_KEPT} RETURNING k.id
  )
  INSERT INTO public.licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency, assigned_at)
  SELECT t.id, p_line, {_PARTNER}, v_line.unit_price, v_line.currency, p_at FROM taken t
  RETURNING key_id;
END $$"""


def _free_reserved() -> str:
    """Let go of the keys that were kept for a line; returns their ids and their hold.

    It is none, unless their delivery was stopped meanwhile.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_free_reserved(p_line uuid, p_at timestamptz)
RETURNS TABLE (key_id bigint, hold text) LANGUAGE plpgsql {_DEFINER} AS $$
#variable_conflict use_column
DECLARE
  v_line record;
BEGIN
{_line_check()}
  RETURN QUERY
  WITH kept AS (
    UPDATE public.licensing_keyreservation r SET ended_at = p_at
    WHERE r.order_line_id = p_line AND r.ended_at IS NULL RETURNING r.key_id
  ), freed AS (
    UPDATE public.licensing_productkey k SET hold = '{Hold.NONE}'
    FROM kept WHERE k.id = kept.key_id AND {_KEPT} RETURNING k.id, k.hold
  )
  SELECT f.id, f.hold::text FROM freed f;
END $$"""


def _queue_state() -> str:
    """Whether somebody waits for the product, and whether its stock is shared out: read by every order."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_queue_state(p_product bigint)
RETURNS TABLE (queued bigint, is_rationed boolean) LANGUAGE sql STABLE {_DEFINER} AS $$
  SELECT
    (SELECT coalesce(sum(b.quantity), 0)::bigint FROM public.licensing_backorder b
     WHERE b.product_id = p_product AND b.ended_at IS NULL),
    EXISTS (SELECT 1 FROM public.licensing_scarcitypolicy s WHERE s.product_id = p_product
      AND s.confirmed_at IS NOT NULL AND s.ended_at IS NULL)
$$"""


def _stock_facts() -> str:
    """What a partner may draw, what waits before a place of the queue (before its end without one), the pace.

    ``pooled`` counts the keys of his pools that nobody waiting before him may draw. Those who share a pool
    with him draw from it first and compete for the general stock with the rest; who shares none competes
    for the general stock alone. Hence ``queued``: how many of his free keys others come to first.
    """
    ahead = """b.product_id = p_product AND b.ended_at IS NULL
      AND (p_before IS NULL OR (b.queued_at, b.place) < (p_before, p_place))"""
    return f"""
CREATE OR REPLACE FUNCTION licensing_stock_facts(p_product bigint, p_partner uuid, p_at timestamptz,
  p_since timestamptz, p_before timestamptz, p_place bigint)
RETURNS TABLE (free bigint, queued bigint, orders bigint, is_rationed boolean, delivered bigint, pooled bigint,
  arriving text)
LANGUAGE plpgsql STABLE {_DEFINER} AS $$
DECLARE
  v_own integer[] := array_remove(public.licensing_pools_of(p_partner, p_product, p_at), {GENERAL});
  v_general bigint := (SELECT count(*) - public.licensing_decoys_free(p_product) FROM public.licensing_productkey k
    WHERE k.product_id = p_product AND k.pool = {GENERAL} AND {_FREE});
  v_sharing bigint := 0;
BEGIN
  SELECT coalesce(sum(b.quantity), 0), count(*) INTO queued, orders FROM public.licensing_backorder b WHERE {ahead};
  pooled := 0;
  IF cardinality(v_own) > 0 THEN
    SELECT count(*) INTO pooled FROM public.licensing_productkey k
    WHERE k.product_id = p_product AND k.pool = ANY (v_own) AND {_FREE};
    SELECT coalesce(sum(b.quantity), 0) INTO v_sharing FROM public.licensing_backorder b WHERE {ahead}
      AND public.licensing_draws_from(b.partner_id, v_own);
  END IF;
  free := v_general + pooled;
  IF v_sharing < pooled THEN
    queued := v_sharing + least(queued - v_sharing, v_general);
  END IF;
  pooled := greatest(pooled - v_sharing, 0);
  is_rationed := EXISTS (SELECT 1 FROM public.licensing_scarcitypolicy s WHERE s.product_id = p_product
    AND s.confirmed_at IS NOT NULL AND s.ended_at IS NULL);
  delivered := (SELECT coalesce(sum(f.quantity), 0) FROM public.licensing_fulfilment f
    WHERE f.product_id = p_product AND f.received_at >= p_since AND f.undone_at IS NULL);
  arriving := coalesce((SELECT jsonb_agg(jsonb_build_array(c.expected_on, c.quantity - c.received)
      ORDER BY c.expected_on, c.call_off_reference)
    FROM public.licensing_calloff c
    WHERE c.product_id = p_product AND c.state = 'open' AND c.received < c.quantity), '[]'::jsonb)::text;
  RETURN NEXT;
END $$"""
