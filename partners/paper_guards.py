"""The database's own guards of papers: a row points at its own partner's paper, a paper at its owner's file."""

from core.database.access import APP_ROLE, TPR_ROLE

FOLDER = "documents"

# Table: the columns that name a row of the same partner, and where that row stands.
_OWN = {
    "partners_recipientevidence": {"document_id": "partners_document", "recipient_id": "partners_recipient"},
    "partners_recipientrenewal": {
        "recipient_id": "partners_recipient",
        "evidence_id": "partners_recipientevidence",
    },
    "partners_brand": {"logo_id": "partners_document"},
}


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _file_function(),
        "DROP TRIGGER IF EXISTS document_of_its_owner ON partners_document",
        """CREATE TRIGGER document_of_its_owner BEFORE INSERT OR UPDATE ON partners_document
        FOR EACH ROW EXECUTE FUNCTION partners_guard_document()""",
        _own_rows_function(),
        *(line for table, columns in _OWN.items() for line in own_rows_trigger(table, columns)),
    ]


def own_rows_trigger(table: str, columns: dict[str, str]) -> list[str]:
    """Return the SQL by which a table's columns name rows of the same partner only."""
    arguments = ", ".join(f"'{column}', '{target}'" for column, target in columns.items())
    return [
        f"DROP TRIGGER IF EXISTS own_rows_only ON {table}",
        f"""CREATE TRIGGER own_rows_only BEFORE INSERT OR UPDATE ON {table}
        FOR EACH ROW EXECUTE FUNCTION partners_guard_own_rows({arguments})""",
    ]


def _file_function() -> str:
    """Return the guard of a paper: an outsider names a file of his own folder, and nobody exchanges it."""
    return f"""
CREATE OR REPLACE FUNCTION partners_guard_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.path, NEW.sha256, NEW.size) IS DISTINCT FROM (OLD.path, OLD.sha256, OLD.size) THEN
      RAISE EXCEPTION 'the file of a paper never changes' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF current_user IN ('{APP_ROLE}', '{TPR_ROLE}')
    AND NOT starts_with(NEW.path, '{FOLDER}/' || coalesce(NEW.partner_id, NEW.application_id) || '/') THEN
    RAISE EXCEPTION 'this file is another''s' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""


def _own_rows_function() -> str:
    """Return the guard behind foreign keys, which look past row-level security."""
    return """
CREATE OR REPLACE FUNCTION partners_guard_own_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_is_own boolean;
BEGIN
  FOR place IN 0 .. TG_NARGS - 1 BY 2 LOOP
    v_id := (to_jsonb(NEW) ->> TG_ARGV[place])::uuid;
    CONTINUE WHEN v_id IS NULL;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I t WHERE t.id = $1 AND t.partner_id = $2)', TG_ARGV[place + 1])
      INTO v_is_own USING v_id, NEW.partner_id;
    IF NOT v_is_own THEN
      RAISE EXCEPTION '% names another partner''s row', TG_ARGV[place] USING ERRCODE = 'check_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$"""
