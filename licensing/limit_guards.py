"""The database's own guard of limits: two people raise one, each named by himself (LIM-2); what was decided stands."""

from core.database.acting import names_only_who_acts
from licensing.models.limit_change import LimitChange

_GUARDED = {
    "partners_creditposition": ("limit", LimitChange.Kind.CREDIT),
    "licensing_orderlimit": ("monthly_quantity", LimitChange.Kind.MONTHLY),
}
# A country is agreed on like a raise; its end is written once and never taken back.
_COUNTRY = f"""
CREATE OR REPLACE FUNCTION licensing_guard_sale_country() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.valid_before IS NOT NULL OR (NEW.id, NEW.partner_id, NEW.country, NEW.valid_from)
      IS DISTINCT FROM (OLD.id, OLD.partner_id, OLD.country, OLD.valid_from) THEN
      RAISE EXCEPTION 'a country of sale is agreed on anew, by two people' USING ERRCODE = 'check_violation';
    END IF;
  ELSIF NOT EXISTS (SELECT 1 FROM licensing_limitchange c WHERE c.partner_id = NEW.partner_id
    AND c.kind = '{LimitChange.Kind.COUNTRY}' AND c.country = NEW.country AND c.after > c.before
    AND c.approved_at = NEW.valid_from) THEN
    RAISE EXCEPTION 'a country of sale is agreed on by two people' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        *(
            statement
            for table, (column, kind) in _GUARDED.items()
            for statement in _raise(table, column, kind)
        ),
        """CREATE OR REPLACE FUNCTION licensing_guard_limit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.approved_at IS NOT NULL OR OLD.discarded_at IS NOT NULL OR OLD.after < OLD.before
    OR (NEW.partner_id, NEW.kind, NEW.country, NEW.before, NEW.after, NEW.reason, NEW.written_by_id, NEW.written_at)
    IS DISTINCT FROM (OLD.partner_id, OLD.kind, OLD.country, OLD.before, OLD.after, OLD.reason, OLD.written_by_id,
      OLD.written_at) THEN
    RAISE EXCEPTION 'a decided change of a limit stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$""",
        "DROP TRIGGER IF EXISTS limit_change_stands ON licensing_limitchange",
        """CREATE TRIGGER limit_change_stands BEFORE UPDATE ON licensing_limitchange
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_limit_change()""",
        *names_only_who_acts("licensing_limitchange", "written_by_id", "approved_by_id"),
        _COUNTRY,
        "DROP TRIGGER IF EXISTS sale_country_by_two ON licensing_salecountry",
        """CREATE TRIGGER sale_country_by_two BEFORE INSERT OR UPDATE ON licensing_salecountry
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_sale_country()""",
    ]


def _raise(table: str, column: str, kind: str) -> list[str]:
    """Return the guard of one limit: a raise stands on an approved change to this very value."""
    name = f"licensing_guard_{kind}_limit"
    return [
        f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM licensing_limitchange c WHERE c.partner_id = NEW.partner_id AND c.kind = '{kind}'
    AND c.before = OLD."{column}" AND c.after = NEW."{column}" AND c.approved_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM licensing_limitchange l WHERE l.partner_id = c.partner_id AND l.kind = c.kind
      AND l.after < l.before AND l.written_at > c.approved_at)) THEN
    RAISE EXCEPTION 'a limit is raised by two people' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$""",
        f"DROP TRIGGER IF EXISTS limit_raised_by_two ON {table}",
        f"""CREATE TRIGGER limit_raised_by_two BEFORE UPDATE OF "{column}" ON {table}
        FOR EACH ROW WHEN (NEW."{column}" > OLD."{column}") EXECUTE FUNCTION {name}()""",
    ]
