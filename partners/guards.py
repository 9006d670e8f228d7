"""The database's own guards of who may do what, made from the same rules the code uses.

Applied by the owner after every migration, so the table in partners/rules/partner_states.py and the
trigger cannot drift apart.
"""

from collections.abc import Iterable, Mapping

from core.database.access import APP_ROLE, TPR_ROLE
from partners.models.partner import PartnerState
from partners.rules import applications
from partners.rules.partner_states import TRANSITIONS


def statements() -> list[str]:
    """Return all guards as SQL, safe to run again."""
    return [
        _state_function(),
        "DROP TRIGGER IF EXISTS partner_state_moves ON partners_partner",
        """CREATE TRIGGER partner_state_moves BEFORE UPDATE OF state ON partners_partner
        FOR EACH ROW EXECUTE FUNCTION partners_guard_state()""",
        _application_function(),
        "DROP TRIGGER IF EXISTS application_moves ON partners_application",
        """CREATE TRIGGER application_moves BEFORE INSERT OR UPDATE ON partners_application
        FOR EACH ROW EXECUTE FUNCTION partners_guard_application()""",
        _section_function(),
        "DROP TRIGGER IF EXISTS application_section_open ON partners_applicationsection",
        """CREATE TRIGGER application_section_open BEFORE INSERT OR UPDATE ON partners_applicationsection
        FOR EACH ROW EXECUTE FUNCTION partners_guard_section()""",
        _membership_function(),
        "DROP TRIGGER IF EXISTS membership_by_invitation ON partners_membership",
        """CREATE TRIGGER membership_by_invitation BEFORE INSERT ON partners_membership
        FOR EACH ROW EXECUTE FUNCTION partners_guard_membership()""",
        _attempt_function(),
        "DROP TRIGGER IF EXISTS training_attempt_stands ON partners_trainingattempt",
        """CREATE TRIGGER training_attempt_stands BEFORE UPDATE ON partners_trainingattempt
        FOR EACH ROW EXECUTE FUNCTION partners_guard_attempt()""",
    ]


def _attempt_function() -> str:
    """Return the guard of a test: once graded, it stands as it is."""
    return """
CREATE OR REPLACE FUNCTION partners_guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.submitted_at IS NOT NULL THEN
    RAISE EXCEPTION 'a test that was graded never changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _pairs(transitions: Mapping[str, Iterable[str]] = TRANSITIONS) -> str:
    return _listed((before, after) for before, targets in transitions.items() for after in targets)


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"('{before}', '{after}')" for before, after in sorted(pairs))


def _application_function() -> str:
    """Return the guard of an application: the table's steps, and of these the applicant his own only.

    The reviewer and the decider are two people by a check constraint; here the reviewer's name cannot
    be taken out again once he has recommended.
    """
    edits = ", ".join(f"'{state}'" for state in sorted(applications.APPLICANT_EDITS))
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = '{APP_ROLE}' AND NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'an application begins as a draft' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_pairs(applications.TRANSITIONS)}) THEN
    RAISE EXCEPTION 'an application may not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state IN ('approved', 'rejected') AND NEW.state <> OLD.state
    AND NEW.reviewed_by_id IS DISTINCT FROM OLD.reviewed_by_id THEN
    RAISE EXCEPTION 'the reviewer stands before the decision' USING ERRCODE = 'check_violation';
  END IF;
  IF current_user = '{APP_ROLE}' THEN
    IF NEW.state <> OLD.state
      AND (OLD.state, NEW.state) NOT IN ({_listed(applications.APPLICANT_STEPS)}) THEN
      RAISE EXCEPTION 'this step is not the applicant''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state = OLD.state AND OLD.state NOT IN ({edits}) THEN
      RAISE EXCEPTION 'the application is not open to the applicant'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
  RETURN NEW;
END $$"""


def _section_function() -> str:
    """Return the guard of an applicant's answers: closed but for a draft, or a page he was asked about."""
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_section() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_state text;
BEGIN
  IF current_user <> '{APP_ROLE}' THEN
    RETURN NEW;
  END IF;
  SELECT a.state INTO v_state FROM partners_application a WHERE a.id = NEW.application_id;
  IF v_state = 'draft' OR (v_state = 'info_requested' AND EXISTS (
    SELECT 1 FROM partners_fieldquestion q WHERE q.application_id = NEW.application_id
      AND q.section = NEW.name AND q.closed_at IS NULL)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'this page is not open to the applicant' USING ERRCODE = 'insufficient_privilege';
END $$"""


def _state_function() -> str:
    """Return the guard of a partner's state: only the table's steps, and one of them by himself.

    The right to accept the terms needs the right to update the state; it must not lift a suspension.
    The state and the restrictions tell one story: nobody is suspended without a suspension in force, or
    free while one is. Whoever began a wind-down does not end it.
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
  IF NEW.state = '{PartnerState.SUSPENDED}' AND NOT EXISTS ({_in_force("AND b.is_suspension")}) THEN
    RAISE EXCEPTION 'a suspended partner has a suspension in force' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = '{PartnerState.SUSPENDED}' AND NEW.state <> '{PartnerState.WINDING_DOWN}'
    AND EXISTS ({_in_force("AND b.is_suspension")}) THEN
    RAISE EXCEPTION 'the suspension is still in force' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = '{PartnerState.ACTIVE}' AND OLD.state <> '{PartnerState.AGREEMENT_PENDING}'
    AND EXISTS ({_in_force()}) THEN
    RAISE EXCEPTION 'a restriction is still in force' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = '{PartnerState.TERMINATED}' AND NEW.state_set_by_id = OLD.state_set_by_id THEN
    RAISE EXCEPTION 'whoever began the wind-down does not end it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _in_force(which: str = "") -> str:
    """Return the query for the restrictions in force when the state changes."""
    return f"""SELECT 1 FROM partners_orderblock b WHERE b.partner_id = NEW.id
      AND b.since <= NEW.state_since AND (b.until IS NULL OR b.until > NEW.state_since) {which}"""


def _membership_function() -> str:
    """Return the guard of the anonymous visitor's right to add a membership: an open invitation to it."""
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = '{APP_ROLE}' AND NOT EXISTS (
    SELECT 1 FROM partners_invitation i JOIN core_user u ON u.email = i.email
    WHERE u.id = NEW.user_id AND i.role = NEW.role AND i.partner_id IS NOT DISTINCT FROM NEW.partner_id
      AND i.accepted_at IS NULL AND i.cancelled_at IS NULL AND i.expires_at > NEW.created_at) THEN
    RAISE EXCEPTION 'nobody joins without an open invitation' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""
