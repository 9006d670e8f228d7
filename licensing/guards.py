"""The database's own guards of custody, made from the same rules the code uses.

Applied by the owner after every migration, so the table in licensing/rules/key_states.py and the
trigger cannot drift apart.
"""

from core.database.access import ALLOCATOR_ROLE, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE
from licensing.rules.key_states import PARTNER_TRANSITIONS, TRANSITIONS, Hold, KeyState
from licensing.selectors.order_facts import PAIR_FUNCTION, PAIR_SIGNATURE, SIGNATURE, facts_function

# One statement finds, locks and takes the keys. ORDER BY position is a column no other index serves:
# with stale statistics the planner would otherwise walk the primary key over all sold keys. It runs once for
# each pool the partner draws from, the general stock last.
FREE_KEYS = f"""SELECT k.id FROM public.licensing_productkey k
      WHERE k.product_id = v_line.product_id AND k.pool = v_pool AND k.state = {KeyState.FULFILLED:d}
        AND k.hold = '{Hold.NONE}' AND NOT public.licensing_is_decoy(k.id)
      ORDER BY k.position LIMIT v_missing FOR UPDATE"""


FREE_COUNT = "licensing_free_count(bigint, timestamptz)"


def statements() -> list[str]:
    """Return all guards as SQL, safe to run again."""
    return [
        _transition_function(),
        "DROP TRIGGER IF EXISTS key_transition ON licensing_productkey",
        """CREATE TRIGGER key_transition BEFORE INSERT OR UPDATE OF state, hold, is_disclosed ON licensing_productkey
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_transition()""",
        _change_function(),
        "DROP TRIGGER IF EXISTS change_stands ON licensing_programmechange",
        """CREATE TRIGGER change_stands BEFORE UPDATE ON licensing_programmechange
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_change()""",
        *_decided_stands(
            "correctionrequest",
            "a decided correction",
            ("key_id", "kind", "facts", "proof", "asked_by_id", "asked_at"),
        ),
        *_decided_stands(
            "incident",
            "a closed incident",
            ("reference", "partner_id", "kind", "facts", "police_reference", "reported_by", "reported_at"),
        ),
        *_allocator_rights(),
        allocate_function(),
        f"ALTER FUNCTION licensing_allocate(uuid, timestamptz) OWNER TO {ALLOCATOR_ROLE}",
        "REVOKE ALL ON FUNCTION licensing_allocate(uuid, timestamptz) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION licensing_allocate(uuid, timestamptz) TO {TPR_ROLE}, {MAR_ROLE}",
        drop_all("licensing_free_count"),
        _free_count_function(),
        f"ALTER FUNCTION {FREE_COUNT} OWNER TO {ALLOCATOR_ROLE}",
        f"REVOKE ALL ON FUNCTION {FREE_COUNT} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {FREE_COUNT} TO {TPR_ROLE}, {MAR_ROLE}",
        # Its columns may change from one version to the next, which CREATE OR REPLACE refuses.
        # An older version with other arguments would stay beside it.
        PAIR_FUNCTION,
        f"REVOKE ALL ON FUNCTION {PAIR_SIGNATURE} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {PAIR_SIGNATURE} TO {TPR_ROLE}, {MAR_ROLE}",
        drop_all("licensing_order_facts"),
        facts_function(),
        f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {TPR_ROLE}, {MAR_ROLE}",
        *(
            f"GRANT USAGE ON SEQUENCE {sequence} TO {TPR_ROLE}, {MAR_ROLE}"
            for sequence in (
                "licensing_order_number",
                "licensing_cbr_number",
                "licensing_return_number",
                "licensing_partner_return_number",
                "licensing_estimate_number",
            )
        ),
        """ALTER TABLE licensing_productkey SET (autovacuum_analyze_scale_factor = 0.01,
        autovacuum_vacuum_scale_factor = 0.02)""",
    ]


def drop_all(function: str) -> str:
    """Return the SQL that drops a function with whatever arguments it was made before."""
    return f"""DO $$ DECLARE v_one regprocedure; BEGIN
    FOR v_one IN SELECT oid::regprocedure FROM pg_proc WHERE proname = '{function}' LOOP
      EXECUTE 'DROP FUNCTION ' || v_one; END LOOP; END $$"""


