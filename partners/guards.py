"""The database's own guards of who may do what, made from the same rules the code uses.

Applied by the owner after every migration, so the table in partners/rules/partner_states.py and the
trigger cannot drift apart.
"""

from collections.abc import Iterable, Mapping

from core.database.access import APP_ROLE
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
        _decision_function(),
        "DROP TRIGGER IF EXISTS application_decision_holds ON partners_applicationdecision",
        """CREATE TRIGGER application_decision_holds BEFORE INSERT ON partners_applicationdecision
        FOR EACH ROW EXECUTE FUNCTION partners_guard_decision()""",
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

    A recommendation and a decision need their row in the history, which names two people; an appeal is
    claimed by somebody new. The day we promise an answer by is set here, since every road leads by here.
    """
    edits = ", ".join(f"'{state}'" for state in sorted(applications.APPLICANT_EDITS))
    promise = f"interval '{applications.ANSWER_DAYS} days'"
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_round int := CASE WHEN NEW.appealed_at IS NULL THEN 1 ELSE 2 END;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF current_user = '{APP_ROLE}' AND NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'an application begins as a draft' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state IN ('recommended', 'approved', 'rejected') THEN
      RAISE EXCEPTION 'an application does not begin decided' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_pairs(applications.TRANSITIONS)}) THEN
    RAISE EXCEPTION 'an application may not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
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
  IF NEW.appealed_at IS DISTINCT FROM OLD.appealed_at
    AND NOT (OLD.state = 'rejected' AND NEW.state = 'appealed' AND OLD.appealed_at IS NULL) THEN
    RAISE EXCEPTION 'a refusal is appealed once' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'rejected' AND NEW.state = 'appealed'
    AND (OLD.appealed_at IS NOT NULL OR NEW.appealed_at IS NULL) THEN
    RAISE EXCEPTION 'a refusal is appealed once' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'draft' AND NEW.state = 'submitted' THEN
    NEW.due_at := NEW.submitted_at + {promise};
  ELSIF OLD.state = 'rejected' AND NEW.state = 'appealed' THEN
    NEW.due_at := NEW.appealed_at + {promise};
  ELSIF OLD.state = 'appealed' AND NEW.state = 'in_review' THEN
    IF EXISTS (SELECT 1 FROM partners_applicationdecision d WHERE d.application_id = NEW.id
      AND d.person_id = NEW.claimed_by_id AND d.step <> 'sent_back') THEN
      RAISE EXCEPTION 'an appeal is looked at by somebody new' USING ERRCODE = 'check_violation';
    END IF;
  ELSIF OLD.state = 'recommended' AND NEW.state IN ('recommended', 'approved', 'rejected')
    AND (NEW.reviewed_by_id, NEW.reviewed_at, NEW.recommendation)
      IS DISTINCT FROM (OLD.reviewed_by_id, OLD.reviewed_at, OLD.recommendation) THEN
    RAISE EXCEPTION 'the reviewer stands before the decision' USING ERRCODE = 'check_violation';
  END IF;
  -- The applicant has no right to the history: its table is named only where no step of his leads.
  IF NEW.state <> OLD.state AND NEW.state = 'recommended' THEN
    IF NOT EXISTS (SELECT 1 FROM partners_applicationdecision d WHERE d.application_id = NEW.id
      AND d.round = v_round AND d.step = 'recommended' AND d.person_id = NEW.reviewed_by_id
      AND d.at = NEW.reviewed_at AND d.recommendation = NEW.recommendation) THEN
      RAISE EXCEPTION 'nobody recommended this application' USING ERRCODE = 'check_violation';
    END IF;
  ELSIF NEW.state <> OLD.state AND NEW.state IN ('approved', 'rejected') THEN
    IF NOT EXISTS (SELECT 1 FROM partners_applicationdecision d WHERE d.application_id = NEW.id
      AND d.round = v_round AND d.step = NEW.state AND d.person_id = NEW.decided_by_id
      AND d.reviewer_id = NEW.reviewed_by_id AND d.at = NEW.decided_at) THEN
      RAISE EXCEPTION 'a decision needs its row in the history' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$"""


def _decision_function() -> str:
    """Return the guard of the history: who recommends holds the case, who decides is somebody else.

    The row of the application is locked, so two decisions at once meet here one after the other. That
    a recommendation really is the acting person's cannot be known in SQL; that it was there before, by
    another person, and that approval needs his yes, can.
    """
    branches = ", ".join(f"'{branch}'" for branch in applications.CARRY_OVER_BRANCHES)
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_case record;
BEGIN
  SELECT a.state, a.branch, a.appealed_at, a.claimed_by_id, a.reviewed_by_id, a.reviewed_at, a.recommendation
    INTO v_case FROM partners_application a WHERE a.id = NEW.application_id FOR UPDATE;
  IF NOT FOUND OR NEW.round <> (CASE WHEN v_case.appealed_at IS NULL THEN 1 ELSE 2 END) THEN
    RAISE EXCEPTION 'this is not the round of the case' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.step = 'recommended' THEN
    IF v_case.state <> 'in_review' OR v_case.claimed_by_id IS DISTINCT FROM NEW.person_id THEN
      RAISE EXCEPTION 'only who claimed the case recommends' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM partners_applicationdecision d WHERE d.application_id = NEW.application_id
      AND d.round < NEW.round AND d.person_id = NEW.person_id AND d.step <> 'sent_back') THEN
      RAISE EXCEPTION 'an appeal is looked at by somebody new' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF v_case.state <> 'recommended' OR v_case.reviewed_by_id IS DISTINCT FROM NEW.reviewer_id
    OR v_case.recommendation IS DISTINCT FROM NEW.recommendation
    OR NOT EXISTS (SELECT 1 FROM partners_applicationdecision d WHERE d.application_id = NEW.application_id
      AND d.round = NEW.round AND d.step = 'recommended' AND d.person_id = NEW.reviewer_id
      AND d.at = v_case.reviewed_at) THEN
    RAISE EXCEPTION 'a decision follows a recommendation' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.step = 'approved' AND NEW.recommendation <> 'approve' THEN
    RAISE EXCEPTION 'an approval needs two people for it' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.step = 'approved' AND (EXISTS (SELECT 1 FROM partners_carryoveritem c
      WHERE c.application_id = NEW.application_id AND c.settled_at IS NULL)
    OR (v_case.branch IN ({branches}) AND NOT EXISTS (SELECT 1 FROM partners_carryoveritem c
      WHERE c.application_id = NEW.application_id))) THEN
    RAISE EXCEPTION 'what is carried over is not ticked off' USING ERRCODE = 'check_violation';
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
    """Return the guard of a partner's state: only the table's steps, the first of them by his acceptance.

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
  IF OLD.state = '{PartnerState.AGREEMENT_PENDING}' AND NEW.state = '{PartnerState.ACTIVE}'
    AND NOT EXISTS (SELECT 1 FROM partners_termsacceptance t WHERE t.partner_id = NEW.id) THEN
    RAISE EXCEPTION 'a partner becomes active by accepting the terms' USING ERRCODE = 'check_violation';
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
  IF OLD.state = '{PartnerState.WINDING_DOWN}' AND NEW.state_set_by_id = OLD.state_set_by_id THEN
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
