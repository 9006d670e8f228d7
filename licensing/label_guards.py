"""The database's own guards of labels: what is issued was received, what is used was issued to its partner."""


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _issue_function(),
        "DROP TRIGGER IF EXISTS label_issue_stands ON licensing_labelissue",
        """CREATE TRIGGER label_issue_stands BEFORE INSERT OR UPDATE ON licensing_labelissue
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_label_issue()""",
        _use_function(),
        "DROP TRIGGER IF EXISTS label_use_stands ON licensing_labeluse",
        """CREATE TRIGGER label_use_stands BEFORE INSERT OR UPDATE ON licensing_labeluse
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_label_use()""",
    ]


def _issue_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_label_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.returned_at IS NOT NULL
      OR to_jsonb(NEW) - 'returned_at' - 'returned_by' <> to_jsonb(OLD) - 'returned_at' - 'returned_by' THEN
      RAISE EXCEPTION 'issued labels stand; they are only taken back, once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM licensing_labeldelivery d WHERE d.id = NEW.delivery_id
    AND d.first_position <= NEW.first_position AND d.last_position >= NEW.last_position) THEN
    RAISE EXCEPTION 'these labels were not received' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _use_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_label_use() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.kind = 'spoiled' THEN
      RAISE EXCEPTION 'a spoiled label stays spoiled' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind <> 'spoiled' OR (to_jsonb(NEW) - 'kind' - 'reason' - 'spoiled_at')
       <> (to_jsonb(OLD) - 'kind' - 'reason' - 'spoiled_at') THEN
      RAISE EXCEPTION 'a used label is only ever spoiled' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  -- Held, so that the range is not taken back in this very moment.
  PERFORM 1 FROM public.licensing_labelissue i WHERE i.id = NEW.issue_id AND i.partner_id = NEW.partner_id
    AND i.returned_at IS NULL AND NEW.position BETWEEN i.first_position AND i.last_position FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this label was not issued to the partner' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.device_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.licensing_device d
    WHERE d.id = NEW.device_id AND d.partner_id = NEW.partner_id) THEN
    RAISE EXCEPTION 'a label goes on a PC of its own partner' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