def _change_function() -> str:
    """Return the guard of a programme change: once announced or discarded, it stands as it is."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.announced_at IS NOT NULL OR OLD.discarded_at IS NOT NULL THEN
    RAISE EXCEPTION 'a programme change that was announced or discarded never changes'
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.written_by_id IS DISTINCT FROM OLD.written_by_id THEN
    RAISE EXCEPTION 'who wrote a programme change stays its writer' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _decided_stands(table: str, what: str, said: tuple[str, ...]) -> list[str]:
    """Return the guard of a case: what was said stands, and once it is not open any more, all of it does."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in said)
    return [
        f"""
CREATE OR REPLACE FUNCTION licensing_guard_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'open' THEN
    RAISE EXCEPTION '{what} never changes' USING ERRCODE = 'check_violation';
  END IF;
  IF {changed} THEN
    RAISE EXCEPTION 'what was said in a case stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$""",
        f"DROP TRIGGER IF EXISTS decided_stands ON licensing_{table}",
        f"""CREATE TRIGGER decided_stands BEFORE UPDATE ON licensing_{table}
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_{table}()""",
    ]


def _pairs(transitions: frozenset[tuple[KeyState | None, KeyState]]) -> str:
    known = sorted((before, after) for before, after in transitions if before is not None)
    return ", ".join(f"({before:d}, {after:d})" for before, after in known)


def _transition_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> {KeyState.FULFILLED:d} THEN
      RAISE EXCEPTION 'a key begins as Fulfilled, not %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.is_disclosed AND NOT NEW.is_disclosed THEN
    RAISE EXCEPTION 'a key that was disclosed stays disclosed' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.hold <> OLD.hold THEN
    IF current_user = '{TPR_ROLE}'
       AND NOT (OLD.hold = '{Hold.NONE}' AND NEW.hold IN ('{Hold.LOST_OR_STOLEN}', '{Hold.DISPUTED}')) THEN
      RAISE EXCEPTION 'a partner may report a key, not free it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.hold IN ('{Hold.QUARANTINED}', '{Hold.LOST_OR_STOLEN}', '{Hold.DISPUTED}')
       AND NOT (OLD.hold = '{Hold.DISPUTED}' AND NEW.hold = '{Hold.LOST_OR_STOLEN}') THEN
      -- Apart, so that roles without a right on the proofs may still put a key on hold.
      IF NOT EXISTS (SELECT 1 FROM public.licensing_holdlift l WHERE l.key_id = NEW.id AND l.hold = OLD.hold
         AND l.transaction = ((pg_current_xact_id())::text)::bigint) THEN
        RAISE EXCEPTION 'a key leaves % only with the proof of who lifted it', OLD.hold
          USING ERRCODE = 'check_violation';
      END IF;
    END IF;
  END IF;
  IF OLD.state = {KeyState.FULFILLED:d} AND (NEW.state, NEW.hold) IS DISTINCT FROM (OLD.state, OLD.hold)
    AND OLD.hold <> '{Hold.RESERVED}' AND public.licensing_is_decoy(OLD.id) THEN
    -- Into quarantine, out of it with a proof as above, or off the books with its delivery: like its neighbours.
    IF NEW.state NOT IN ({KeyState.FULFILLED:d}, {KeyState.UNDONE:d})
       OR NEW.hold NOT IN ('{Hold.NONE}', '{Hold.QUARANTINED}') THEN
      RAISE EXCEPTION 'this key stays where it is' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM public.licensing_decoy_moved(OLD.fulfilment_id, OLD.hold,
      CASE NEW.state WHEN {KeyState.UNDONE:d} THEN 'undone' ELSE NEW.hold END);
  END IF;
  IF NEW.state <> OLD.state THEN
    IF (OLD.state, NEW.state) NOT IN ({_pairs(TRANSITIONS)}) THEN
      RAISE EXCEPTION 'a key may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF current_user = '{TPR_ROLE}' AND (OLD.state, NEW.state) NOT IN ({_pairs(PARTNER_TRANSITIONS)}) THEN
      RAISE EXCEPTION 'a partner may not take a key from % to %', OLD.state, NEW.state
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state = {KeyState.RETRIEVED:d} AND NOT NEW.is_disclosed THEN
      RAISE EXCEPTION 'a key that is handed over counts as disclosed' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = {KeyState.REPORTED_RETURN:d} AND NEW.state NOT IN ({KeyState.RETURNED:d}, OLD.previous_state) THEN
      RAISE EXCEPTION 'a refused return goes back to the state before' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.hold IN ('{Hold.LOST_OR_STOLEN}', '{Hold.DISPUTED}') AND OLD.hold = NEW.hold
       AND current_user = '{TPR_ROLE}' THEN
      RAISE EXCEPTION 'a held key does not move' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$"""


def _allocator_rights() -> list[str]:
    # Free keys, those kept for an order (licensing/order_guards.py), and where they fall when their delivery
    # is stopped meanwhile (licensing/delivery_guards.py).
    free = f"""state = {KeyState.FULFILLED:d} AND partner_id IS NULL
        AND hold IN ('{Hold.NONE}', '{Hold.RESERVED}', '{Hold.QUARANTINED}')"""
    own = f"partner_id = {CURRENT_PARTNER}"
    return [
        f"""GRANT SELECT, UPDATE (state, state_since, hold, partner_id, order_line_id) ON licensing_productkey
        TO {ALLOCATOR_ROLE}""",
        f"GRANT SELECT ON licensing_orderline TO {ALLOCATOR_ROLE}",
        f"GRANT SELECT, INSERT ON licensing_keyassignment TO {ALLOCATOR_ROLE}",
        f"DROP POLICY IF EXISTS {ALLOCATOR_ROLE}_rows ON licensing_productkey",
        f"""CREATE POLICY {ALLOCATOR_ROLE}_rows ON licensing_productkey TO {ALLOCATOR_ROLE}
        USING (({free}) OR {own}) WITH CHECK (({free}) OR {own})""",
        f"DROP POLICY IF EXISTS {ALLOCATOR_ROLE}_rows ON licensing_orderline",
        f"CREATE POLICY {ALLOCATOR_ROLE}_rows ON licensing_orderline TO {ALLOCATOR_ROLE} USING ({own})",
        f"GRANT REFERENCES ON licensing_productkey TO {ALLOCATOR_ROLE}",
    ]


def allocate_function(*, lock: bool = True) -> str:
    """Return the SQL of the allocation.

    It gives the current partner's order line all its keys, once, and returns their ids, or takes none and
    returns nothing when the stock is short. Keys that a rival holds are skipped; only when too few are
    left does it let go of everything and wait for the rivals in one order, since one of them may roll
    back. The partner's pools are drawn from first, then the general stock. ``lock=False`` is the negative
    control of the race tests and never installed by the product.
    """
    claim = FREE_KEYS + " SKIP LOCKED" if lock else FREE_KEYS.replace(" FOR UPDATE", "")
    wait = FREE_KEYS if lock else claim

    def gathered(one_pool: str) -> str:
        return f"""v_ids := '{{}}';
    FOREACH v_pool IN ARRAY v_pools LOOP
      v_missing := v_line.quantity - cardinality(v_ids);
      EXIT WHEN v_missing = 0;
      v_ids := v_ids || ARRAY({one_pool});
    END LOOP;"""

    recheck = f"AND k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.NONE}'" if lock else ""
    return f"""
