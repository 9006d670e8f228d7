"""The database's own guards of prices: what was announced stands, what was ordered keeps its price (PRC-3) and details.

Applied by the owner after every migration, from the same words the rules use.
"""

from core.database.access import MAR_ROLE, TPR_ROLE
from licensing.rules.prices import UNCOUNTED_STATES
from licensing.selectors.price_function import SIGNATURE, unit_price_function

_UNCOUNTED = ", ".join(f"'{state}'" for state in UNCOUNTED_STATES)
PRICED_AS_ORDERED = (
    "unit_price",
    "currency",
    "price_id",
    "deviation_id",
    "product_id",
    "order_id",
    "partner_id",
    "details",
    "product_version_id",
)


def statements() -> list[str]:
    """Return all guards as SQL, safe to run again."""
    return [
        # Its columns may change from one version to the next, which CREATE OR REPLACE refuses.
        f"DROP FUNCTION IF EXISTS {SIGNATURE}",
        unit_price_function(),
        f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {TPR_ROLE}, {MAR_ROLE}",
        _price_function(),
        *_trigger("price_stands", "licensing_price", "BEFORE INSERT OR UPDATE", "licensing_guard_price()"),
        _reopen_function(),
        *_trigger(
            "price_reopens", "licensing_price", "AFTER UPDATE OF withdrawn_at", "licensing_reopen_price()"
        ),
        *_approved("pricing_stands", "licensing_partnerpricing", ("partner_id", "book_id")),
        *_approved(
            "deviation_stands",
            "licensing_pricedeviation",
            ("partner_id", "product_id", "amount", "currency", "quantity"),
        ),
        _line_function(),
        *_trigger("line_keeps_its_price", "licensing_orderline", "BEFORE UPDATE", "licensing_guard_line()"),
        *_trigger(
            "assignment_keeps_its_price",
            "licensing_keyassignment",
            "BEFORE UPDATE OF unit_price, currency",
            "licensing_guard_assigned_price()",
            _assignment_function(),
        ),
        *_trigger(
            "estimate_is_ordered_once", "licensing_estimate", "BEFORE UPDATE", "licensing_guard_estimate()",
            _estimate_function(),
        ),
        *_trigger(
            "estimate_line_stands", "licensing_estimateline", "BEFORE UPDATE", "licensing_guard_estimate_line()",
            _estimate_line_function(),
        ),
        _count_function(),
        "REVOKE ALL ON FUNCTION licensing_count_volume(licensing_orderline, integer) FROM PUBLIC",
        *_trigger(
            "line_is_counted", "licensing_orderline", "AFTER INSERT OR UPDATE OF quantity", "licensing_count_line()",
            _count_line_function(),
        ),
        *_trigger(
            "order_is_counted", "licensing_order", "AFTER UPDATE OF state", "licensing_count_order()",
            _count_order_function(),
        ),
    ]  # fmt: skip


def _trigger(name: str, table: str, when: str, function: str, body: str = "") -> list[str]:
    made = [
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}",
    ]
    return [body, *made] if body else made


