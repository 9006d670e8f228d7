"""The database's own guard of a report: its states by the one table, its frozen header as it was."""

from reporting.models import ReportState
from reporting.services.states import TRANSITIONS

# Names that join the frozen header after the freeze: written by review and approval, by nothing else.
_LATER_NAMES = ("reviewed_by", "approved_by")
_FIXED = ("number", "period", "revision", "previous_id", "correction_reason", "device_rows", "frozen_at")


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _report_function(),
        "DROP TRIGGER IF EXISTS report_stays_as_frozen ON reporting_usagereport",
        """CREATE TRIGGER report_stays_as_frozen BEFORE UPDATE ON reporting_usagereport
        FOR EACH ROW EXECUTE FUNCTION reporting_guard_report()""",
    ]


def _report_function() -> str:
    pairs = ", ".join(sorted(f"('{before}', '{after}')" for before, after in TRANSITIONS))
    names = ", ".join(f"'{name}'" for name in _LATER_NAMES)
    fixed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED)
    return f"""
CREATE OR REPLACE FUNCTION reporting_guard_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({pairs}) THEN
    RAISE EXCEPTION 'a report may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.frozen_at IS NOT NULL AND ({fixed}
      OR NEW.header - ARRAY[{names}] IS DISTINCT FROM OLD.header - ARRAY[{names}]) THEN
    RAISE EXCEPTION 'a frozen report does not change' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state NOT IN ('{ReportState.BUILDING}', '{ReportState.DRAFT}', '{ReportState.REVIEWED}')
      AND NEW.header IS DISTINCT FROM OLD.header THEN
    RAISE EXCEPTION 'an approved report does not change' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