CREATE OR REPLACE FUNCTION licensing_allocate(p_line uuid, p_at timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_partner uuid := nullif(current_setting('app.partner', true), '')::uuid;
  v_line record;
  v_pools integer[];
  v_pool integer;
  v_missing integer;
  v_ids bigint[];
BEGIN
  SELECT l.product_id, l.quantity, l.unit_price, l.currency INTO v_line
  FROM public.licensing_orderline l WHERE l.id = p_line AND l.partner_id = v_partner;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the order line is not the current partner''s' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF EXISTS (SELECT 1 FROM public.licensing_keyassignment a WHERE a.order_line_id = p_line) THEN
    RAISE EXCEPTION 'the order line got its keys before' USING ERRCODE = 'check_violation';
  END IF;
  v_pools := public.licensing_pools_of(v_partner, v_line.product_id, p_at);
  BEGIN
    {gathered(claim)}
    IF cardinality(v_ids) < v_line.quantity THEN
      RAISE EXCEPTION 'short' USING ERRCODE = 'no_data_found';
    END IF;
  EXCEPTION WHEN no_data_found THEN
    {gathered(wait)}
  END;
  IF cardinality(v_ids) < v_line.quantity THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH taken AS (
    UPDATE public.licensing_productkey k
    SET state = {KeyState.ASSIGNED:d}, state_since = p_at, partner_id = v_partner, order_line_id = p_line
    WHERE k.id = ANY (v_ids) {recheck}
    RETURNING k.id
  )
  INSERT INTO public.licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency, assigned_at)
  SELECT t.id, p_line, v_partner, v_line.unit_price, v_line.currency, p_at FROM taken t
  RETURNING key_id;
END $$"""


def _free_count_function() -> str:
    """Free keys of a product: those the current partner may draw at an instant, else the general stock's."""
    return f"""
CREATE FUNCTION licensing_free_count(p_product bigint, p_at timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_pools integer[] := public.licensing_pools_of(NULL, p_product, p_at);
BEGIN
  RETURN (SELECT count(*) - public.licensing_decoys_free(p_product) FROM public.licensing_productkey k
    WHERE k.product_id = p_product AND k.pool = ANY (v_pools)
      AND k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.NONE}');
END $$"""