def _price_function() -> str:
    """Return the guard of a price; announcing one ends the one before it, which nothing else can do."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_price() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_is_derived boolean := pg_trigger_depth() > 1;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.is_opening THEN
      IF EXISTS (SELECT 1 FROM licensing_price x WHERE x.book_id = NEW.book_id
          AND x.product_id = NEW.product_id AND x.min_quantity = NEW.min_quantity AND x.announced_at IS NOT NULL) THEN
        RAISE EXCEPTION 'only the first price of a product is set without a second person'
          USING ERRCODE = 'check_violation';
      END IF;
    ELSIF NEW.announced_at IS NOT NULL THEN
      RAISE EXCEPTION 'a price begins as a draft' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.valid_before IS NOT NULL OR NEW.withdrawn_at IS NOT NULL OR NEW.discarded_at IS NOT NULL THEN
      RAISE EXCEPTION 'a new price has no end' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.book_id, NEW.product_id, NEW.min_quantity, NEW.amount, NEW.valid_from, NEW.is_opening, NEW.written_at)
       IS DISTINCT FROM
     (OLD.book_id, OLD.product_id, OLD.min_quantity, OLD.amount, OLD.valid_from, OLD.is_opening, OLD.written_at)
     OR NEW.written_by_id IS DISTINCT FROM OLD.written_by_id
     OR (OLD.announced_at IS NOT NULL AND (NEW.announced_at IS DISTINCT FROM OLD.announced_at
       OR NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id))
     OR (OLD.discarded_at IS NOT NULL AND NEW IS DISTINCT FROM OLD)
     OR (OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
    RAISE EXCEPTION 'a price never changes: a later one follows it' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.valid_before IS DISTINCT FROM OLD.valid_before AND NOT v_is_derived THEN
    RAISE EXCEPTION 'a price ends when the next one begins' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.announced_at IS NULL AND NEW.announced_at IS NOT NULL THEN
    UPDATE licensing_price x SET valid_before = NEW.valid_from
    WHERE x.book_id = NEW.book_id AND x.product_id = NEW.product_id AND x.min_quantity = NEW.min_quantity
      AND x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL AND x.valid_from < NEW.valid_from
      AND (x.valid_before IS NULL OR x.valid_before > NEW.valid_from);
    NEW.valid_before := (SELECT min(x.valid_from) FROM licensing_price x
      WHERE x.book_id = NEW.book_id AND x.product_id = NEW.product_id AND x.min_quantity = NEW.min_quantity
        AND x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL AND x.valid_from > NEW.valid_from);
  END IF;
  RETURN NEW;
END $$"""


def _reopen_function() -> str:
    """Return what a withdrawal does: the price before goes on until the one after."""
    return """
CREATE OR REPLACE FUNCTION licensing_reopen_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL THEN
    UPDATE licensing_price x SET valid_before = NEW.valid_before
    WHERE x.book_id = NEW.book_id AND x.product_id = NEW.product_id AND x.min_quantity = NEW.min_quantity
      AND x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL AND x.valid_before = NEW.valid_from;
  END IF;
  RETURN NULL;
END $$"""


def _approved(name: str, table: str, fixed: tuple[str, ...]) -> list[str]:
    """Return the guard of a row that a second person approved: it may end sooner, and nothing else."""
    columns = (*fixed, "reason", "written_by_id", "written_at")
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    count = (
        "OR (NEW.used_quantity IS DISTINCT FROM OLD.used_quantity AND pg_trigger_depth() = 1)"
        if table == "licensing_pricedeviation"
        else ""
    )
    # Two approvals at once wait for each other here, so they cannot both find the time free.
    overlap = (
        """
  IF OLD.approved_at IS NULL AND NEW.approved_at IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('licensing.pricing.' || NEW.partner_id::text));
    IF EXISTS (SELECT 1 FROM licensing_partnerpricing g WHERE g.partner_id = NEW.partner_id AND g.id <> NEW.id
        AND g.approved_at IS NOT NULL
        AND tstzrange(g.valid_from, g.valid_before) && tstzrange(NEW.valid_from, NEW.valid_before)) THEN
      RAISE EXCEPTION 'a partner pays by one book at a time' USING ERRCODE = 'exclusion_violation';
    END IF;
  END IF;"""
        if table == "licensing_partnerpricing"
        else ""
    )
    function = f"licensing_guard_{name}()"
    return _trigger(
        name,
        table,
        "BEFORE INSERT OR UPDATE",
        function,
        f"""
CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.approved_at IS NOT NULL OR NEW.discarded_at IS NOT NULL THEN
      RAISE EXCEPTION 'it begins as a draft' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {changed} {count} OR (OLD.approved_at IS NOT NULL AND (
       NEW.approved_at IS DISTINCT FROM OLD.approved_at OR NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id
       OR NEW.discarded_at IS NOT NULL
       OR (NEW.valid_before IS DISTINCT FROM OLD.valid_before
         AND coalesce(NEW.valid_before, 'infinity') > coalesce(OLD.valid_before, 'infinity'))))
     OR (NEW.valid_from IS DISTINCT FROM OLD.valid_from
       AND (OLD.approved_at IS NOT NULL OR NEW.valid_from < OLD.valid_from))
     OR (OLD.approved_at IS NULL AND NEW.valid_before IS DISTINCT FROM OLD.valid_before)
     OR (OLD.discarded_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
    RAISE EXCEPTION 'what was written or approved does not change, it may only end sooner'
      USING ERRCODE = 'check_violation';
  END IF;{overlap}
  RETURN NEW;
END $$""",
    )


