"""The database's own answer to "who says so?": a person stands in a row only when he himself is acting.

``core.tenancy.acting_as`` tells each transaction who acts. It is a setting of the session, so it holds
against a mistake in code and a stray UPDATE, not against somebody who may run any SQL he likes.
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION core_guard_acting_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_person text := nullif(current_setting('app.person', true), '');
  v_new jsonb := to_jsonb(NEW);
  v_old jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}'::jsonb END;
  v_column text;
  v_said text;
BEGIN
  FOREACH v_column IN ARRAY TG_ARGV LOOP
    v_said := coalesce(v_new->>v_column, '');
    IF v_said <> '' AND v_said IS DISTINCT FROM v_old->>v_column
      AND v_said IS DISTINCT FROM v_person AND v_said IS DISTINCT FROM 'person:' || v_person THEN
      RAISE EXCEPTION '%.% names somebody who is not acting', TG_TABLE_NAME, v_column
        USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$"""


def names_only_who_acts(table: str, *columns: str) -> list[str]:
    """Return the guard of columns that hold a person's id or label, as SQL that is safe to run again."""
    listed = ", ".join(f"'{column}'" for column in columns)
    return [
        FUNCTION,
        f'DROP TRIGGER IF EXISTS names_only_who_acts ON "{table}"',
        f"""CREATE TRIGGER names_only_who_acts BEFORE INSERT OR UPDATE ON "{table}"
        FOR EACH ROW EXECUTE FUNCTION core_guard_acting_person({listed})""",
    ]
