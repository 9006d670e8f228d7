"""The database's own guard of standing orders and of files of orders: what was ordered stays ordered."""


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        *_trigger("standing_order_moves", "licensing_standingorder", _STANDING),
        *_trigger("standing_run_stands", "licensing_standingrun", _RUN),
        *_trigger("order_file_line_stands", "licensing_orderfileline", _FILE_LINE),
    ]


def _trigger(name: str, table: str, body: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION licensing_{name}() RETURNS trigger LANGUAGE plpgsql AS $$\n{body}\n$$",
        f"DROP TRIGGER IF EXISTS {name} ON {table}",
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION licensing_{name}()",
    ]


_STANDING = """BEGIN
  IF OLD.state = 'ended' OR NEW.runs_made < OLD.runs_made OR
     (NEW.partner_id, NEW.owner_id, NEW.owner_key_id, NEW.cadence, NEW.weekday, NEW.month_day, NEW.starts_on,
      NEW.ends_on, NEW.times, NEW.time_of_day, NEW.time_zone, NEW.if_refused) IS DISTINCT FROM
     (OLD.partner_id, OLD.owner_id, OLD.owner_key_id, OLD.cadence, OLD.weekday, OLD.month_day, OLD.starts_on,
      OLD.ends_on, OLD.times, OLD.time_of_day, OLD.time_zone, OLD.if_refused) THEN
    RAISE EXCEPTION 'a standing order is ended, never changed' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END"""

_RUN = """BEGIN
  IF OLD.outcome NOT IN ('held', 'stopped') OR (NEW.standing_order_id, NEW.partner_id, NEW.period) IS DISTINCT FROM
     (OLD.standing_order_id, OLD.partner_id, OLD.period) THEN
    RAISE EXCEPTION 'what became of a day of a standing order stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END"""

_FILE_LINE = """BEGIN
  IF OLD.order_id IS NOT NULL OR (NEW.file_id, NEW.partner_id, NEW.row_number, NEW.product_id, NEW.quantity)
     IS DISTINCT FROM (OLD.file_id, OLD.partner_id, OLD.row_number, OLD.product_id, OLD.quantity) THEN
    RAISE EXCEPTION 'a row of a file of orders never changes' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END"""
