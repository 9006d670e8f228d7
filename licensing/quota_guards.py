"""The database's own guard of quota exceptions, made from the same table of steps the code uses."""

from collections.abc import Iterable

from core.database.access import TPR_ROLE
from licensing.rules.quota import PARTNER_STEPS, TRANSITIONS
from partners.paper_guards import own_rows_trigger

# What was asked for is what Microsoft answers; an approval lifts exactly that.
ASKED_FOR = (
    "partner_id", "recipient_id", "product_id", "quantity", "period_start", "period_end", "justification",
    "letter_id", "requested_by", "requested_at",
)  # fmt: skip


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _function(),
        "DROP TRIGGER IF EXISTS quota_exception_moves ON licensing_quotaexception",
        """CREATE TRIGGER quota_exception_moves BEFORE INSERT OR UPDATE ON licensing_quotaexception
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_quota_exception()""",
        *own_rows_trigger(
            "licensing_quotaexception",
            {"letter_id": "partners_document", "recipient_id": "partners_recipient"},
        ),
    ]


def _function() -> str:
    pairs = [(before, after) for before, targets in TRANSITIONS.items() for after in targets]
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in ASKED_FOR)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_quota_exception() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'requested' THEN
      RAISE EXCEPTION 'a quota exception begins as a request' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {changed} THEN
    RAISE EXCEPTION 'what was asked for does not change' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_listed(pairs)}) THEN
    RAISE EXCEPTION 'a quota exception may not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state IN ('approved', 'refused') AND NEW.state <> OLD.state
    AND NEW.handled_by_id IS DISTINCT FROM OLD.handled_by_id THEN
    RAISE EXCEPTION 'the handler stands before the answer' USING ERRCODE = 'check_violation';
  END IF;
  IF current_user = '{TPR_ROLE}' AND NEW.state <> OLD.state
    AND (OLD.state, NEW.state) NOT IN ({_listed(PARTNER_STEPS)}) THEN
    RAISE EXCEPTION 'this step is not the partner''s' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{before}', '{after}')" for before, after in sorted(pairs))
