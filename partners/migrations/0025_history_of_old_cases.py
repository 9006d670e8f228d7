from django.db import migrations

# Cases decided before the history was kept (0010) have both people on the case itself. Their rows are entered now,
# and say so. A case that names no second person is left out: what was not recorded is not made up. What came before
# an appeal that was decided again is gone from the case and left out too.
#
# Approvals follow a yes. Where the proposal before a refusal was not recorded it counts as a yes, as in 0010: then a
# review was only ever passed on.
_CASES = """
  SELECT a.*, CASE WHEN a.appealed_at IS NOT NULL AND a.decided_at > a.appealed_at THEN 2 ELSE 1 END AS round,
    CASE WHEN a.state = 'approved' THEN 'approved' ELSE 'rejected' END AS step,
    CASE WHEN a.recommendation = '' THEN 'approve' ELSE a.recommendation END AS proposal,
    CASE WHEN a.decision_code = '' THEN 'other' ELSE a.decision_code END AS code
  FROM partners_application a
  WHERE a.state IN ('approved', 'rejected', 'appealed') AND a.decided_by_id IS NOT NULL AND a.decided_at IS NOT NULL
    AND a.reviewed_by_id IS NOT NULL AND a.reviewed_at IS NOT NULL AND a.reviewed_by_id <> a.decided_by_id
"""
_LATER = "' (Entered later, from the case as it stood.)'"

FILL_RECOMMENDED = f"""
INSERT INTO partners_applicationdecision
  (id, application_id, round, step, person_id, at, reviewer_id, recommendation, reason_code, note)
SELECT gen_random_uuid(), c.id, c.round, 'recommended', c.reviewed_by_id, c.reviewed_at, NULL, c.proposal,
  CASE WHEN c.proposal = 'reject' THEN c.code ELSE '' END, left(c.review_note, 950) || {_LATER}
FROM ({_CASES}) c
WHERE NOT EXISTS (SELECT 1 FROM partners_applicationdecision d
  WHERE d.application_id = c.id AND d.round = c.round AND d.step = 'recommended')
"""
FILL_DECIDED = f"""
INSERT INTO partners_applicationdecision
  (id, application_id, round, step, person_id, at, reviewer_id, recommendation, reason_code, note)
SELECT gen_random_uuid(), c.id, c.round, c.step, c.decided_by_id, c.decided_at, c.reviewed_by_id, c.proposal,
  CASE WHEN c.step = 'rejected' THEN c.code ELSE '' END, left(c.decision_reason, 950) || {_LATER}
FROM ({_CASES}) c
WHERE NOT EXISTS (SELECT 1 FROM partners_applicationdecision d
  WHERE d.application_id = c.id AND d.round = c.round AND d.step IN ('approved', 'rejected'))
"""
# The guard of new rows asks for a case that is being decided; these are over.
_GUARD = """
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'application_decision_holds') THEN
    ALTER TABLE partners_applicationdecision {verb} TRIGGER application_decision_holds;
  END IF;
END $$"""
STATEMENTS = [
    _GUARD.format(verb="DISABLE"),
    FILL_RECOMMENDED,
    FILL_DECIDED,
    "SET CONSTRAINTS ALL IMMEDIATE",
    _GUARD.format(verb="ENABLE"),
]


class Migration(migrations.Migration):
    """Enter the history of cases that were decided before there was one."""

    dependencies = [("partners", "0024_owner_resets")]

    operations = [migrations.RunSQL(STATEMENTS, migrations.RunSQL.noop)]
