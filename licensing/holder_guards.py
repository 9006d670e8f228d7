"""The database's guard of whose a key is: it changes with a step alone, and a seen key is nobody else's."""

from licensing.rules.key_states import KeyState

# What a key is does not change; the same for its name stands in licensing/delivery_guards.py.
_FIXED = ("product_id", "batch_id", "fulfilment_id", "last5")
_HOLDER = ("partner_id", "order_line_id")
_SOLD = ("key_id", "order_line_id", "partner_id", "assigned_at")


def statements() -> list[str]:
    """Return the guard as SQL, safe to run again."""
    return [
        _holder_function(),
        "DROP TRIGGER IF EXISTS key_holder ON licensing_productkey",
        # The condition is looked at without a call: the assignment of a key that nobody saw costs nothing more.
        f"""CREATE TRIGGER key_holder BEFORE UPDATE OF {", ".join((*_FIXED, *_HOLDER))} ON licensing_productkey
        FOR EACH ROW WHEN ({_changed(_FIXED)} OR ({_changed(_HOLDER)} AND NOT (OLD.partner_id IS NULL
          AND OLD.state = {KeyState.FULFILLED:d} AND NEW.state = {KeyState.ASSIGNED:d} AND NOT OLD.is_disclosed)))
        EXECUTE FUNCTION licensing_guard_holder()""",
        """CREATE OR REPLACE FUNCTION licensing_guard_sold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'which key was sold to whom does not change' USING ERRCODE = 'check_violation';
END $$""",
        "DROP TRIGGER IF EXISTS assignment_stands ON licensing_keyassignment",
        f"""CREATE TRIGGER assignment_stands BEFORE UPDATE OF {", ".join(_SOLD)} ON licensing_keyassignment
        FOR EACH ROW WHEN ({_changed(_SOLD)}) EXECUTE FUNCTION licensing_guard_sold()""",
    ]


def _changed(columns: tuple[str, ...]) -> str:
    before, after = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return f"({after}) IS DISTINCT FROM ({before})"


def _holder_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {_changed(_FIXED)} THEN
    RAISE EXCEPTION 'what a key is does not change' USING ERRCODE = 'check_violation';
  END IF;
  IF {_changed(_HOLDER)} AND NEW.partner_id IS NULL AND NEW.state = {KeyState.FULFILLED:d}
     AND OLD.state <> NEW.state THEN
    RETURN NEW;
  END IF;
  IF {_changed(_HOLDER)} AND NOT (OLD.partner_id IS NULL AND OLD.state = {KeyState.FULFILLED:d}
     AND NEW.state = {KeyState.ASSIGNED:d}) THEN
    RAISE EXCEPTION 'a key changes hands by way of the stock alone' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.is_disclosed AND NEW.partner_id IS DISTINCT FROM (SELECT a.partner_id FROM licensing_keyassignment a
     WHERE a.key_id = OLD.id ORDER BY a.id DESC LIMIT 1) THEN
    RAISE EXCEPTION 'a key that somebody has seen is nobody else''s' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
