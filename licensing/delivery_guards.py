"""The database's guards of deliveries that are stopped and undone: that nothing of them comes free, who, which keys.

Also that a key's name is its own.
"""

from core.database.access import ALLOCATOR_ROLE
from licensing.rules.key_states import Hold, KeyState


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _stopped_function(),
        f"ALTER FUNCTION licensing_guard_stopped_key() OWNER TO {ALLOCATOR_ROLE}",
        # By its name before key_transition, which looks at the hold that this one sets.
        "DROP TRIGGER IF EXISTS key_stopped ON licensing_productkey",
        f"""CREATE TRIGGER key_stopped BEFORE UPDATE OF state, hold ON licensing_productkey FOR EACH ROW
        WHEN (NEW.state = {KeyState.FULFILLED:d} AND NEW.hold = '{Hold.NONE}'
          AND (OLD.state <> NEW.state OR OLD.hold <> NEW.hold))
        EXECUTE FUNCTION licensing_guard_stopped_key()""",
        _undo_function(),
        "DROP TRIGGER IF EXISTS key_undone ON licensing_productkey",
        f"""CREATE TRIGGER key_undone BEFORE UPDATE OF state ON licensing_productkey
        FOR EACH ROW WHEN (NEW.state = {KeyState.UNDONE:d}) EXECUTE FUNCTION licensing_guard_undo()""",
        _name_function(),
        "DROP TRIGGER IF EXISTS key_name_stands ON licensing_productkey",
        """CREATE TRIGGER key_name_stands BEFORE UPDATE OF product_key_id ON licensing_productkey
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_key_name()""",
        _secret_function(),
        "DROP TRIGGER IF EXISTS secret_stands ON licensing_keysecret",
        """CREATE TRIGGER secret_stands BEFORE UPDATE ON licensing_keysecret
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_secret()""",
        _stop_function(),
        "DROP TRIGGER IF EXISTS stop_stands ON licensing_batchstop",
        """CREATE TRIGGER stop_stands BEFORE UPDATE ON licensing_batchstop
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_batch_stop()""",
    ]


def _stopped_function() -> str:
    """Return the guard of a key that comes free: while its delivery is stopped it falls into quarantine.

    Whatever road it comes by: a cancelled order, a reservation's end, a swap, a hold that is lifted. It joins
    the stop, so it goes where the rest goes. The shared lock lets the stop wait for who is about to free a
    key, and who comes later wait for the stop.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_stopped_key() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_stop uuid;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('licensing.stop.' || NEW.batch_id));
  SELECT s.id INTO v_stop FROM public.licensing_batchstop s
  WHERE s.batch_id = NEW.batch_id AND s.state <> 'given_back';
  IF FOUND THEN
    NEW.hold := '{Hold.QUARANTINED}';
    INSERT INTO public.licensing_stoppedkey (stop_id, key_id) VALUES (v_stop, NEW.id) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NEW;
END $$"""


def _undo_function() -> str:
    """Return the guard of an undone key: never decrypted, never out of stock, with a tombstone and two people.

    That the two differ is a constraint of the stop itself.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.is_disclosed OR EXISTS (SELECT 1 FROM licensing_ledgerentry l
     WHERE l.key_id = NEW.id AND l.to_state <> {KeyState.FULFILLED:d}) THEN
    RAISE EXCEPTION 'a key that ever left the stock is not undone' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM licensing_undonekey u JOIN licensing_batchstop s ON s.id = u.stop_id
     JOIN licensing_keysecret c ON c.key_id = u.key_id AND c.blind_index = u.blind_index
     WHERE u.key_id = NEW.id AND s.batch_id = NEW.batch_id AND s.state = 'undone'
       AND u.product_key_id = OLD.product_key_id) THEN
    RAISE EXCEPTION 'a key is undone with its delivery, by two people' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _name_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_key_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.product_key_id IS DISTINCT FROM OLD.product_key_id
     AND NOT (OLD.state = {KeyState.FULFILLED:d} AND NEW.state = {KeyState.UNDONE:d})
     AND NOT public.licensing_is_decoy(OLD.id) THEN
    RAISE EXCEPTION 'a key keeps its name' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _secret_function() -> str:
    """Return the guard of a key's secret: it stands, and of an undone key the blind index changes once."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM licensing_undonekey u JOIN licensing_productkey k ON k.id = u.key_id
    WHERE u.key_id = OLD.key_id AND k.state = {KeyState.UNDONE:d} AND u.blind_index = OLD.blind_index) THEN
    RAISE EXCEPTION 'the secret of a key stands' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _stop_function() -> str:
    return """
CREATE OR REPLACE FUNCTION licensing_guard_batch_stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'stopped' OR (NEW.batch_id, NEW.stopped_by_id, NEW.stopped_at, NEW.reason)
     IS DISTINCT FROM (OLD.batch_id, OLD.stopped_by_id, OLD.stopped_at, OLD.reason) THEN
    RAISE EXCEPTION 'a stopped delivery is decided once' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""
