"""The database's own guards of the programme's rules and products, and the functions by which SQL reads them.

The first version of each rule is put in here too, after every migration: a rule that the code knows is in
force from the programme's beginning, with the published numbers, until somebody publishes another version.
"""

import json

from core.database.access import APP_ROLE, MAR_ROLE, TPR_ROLE
from licensing.rules.programme_rules import BEGIN, RULES

# What a version said, and who said it. Only its state and its end may still move.
_STANDS = (
    "code", "number", "parameters", "sentences", "valid_from", "source", "reason", "notice_waiver",
    "written_by_id", "written_at", "published_by_id", "announced_at",
)  # fmt: skip
_FUNCTIONS = (
    "licensing_rule(text, text, timestamptz)",
    "licensing_rule_version(text, timestamptz)",
    "licensing_rules(timestamptz)",
)


def statements() -> list[str]:
    """Return the guards as SQL, safe to run again."""
    return [
        _stands_function(),
        "DROP TRIGGER IF EXISTS rule_stands ON licensing_ruleversion",
        """CREATE TRIGGER rule_stands BEFORE INSERT OR UPDATE OR DELETE ON licensing_ruleversion
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_rule()""",
        _chain_function(),
        "DROP TRIGGER IF EXISTS rule_chain ON licensing_ruleversion",
        """CREATE CONSTRAINT TRIGGER rule_chain AFTER INSERT OR UPDATE ON licensing_ruleversion
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION licensing_guard_rule_chain()""",
        "ALTER TABLE licensing_ruleversion DROP CONSTRAINT IF EXISTS rule_never_twice",
        # A range of one number stands for the code: equality of text inside GiST needs an extension.
        """ALTER TABLE licensing_ruleversion ADD CONSTRAINT rule_never_twice EXCLUDE USING gist (
          int8range(hashtext(code), hashtext(code), '[]') WITH &&,
          tstzrange(valid_from, valid_before) WITH &&
        ) WHERE (state = 'announced') DEFERRABLE INITIALLY DEFERRED""",
        _product_function(),
        "DROP TRIGGER IF EXISTS product_version_stands ON licensing_productversion",
        """CREATE TRIGGER product_version_stands BEFORE INSERT OR UPDATE OR DELETE ON licensing_productversion
        FOR EACH ROW EXECUTE FUNCTION licensing_guard_product_version()""",
        *_readers(),
        *(_first_version(code) for code in RULES),
        "SET CONSTRAINTS ALL IMMEDIATE",
    ]


def _stands_function() -> str:
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _STANDS)
    return f"""
CREATE OR REPLACE FUNCTION licensing_guard_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a version of a rule is never deleted' USING ERRCODE = 'check_violation';
  END IF;
  IF extract(second FROM NEW.valid_from) <> 0 THEN
    RAISE EXCEPTION 'a version of a rule begins with a whole minute' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' AND NEW.number <> 1 THEN
      RAISE EXCEPTION 'a version of a rule begins as a draft' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state = 'withdrawn' THEN
    RAISE EXCEPTION 'a withdrawn version of a rule stays as it is' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'announced' AND (NEW.state = 'draft' OR {changed}) THEN
    RAISE EXCEPTION 'a published version of a rule never changes' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.code <> OLD.code OR NEW.number <> OLD.number
    OR NEW.written_by_id IS DISTINCT FROM OLD.written_by_id THEN
    RAISE EXCEPTION 'a version of a rule keeps its rule, its number and its writer' USING ERRCODE = 'check_violation';
  END IF;
  IF OLD.state = 'draft' AND NEW.state = 'announced' AND (
    NEW.parameters IS DISTINCT FROM OLD.parameters OR NEW.sentences IS DISTINCT FROM OLD.sentences
    OR NEW.valid_from IS DISTINCT FROM OLD.valid_from) THEN
    RAISE EXCEPTION 'what is published is what was written' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _chain_function() -> str:
    """Return the check, at the end of the transaction, that a rule's versions follow each other without a gap."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_rule_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM (
      SELECT valid_before, lead(valid_from) OVER (ORDER BY valid_from) AS next_from
      FROM licensing_ruleversion WHERE code = NEW.code AND state = 'announced') v
    WHERE v.valid_before IS DISTINCT FROM v.next_from
  ) THEN
    RAISE EXCEPTION 'the versions of rule % leave a gap or overlap', NEW.code USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$"""


def _product_function() -> str:
    """Return the guard of a product's versions: what was announced or discarded stands as it is."""
    return """
CREATE OR REPLACE FUNCTION licensing_guard_product_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a version of a product is never deleted' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' THEN
      RAISE EXCEPTION 'a version of a product begins as a draft' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state <> 'draft' THEN
    RAISE EXCEPTION 'a version of a product that was published or discarded never changes'
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.written_by_id IS DISTINCT FROM OLD.written_by_id THEN
    RAISE EXCEPTION 'who wrote a version of a product stays its writer' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$"""


def _readers() -> list[str]:
    in_force = (
        """state = 'announced' AND valid_from <= p_at AND (valid_before IS NULL OR valid_before > p_at)"""
    )
    granted = ", ".join((APP_ROLE, TPR_ROLE, MAR_ROLE))
    return [
        f"""CREATE OR REPLACE FUNCTION licensing_rule(p_code text, p_name text, p_at timestamptz)
        RETURNS jsonb LANGUAGE sql STABLE AS $$
          SELECT parameters -> p_name FROM licensing_ruleversion WHERE code = p_code AND {in_force} $$""",
        f"""CREATE OR REPLACE FUNCTION licensing_rule_version(p_code text, p_at timestamptz)
        RETURNS integer LANGUAGE sql STABLE AS $$
          SELECT number FROM licensing_ruleversion WHERE code = p_code AND {in_force} $$""",
        f"""CREATE OR REPLACE FUNCTION licensing_rules(p_at timestamptz)
        RETURNS jsonb LANGUAGE sql STABLE AS $$
          SELECT coalesce(jsonb_object_agg(code, jsonb_strip_nulls(jsonb_build_object('number', number,
            'parameters', parameters, 'since', CASE WHEN number > 1 THEN valid_from END))), '{{}}')
          FROM licensing_ruleversion WHERE {in_force} $$""",
        *(f"REVOKE ALL ON FUNCTION {one} FROM PUBLIC" for one in _FUNCTIONS),
        *(f"GRANT EXECUTE ON FUNCTION {one} TO {granted}" for one in _FUNCTIONS),
    ]


def _first_version(code: str) -> str:
    rule = RULES[code]
    return f"""INSERT INTO licensing_ruleversion (code, number, parameters, sentences, state, valid_from, source,
      reason, notice_waiver)
    SELECT '{code}', 1, {_text(rule.defaults)}, {_text(rule.sentences)}, 'announced', '{BEGIN.isoformat()}',
      $q${rule.source}$q$, '', ''
    WHERE NOT EXISTS (SELECT 1 FROM licensing_ruleversion WHERE code = '{code}')"""


def _text(value: object) -> str:
    # The cursor reads a percent sign as a parameter only when it is given parameters; it is given none.
    return f"$q${json.dumps(value, ensure_ascii=False)}$q$::jsonb"
