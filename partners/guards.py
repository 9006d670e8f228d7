"""The database's own guards of who may do what, made from the same rules the code uses.

Applied by the owner after every migration, so the table in partners/rules/partner_states.py and the
trigger cannot drift apart.
"""

from core.database.access import APP_ROLE, TPR_ROLE
from partners.models.partner import PartnerState
from partners.rules.partner_states import TRANSITIONS


def statements() -> list[str]:
    """Return all guards as SQL, safe to run again."""
    return [
        _state_function(),
        "DROP TRIGGER IF EXISTS partner_state_moves ON partners_partner",
        """CREATE TRIGGER partner_state_moves BEFORE UPDATE OF state ON partners_partner
        FOR EACH ROW EXECUTE FUNCTION partners_guard_state()""",
        _membership_function(),
        "DROP TRIGGER IF EXISTS membership_by_invitation ON partners_membership",
        """CREATE TRIGGER membership_by_invitation BEFORE INSERT ON partners_membership
        FOR EACH ROW EXECUTE FUNCTION partners_guard_membership()""",
    ]


def _pairs() -> str:
    known = sorted((before, after) for before, targets in TRANSITIONS.items() for after in targets)
    return ", ".join(f"('{before}', '{after}')" for before, after in known)


def _state_function() -> str:
    """Return the guard of a partner's state: only the table's steps, and one of them by himself.

    The right to accept the terms needs the right to update the state; it must not lift a suspension.
    """
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF (OLD.state, NEW.state) NOT IN ({_pairs()}) THEN
    RAISE EXCEPTION 'a partner may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF current_user = '{TPR_ROLE}' AND NOT (
    OLD.state = '{PartnerState.AGREEMENT_PENDING}' AND NEW.state = '{PartnerState.ACTIVE}'
    AND EXISTS (SELECT 1 FROM partners_termsacceptance t WHERE t.partner_id = NEW.id)) THEN
    RAISE EXCEPTION 'a partner may only activate himself, by accepting the terms'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""


def _membership_function() -> str:
    """Return the guard of the anonymous visitor's right to add a membership: an open invitation to it."""
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = '{APP_ROLE}' AND NOT EXISTS (
    SELECT 1 FROM partners_invitation i JOIN core_user u ON u.email = i.email
    WHERE u.id = NEW.user_id AND i.role = NEW.role AND i.partner_id IS NOT DISTINCT FROM NEW.partner_id
      AND i.accepted_at IS NULL AND i.expires_at > NEW.created_at) THEN
    RAISE EXCEPTION 'nobody joins without an open invitation' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""
