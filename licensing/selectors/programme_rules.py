"""Read the programme's rules: the set in force at an instant, and each rule's versions."""

import json
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from licensing.models.programme_rule import RuleState, RuleVersion
from licensing.rules.programme_rules import Ruleset, ruleset_of


def rules_at(at: datetime) -> Ruleset:
    """Return every rule in force at an instant. One statement, in any scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_rules(%s)::text", [at])
        row = cursor.fetchone()
    assert row is not None  # noqa: S101  (a function's answer is one row)
    return ruleset_of(json.loads(row[0]))


def versions_of(code: str) -> QuerySet[RuleVersion]:
    """Return a rule's versions, the newest first. Inside the MAR's scope its drafts too."""
    return RuleVersion.objects.filter(code=code).select_related("written_by", "published_by", "withdrawn_by")


def version_by_id(version_id: int) -> RuleVersion | None:
    """Return one version, None when there is none."""
    return RuleVersion.objects.select_related("written_by", "published_by").filter(pk=version_id).first()


def in_force(at: datetime) -> list[RuleVersion]:
    """Return the version of each rule that is in force at an instant, by code."""
    rows = RuleVersion.objects.filter(state=RuleState.ANNOUNCED, valid_from__lte=at)
    return list(rows.exclude(valid_before__lte=at).order_by("code"))


def ahead(at: datetime) -> list[RuleVersion]:
    """Return the versions that are announced and not in force yet, the soonest first."""
    rows = RuleVersion.objects.filter(state=RuleState.ANNOUNCED, valid_from__gt=at)
    return list(rows.order_by("valid_from", "code"))


def drafts() -> list[RuleVersion]:
    """Return the drafts of all rules, the soonest first. Inside the MAR's scope."""
    rows = RuleVersion.objects.select_related("written_by").filter(state=RuleState.DRAFT)
    return list(rows.order_by("valid_from", "code"))
