"""The database's part of pools: who may draw, which keys may lie in one, and that an opened pool stands.

One function says which pools a partner draws from; allocation, reservation, replacement and every count of
free keys ask it, so what a pre-flight counts is what an order can take.
"""

from core.database.access import ALLOCATOR_ROLE, MAR_ROLE, TPR_ROLE
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.pools import GENERAL

# What two people agreed on does not change; a pool ends, and another one begins.
_FIXED = ("code", "product_id", "tiers", "branches", "valid_from", "valid_before", "opened_by_id",
          "opened_at")  # fmt: skip
# Asked about the current partner alone; the second, about anybody, by other functions and the MAR only.
_DRAWS = "licensing_pools_of(uuid, bigint, timestamptz)"
_DRAWS_FROM = "licensing_draws_from(uuid, integer[])"


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        *_rights(),
        _draws_function(),
        _pools_function(),
        f"ALTER FUNCTION {_DRAWS} OWNER TO {ALLOCATOR_ROLE}",
        f"REVOKE ALL ON FUNCTION {_DRAWS} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {_DRAWS} TO {TPR_ROLE}, {MAR_ROLE}",
        f"ALTER FUNCTION {_DRAWS_FROM} OWNER TO {ALLOCATOR_ROLE}",
        f"REVOKE ALL ON FUNCTION {_DRAWS_FROM} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {_DRAWS_FROM} TO {MAR_ROLE}",
        _key_function(),
        "DROP TRIGGER IF EXISTS key_pool ON licensing_productkey",
        f"""CREATE TRIGGER key_pool BEFORE INSERT OR UPDATE OF pool, state ON licensing_productkey
        FOR EACH ROW WHEN (NEW.pool <> {GENERAL}) EXECUTE FUNCTION licensing_guard_pool_key()""",
        _pool_function(),
        "DROP TRIGGER IF EXISTS pool_stands ON licensing_stockpool",
        """CREATE TRIGGER pool_stands BEFORE UPDATE ON licensing_stockpool
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_pool()""",
        _member_function(),
        "DROP TRIGGER IF EXISTS pool_members_stand ON licensing_stockpoolmember",
        """CREATE TRIGGER pool_members_stand BEFORE INSERT OR UPDATE OR DELETE ON licensing_stockpoolmember
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_pool_member()""",
    ]


def _rights() -> list[str]:
    """Return what the allocator reads of a partner: his tier and where he came from."""
    tables = {"partners_partner": "id, tier", "partners_application": "partner_id, branch"}
    return [
        statement
        for table, columns in tables.items()
        for statement in (
            f"GRANT SELECT ({columns}) ON {table} TO {ALLOCATOR_ROLE}",
            f"DROP POLICY IF EXISTS {ALLOCATOR_ROLE}_rows ON {table}",
            f"CREATE POLICY {ALLOCATOR_ROLE}_rows ON {table} FOR SELECT TO {ALLOCATOR_ROLE} USING (true)",
        )
    ]


def _draws_function() -> str:
    """Return whether a partner may draw from one of these pools: by name, by his tier, by where he came from."""
    return """
CREATE OR REPLACE FUNCTION licensing_draws_from(p_partner uuid, p_pools integer[])
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM public.licensing_stockpool s WHERE s.id = ANY (p_pools) AND (
    EXISTS (SELECT 1 FROM public.licensing_stockpoolmember m WHERE m.pool_id = s.id AND m.partner_id = p_partner)
    OR EXISTS (SELECT 1 FROM public.partners_partner p WHERE p.id = p_partner AND p.tier = ANY (s.tiers))
    OR EXISTS (SELECT 1 FROM public.partners_application a
      WHERE a.partner_id = p_partner AND a.branch = ANY (s.branches))));
END $$"""


def _pools_function() -> str:
    """Return the pools a partner draws from, the one that ends first before the others, the general stock last.

    Where a partner is set for the transaction, he is asked about himself, whatever partner the call names.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_pools_of(p_partner uuid, p_product bigint, p_at timestamptz)
RETURNS integer[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_partner uuid := coalesce(nullif(current_setting('app.partner', true), '')::uuid, p_partner);
BEGIN
  RETURN ARRAY(
    SELECT s.id FROM public.licensing_stockpool s
    WHERE s.product_id = p_product AND s.opened_at IS NOT NULL AND s.ended_at IS NULL AND s.valid_from <= p_at
      AND (s.valid_before IS NULL OR s.valid_before > p_at)
      AND public.licensing_draws_from(v_partner, ARRAY[s.id])
    ORDER BY s.valid_before NULLS LAST, s.id) || {GENERAL};
END $$"""


def _key_function() -> str:
    """Return the guard of a key in a pool: put there free, of the pool's product, taken by who may draw."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_pool_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'a key comes into the general stock' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.pool <> OLD.pool THEN
    IF NEW.state <> {KeyState.FULFILLED:d} OR NEW.hold <> '{Hold.NONE}' OR OLD.pool <> {GENERAL}
       OR public.licensing_is_decoy(NEW.id)
       OR NOT EXISTS (SELECT 1 FROM public.licensing_stockpool s WHERE s.id = NEW.pool
         AND s.product_id = NEW.product_id AND s.opened_at IS NOT NULL AND s.ended_at IS NULL) THEN
      RAISE EXCEPTION 'only free keys of the general stock go into an open pool of their product'
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  -- A key that was kept for an order is kept for it, even if the partner has left the pool since.
  IF OLD.state = {KeyState.FULFILLED:d} AND NEW.state = {KeyState.ASSIGNED:d} AND OLD.hold = '{Hold.NONE}'
     AND NEW.pool <> ALL (public.licensing_pools_of(NEW.partner_id, NEW.product_id, NEW.state_since)) THEN
    RAISE EXCEPTION 'the partner does not draw from this pool' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _pool_function() -> str:
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_pool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR (OLD.opened_at IS NOT NULL AND ({changed}))
    OR (NEW.created_by_id, NEW.created_at) IS DISTINCT FROM (OLD.created_by_id, OLD.created_at) THEN
    RAISE EXCEPTION 'a pool that was opened or ended stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _member_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_pool_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM licensing_stockpool s WHERE s.id IN (NEW.pool_id, OLD.pool_id)
     AND (s.opened_at IS NOT NULL OR s.ended_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'who draws from an opened pool stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$"""
