"""The database's own guard of recipients, made from the same table of steps the code uses."""

from collections.abc import Iterable

from core.database.access import TPR_ROLE
from partners.models.recipients import OWN_COLUMNS
from partners.rules.recipients import PARTNER_EDITS, PARTNER_STEPS, RENEWAL_TRANSITIONS, TRANSITIONS

# These a partner's transaction writes in any state: the step itself, and that an order named the recipient.
_ALWAYS = ("state", "submitted_at", "last_order_at")


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _function(),
        "DROP TRIGGER IF EXISTS recipient_moves ON partners_recipient",
        """CREATE TRIGGER recipient_moves BEFORE INSERT OR UPDATE ON partners_recipient
        FOR EACH ROW EXECUTE FUNCTION partners_guard_recipient()""",
        _renewal_function(),
        "DROP TRIGGER IF EXISTS renewal_moves ON partners_recipientrenewal",
        """CREATE TRIGGER renewal_moves BEFORE INSERT OR UPDATE ON partners_recipientrenewal
        FOR EACH ROW EXECUTE FUNCTION partners_guard_renewal()""",
    ]


def _renewal_function() -> str:
    """Return the guard of newer evidence: begun by nobody's yes, decided after a review."""
    pairs = [(before, after) for before, targets in RENEWAL_TRANSITIONS.items() for after in targets]
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'submitted' OR num_nonnulls(NEW.until, NEW.reviewed_by_id, NEW.decided_by_id) > 0 THEN
      RAISE EXCEPTION 'a renewal begins undecided' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.recipient_id, NEW.evidence_id, NEW.partner_id)
    IS DISTINCT FROM (OLD.recipient_id, OLD.evidence_id, OLD.partner_id) THEN
    RAISE EXCEPTION 'what was handed in does not change' USING ERRCODE = 'check_violation';
  END IF;
  IF (OLD.state, NEW.state) NOT IN ({_listed(pairs)}) THEN
    RAISE EXCEPTION 'a renewal may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = 'approved' AND (NEW.reviewed_by_id, NEW.until) IS DISTINCT FROM (OLD.reviewed_by_id, OLD.until) THEN
    RAISE EXCEPTION 'the reviewer stands before the decision' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _function() -> str:
    pairs = [(before, after) for before, targets in TRANSITIONS.items() for after in targets]
    edits = ", ".join(f"'{state}'" for state in sorted(PARTNER_EDITS))
    facts = [column for column in OWN_COLUMNS if column not in _ALWAYS]
    changed = " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in facts)
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = '{TPR_ROLE}' AND (NEW.state <> 'draft' OR NEW.claim <> '' OR NEW.is_protected
      OR num_nonnulls(NEW.claimed_at, NEW.evidence_until, NEW.reviewed_by_id, NEW.reviewed_at, NEW.decided_by_id,
        NEW.decided_at) > 0 OR NEW.review_note <> '' OR NEW.decision_reason <> '') THEN
      RAISE EXCEPTION 'a recipient begins as a draft' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'a recipient begins as a draft' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_listed(pairs)}) THEN
    RAISE EXCEPTION 'a recipient may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'expired' AND NEW.state = 'approved' AND NOT EXISTS (
    SELECT 1 FROM partners_recipientrenewal r
    WHERE r.recipient_id = NEW.id AND r.state = 'approved' AND r.until = NEW.evidence_until) THEN
    RAISE EXCEPTION 'nobody approved newer evidence' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state IN ('approved', 'refused') AND NEW.state <> OLD.state
    AND NEW.reviewed_by_id IS DISTINCT FROM OLD.reviewed_by_id THEN
    RAISE EXCEPTION 'the reviewer stands before the decision' USING ERRCODE = 'check_violation';
  END IF;
  IF current_user = '{TPR_ROLE}' THEN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_listed(PARTNER_STEPS)}) THEN
      RAISE EXCEPTION 'this step is not the partner''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.state NOT IN ({edits}) AND ({changed}) THEN
      RAISE EXCEPTION 'the recipient is not open to the partner' USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
  RETURN NEW;
END $$"""


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{before}', '{after}')" for before, after in sorted(pairs))
