"""The database's guard of the two people who let a held key go: each was named by himself, in an act of his own."""

from core.database.acting import names_only_who_acts
from licensing.rules.key_states import Hold


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        *names_only_who_acts("licensing_correctionrequest", "asked_by_id", "decided_by_id"),
        *names_only_who_acts("licensing_batchstop", "stopped_by_id", "decided_by_id"),
        *names_only_who_acts("licensing_stockpool", "created_by_id", "opened_by_id"),
        _lift_function(),
        "DROP TRIGGER IF EXISTS lift_names_who_acts ON licensing_holdlift",
        """CREATE TRIGGER lift_names_who_acts BEFORE INSERT ON licensing_holdlift
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_lift()""",
    ]


def _lift_function() -> str:
    """Return the guard of a proof: who lifts is acting, and the first person of a quarantine said so before.

    He did in a correction of this key, or by stopping its delivery; both rows are guarded in the same way. A
    label of the portal's own work names nobody, and a person never lifts on its word.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_lift() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_person text := nullif(current_setting('app.person', true), '');
BEGIN
  IF NEW.lifted_by LIKE 'person:%' AND NEW.lifted_by IS DISTINCT FROM 'person:' || v_person THEN
    RAISE EXCEPTION 'licensing_holdlift.lifted_by names somebody who is not acting' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.hold = '{Hold.QUARANTINED}' AND (NEW.asked_by LIKE 'person:%' OR NEW.lifted_by LIKE 'person:%')
    AND NOT EXISTS (SELECT 1 FROM licensing_correctionrequest c WHERE c.key_id = NEW.key_id
      AND c.state = 'approved' AND 'person:' || c.asked_by_id = NEW.asked_by
      AND 'person:' || c.decided_by_id = NEW.lifted_by)
    AND NOT EXISTS (SELECT 1 FROM licensing_stoppedkey k JOIN licensing_batchstop s ON s.id = k.stop_id
      WHERE k.key_id = NEW.key_id AND 'person:' || s.stopped_by_id = NEW.asked_by
      AND 'person:' || s.decided_by_id = NEW.lifted_by) THEN
    RAISE EXCEPTION 'licensing_holdlift.asked_by names somebody who did not ask' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
