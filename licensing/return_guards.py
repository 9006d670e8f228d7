"""The database's own guards of returns and replacements, made from the same tables the code uses."""

from collections.abc import Iterable

from core.database.access import ALLOCATOR_ROLE, MAR_ROLE
from licensing.guards import FREE_KEYS
from licensing.rules.key_states import KeyState
from licensing.rules.partner_returns import TRANSITIONS

# What was asked for is what the MAR decides and Microsoft answers.
ASKED_FOR = (
    "partner_id", "replacement_product_id", "kind", "return_type", "is_without_credit", "reason", "reference",
    "channel", "requested_by",
    "requested_by_id", "requested_at",
)  # fmt: skip


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _return_function(),
        "DROP TRIGGER IF EXISTS partner_return_moves ON licensing_partnerreturn",
        """CREATE TRIGGER partner_return_moves BEFORE INSERT OR UPDATE ON licensing_partnerreturn
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_partner_return()""",
        _line_function(),
        "DROP TRIGGER IF EXISTS return_line_stands ON licensing_returnline",
        """CREATE TRIGGER return_line_stands BEFORE UPDATE ON licensing_returnline
        FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION licensing_guard_return_line()""",
        _settlement_function(),
        "DROP TRIGGER IF EXISTS settlement_stands ON licensing_keysettlement",
        """CREATE TRIGGER settlement_stands BEFORE UPDATE ON licensing_keysettlement
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_settlement()""",
        _replace_function(),
        f"ALTER FUNCTION licensing_replace(bigint, timestamptz) OWNER TO {ALLOCATOR_ROLE}",
        "REVOKE ALL ON FUNCTION licensing_replace(bigint, timestamptz) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION licensing_replace(bigint, timestamptz) TO {MAR_ROLE}",
    ]


def _return_function() -> str:
    pairs = [(before.value, after.value) for before, targets in TRANSITIONS.items() for after in targets]
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in ASKED_FOR)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_partner_return() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'requested' THEN
      RAISE EXCEPTION 'a return begins as a request' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {changed} THEN
    RAISE EXCEPTION 'what was asked for does not change' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_listed(pairs)}) THEN
    RAISE EXCEPTION 'a return may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _line_function() -> str:
    """Return the guard of what was sent to Microsoft and what it answered: once, for the key and state of then."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_return_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.answered_at IS NOT NULL
     OR (NEW.request_id, NEW.key_id, NEW.previous_state) IS DISTINCT FROM
        (OLD.request_id, OLD.key_id, OLD.previous_state) THEN
    RAISE EXCEPTION 'what was returned and answered stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _replace_function() -> str:
    """Return the SQL that gives one more key on an assignment's line, at its price, in its place.

    Only for the partner the MAR acts for, and from the free stock he draws from, as every allocation.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_replace(p_assignment bigint, p_at timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_partner uuid := nullif(current_setting('app.partner', true), '')::uuid;
  v_line record;
  v_pool integer;
  v_missing integer := 1;
  v_id bigint;
BEGIN
  SELECT l.id, l.product_id, a.unit_price, a.currency INTO v_line
  FROM public.licensing_keyassignment a JOIN public.licensing_orderline l ON l.id = a.order_line_id
  WHERE a.id = p_assignment AND a.partner_id = v_partner AND a.ended_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the assignment is not the current partner''s' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOREACH v_pool IN ARRAY public.licensing_pools_of(v_partner, v_line.product_id, p_at) LOOP
    v_id := ({FREE_KEYS} SKIP LOCKED);
    EXIT WHEN v_id IS NOT NULL;
  END LOOP;
  IF v_id IS NULL THEN
    RETURN NULL;
  END IF;
  UPDATE public.licensing_productkey k
  SET state = {KeyState.ASSIGNED:d}, state_since = p_at, partner_id = v_partner, order_line_id = v_line.id
  WHERE k.id = v_id;
  INSERT INTO public.licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency, assigned_at)
  VALUES (v_id, v_line.id, v_partner, v_line.unit_price, v_line.currency, p_at);
  RETURN v_id;
END $$"""


def _settlement_function() -> str:
    """Return the guard that what is owed for a key is only ever put on an invoice, once."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.invoiced_at IS NOT NULL OR (to_jsonb(NEW) - 'invoiced_at') <> (to_jsonb(OLD) - 'invoiced_at') THEN
    RAISE EXCEPTION 'what is owed for a key stands as it is' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{before}', '{after}')" for before, after in sorted(pairs))