def _line_function() -> str:
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in PRICED_AS_ORDERED)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed} THEN
    RAISE EXCEPTION 'an order line keeps the price it was ordered at' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _assignment_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_assigned_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.unit_price, NEW.currency) IS DISTINCT FROM (OLD.unit_price, OLD.currency) THEN
    RAISE EXCEPTION 'an assigned key keeps the price it was ordered at' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _estimate_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_estimate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.converted_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
     OR NEW.valid_before IS DISTINCT FROM OLD.valid_before OR NEW.partner_id IS DISTINCT FROM OLD.partner_id THEN
    RAISE EXCEPTION 'an estimate is ordered or withdrawn once, and never changed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _estimate_line_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_estimate_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.order_id IS NOT NULL OR (NEW.unit_price, NEW.quantity, NEW.product_id, NEW.estimate_id, NEW.partner_id)
     IS DISTINCT FROM (OLD.unit_price, OLD.quantity, OLD.product_id, OLD.estimate_id, OLD.partner_id) THEN
    RAISE EXCEPTION 'a line of an estimate never changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _count_function() -> str:
    """Return what adds licences to the year's count and to a discount; no role may call it or write either."""
    return """
CREATE OR REPLACE FUNCTION licensing_count_volume(p_line public.licensing_orderline, p_quantity integer)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_book bigint := (SELECT x.book_id FROM public.licensing_price x WHERE x.id = p_line.price_id);
  v_year integer := (SELECT extract(year FROM o.placed_at AT TIME ZONE coalesce(
    (SELECT r.time_zone FROM public.partners_mar r LIMIT 1), 'Europe/Berlin'))
    FROM public.licensing_order o WHERE o.id = p_line.order_id);
BEGIN
  IF v_book IS NOT NULL AND p_quantity > 0 THEN
    INSERT INTO public.licensing_pricevolume AS v (partner_id, book_id, year, quantity)
    VALUES (p_line.partner_id, v_book, v_year, p_quantity)
    ON CONFLICT (partner_id, book_id, year) DO UPDATE SET quantity = v.quantity + excluded.quantity;
  ELSIF v_book IS NOT NULL THEN
    UPDATE public.licensing_pricevolume v SET quantity = v.quantity + p_quantity
    WHERE v.partner_id = p_line.partner_id AND v.book_id = v_book AND v.year = v_year;
  END IF;
  IF p_line.deviation_id IS NOT NULL THEN
    UPDATE public.licensing_pricedeviation d SET used_quantity = d.used_quantity + p_quantity
    WHERE d.id = p_line.deviation_id AND d.partner_id = p_line.partner_id;
  END IF;
END $$"""


def _count_line_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_count_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_more integer := NEW.quantity - CASE WHEN TG_OP = 'UPDATE' THEN OLD.quantity ELSE 0 END;
BEGIN
  IF v_more <> 0 AND EXISTS (SELECT 1 FROM public.licensing_order o
      WHERE o.id = NEW.order_id AND o.state NOT IN ({_UNCOUNTED})) THEN
    PERFORM public.licensing_count_volume(NEW, v_more);
  END IF;
  RETURN NULL;
END $$"""


def _count_order_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_count_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_sign integer := (NEW.state NOT IN ({_UNCOUNTED}))::integer - (OLD.state NOT IN ({_UNCOUNTED}))::integer;
BEGIN
  IF v_sign <> 0 THEN
    PERFORM public.licensing_count_volume(l, v_sign * l.quantity::integer)
    FROM public.licensing_orderline l WHERE l.order_id = NEW.id;
  END IF;
  RETURN NULL;
END $$"""
