"""The database's part in decoy keys: it knows one when it is asked, and lets none of them out of stock.

The key of the marks comes with the connection (a start-up option, in no statement and no table), so a
copy of the database answers nothing.
"""

from core.database.access import ALLOCATOR_ROLE, APP_ROLE, MAR_ROLE, TPR_ROLE
from licensing.guards import drop_all

SETTING = "app.decoy_key"
FUNCTIONS = {
    # Without a scope too: a shell that opens a decoy must sound the alarm before it meets a missing right.
    "licensing_is_decoy(bigint)": f"{APP_ROLE}, {TPR_ROLE}, {MAR_ROLE}",
    "licensing_decoys_free(bigint)": MAR_ROLE,
    "licensing_add_decoys(bytea[])": MAR_ROLE,
    "licensing_decoy_moved(bigint, text, text)": MAR_ROLE,
}
_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"


def statements() -> list[str]:
    """Return the functions as SQL, safe to run again."""
    made = [
        is_decoy_function(),
        _add_function(),
        _decoys_free_function(),
        drop_all("licensing_decoy_held"),
        _decoy_moved_function(),
    ]
    for name, roles in FUNCTIONS.items():
        made += [
            f"ALTER FUNCTION {name} OWNER TO {ALLOCATOR_ROLE}",
            f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {name} TO {roles}",
        ]
    return made


def is_decoy_function() -> str:
    """Return the SQL of the one question: HMAC-SHA-256 of the key's number, looked up among the marks.

    The setting holds both padded blocks of the HMAC key and the mark of the number 0, 160 bytes as hex.
    Without it, or with another key than the marks were made by, the answer is an error: nothing leaves the
    stock then. Every key that leaves is asked for, so it is one look-up of two rows.
    """
    return f"""
CREATE OR REPLACE FUNCTION licensing_is_decoy(p_key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT {_DEFINER} AS $$
DECLARE
  v_key bytea := decode(current_setting('{SETTING}', true), 'hex');
  v_mark bytea := sha256(substr(v_key, 65, 64) || sha256(substr(v_key, 1, 64) || convert_to(p_key::text, 'UTF8')));
  v_zero bytea := substr(v_key, 129);
  v_is boolean;
BEGIN
  SELECT bool_or(d.mark = v_mark) INTO v_is FROM public.licensing_decoy d WHERE d.mark IN (v_mark, v_zero);
  IF v_is IS NULL AND EXISTS (SELECT 1 FROM public.licensing_decoy) THEN
    RAISE EXCEPTION 'the connection does not carry the key of the decoys' USING ERRCODE = 'config_file_error';
  END IF;
  RETURN coalesce(v_is, false);
END $$"""


def _add_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_add_decoys(p_marks bytea[]) RETURNS void LANGUAGE sql {_DEFINER} AS $$
  INSERT INTO public.licensing_decoy (mark) SELECT unnest(p_marks) ON CONFLICT DO NOTHING
$$"""


def _decoys_free_function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION licensing_decoys_free(p_product bigint) RETURNS bigint
LANGUAGE sql STABLE {_DEFINER} AS $$
  SELECT coalesce(sum(c.free), 0)::bigint FROM public.licensing_decoycount c WHERE c.product_id = p_product
$$"""


def _decoy_moved_function() -> str:
    """Return the SQL that counts a decoy at another place from now on; the guard of keys calls it."""
    return f"""
CREATE OR REPLACE FUNCTION licensing_decoy_moved(p_fulfilment bigint, p_from text, p_to text) RETURNS void
LANGUAGE sql {_DEFINER} AS $$
  UPDATE public.licensing_decoycount SET
    free = free - (p_from = 'none')::integer + (p_to = 'none')::integer,
    held = held - (p_from = 'quarantined')::integer + (p_to = 'quarantined')::integer,
    undone = undone + (p_to = 'undone')::integer
  WHERE fulfilment_id = p_fulfilment
$$"""
