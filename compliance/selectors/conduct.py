"""Gather the facts of partners' conduct: for one or for all in the same number of queries."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet

from compliance.rules.conduct import Conduct
from compliance.rules.score_model import ScoreRules
from licensing.models import Build, KeyHandOver, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.unreported import unreported_hand_overs
from partners.models import CreditPosition, Document, Partner, Recipient
from partners.models.recipients import RecipientState
from partners.selectors.partner_documents import OF_RECIPIENTS
from partners.selectors.training import required_courses, valid_passes

ENABLED = (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_ENABLED_PENDING_UPDATE)
GOING_BACK = (KeyState.REPORTED_RETURN, KeyState.RETURNED)
# Microsoft's words for a hash or key that was seen before, or is stolen.
DUPLICATE_CODES = ("01", "06", "07")


def conduct_of(partner_id: UUID, *, rules: ScoreRules, at: datetime, zone: ZoneInfo) -> Conduct:
    """Return one partner's facts, in his own scope or the MAR's."""
    return conduct_of_all(rules=rules, at=at, zone=zone, only=[partner_id])[partner_id]


def conduct_of_all(
    *, rules: ScoreRules, at: datetime, zone: ZoneInfo, only: Iterable[UUID] | None = None
) -> dict[UUID, Conduct]:
    """Return every partner's facts, or those of the named ones."""
    wanted = Partner.objects.all() if only is None else Partner.objects.filter(pk__in=list(only))
    found: dict[UUID, dict[str, Any]] = {partner_id: {} for partner_id in wanted.values_list("pk", flat=True)}
    ids = None if only is None else list(found)
    since, today = at - timedelta(days=rules.window_days), at.astimezone(zone).date()
    courses = required_courses(at)
    for rows in (
        _unreported(ids, rules, at),
        _built(ids, rules, since, at),
        _taken(ids, since, at),
        _held(ids),
        _returned(ids, since),
        _credit(ids),
        _papers(ids, rules, at, today),
        _recipients(ids, today),
        _training(ids, courses, today),
    ):
        for partner_id, facts in rows.items():
            if partner_id in found:
                found[partner_id] |= facts
    defaults = {
        "papers_wanted": len(rules.wanted_papers),
        "papers_missing": len(rules.wanted_papers),
        # Without a required course there is nothing to measure.
        "courses": len(courses) or None,
        "courses_missing": len(courses),
    }
    return {partner_id: Conduct(**(defaults | facts)) for partner_id, facts in found.items()}


def unreported_ages(
    ages: tuple[int, int, int], at: datetime, ids: list[UUID] | None = None
) -> dict[UUID, tuple[int, int, int, int]]:
    """Return by partner how many keys were taken and not reported: within the first age, then past each.

    Keys on hold do not count: nobody may report them.
    """
    limits = [at - timedelta(days=days) for days in ages]
    open_ = _of(unreported_hand_overs(), ids)
    rows = open_.values_list("partner_id").annotate(
        fresh=Count("id", filter=Q(handed_at__gt=limits[0])),
        first=Count("id", filter=Q(handed_at__lte=limits[0], handed_at__gt=limits[1])),
        second=Count("id", filter=Q(handed_at__lte=limits[1], handed_at__gt=limits[2])),
        third=Count("id", filter=Q(handed_at__lte=limits[2])),
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows.order_by()}


def _of(rows: QuerySet[Any], ids: list[UUID] | None) -> QuerySet[Any]:
    return rows if ids is None else rows.filter(partner_id__in=ids)


def _unreported(ids: list[UUID] | None, rules: ScoreRules, at: datetime) -> dict[UUID, dict[str, Any]]:
    found = unreported_ages(rules.age_days, at, ids)
    return {partner_id: {"unreported": counts} for partner_id, counts in found.items()}


def _built(
    ids: list[UUID] | None, rules: ScoreRules, since: datetime, at: datetime
) -> dict[UUID, dict[str, Any]]:
    rows = _of(Build.objects.filter(reported_at__gt=since, reported_at__lte=at, ended_at__isnull=True), ids)
    late = Q(reported_at__gte=F("key__hand_over__handed_at") + timedelta(days=rules.age_days[0]))
    counted = rows.values_list("partner_id").annotate(
        built=Count("id"),
        late=Count("id", filter=late),
        by_api=Count("id", filter=Q(channel=Build.Channel.API)),
        duplicates=Count("id", filter=Q(ack_code__in=DUPLICATE_CODES)),
    )
    names = ("built", "built_late", "built_by_api", "duplicates")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in counted.order_by()}


def _taken(ids: list[UUID] | None, since: datetime, at: datetime) -> dict[UUID, dict[str, Any]]:
    rows = _of(KeyHandOver.objects.filter(handed_at__gt=since, handed_at__lte=at), ids)
    counted = rows.values_list("partner_id").annotate(
        taken=Count("id"), revealed=Count("id", filter=Q(channel=KeyHandOver.Channel.REVEAL))
    )
    return {row[0]: {"taken": row[1], "revealed": row[2]} for row in counted.order_by()}


def _held(ids: list[UUID] | None) -> dict[UUID, dict[str, Any]]:
    rows = _of(
        ProductKey.objects.filter(partner__isnull=False, state__in=(*ENABLED, KeyState.ACTIVATION_DENIED)),
        ids,
    )
    denied = Q(state=KeyState.ACTIVATION_DENIED)
    counted = rows.values_list("partner_id").annotate(
        enabled=Count("id", filter=~denied),
        denied=Count("id", filter=denied),
        stuck=Count("id", filter=denied & ~Q(hold=Hold.NONE)),
    )
    return {
        row[0]: {"enabled": row[1], "denied": row[2], "denied_stuck": row[3]} for row in counted.order_by()
    }


def _returned(ids: list[UUID] | None, since: datetime) -> dict[UUID, dict[str, Any]]:
    """Count PCs that were activated and whose key went back all the same."""
    rows = Build.objects.filter(state="enabled", key__state__in=GOING_BACK, key__state_since__gt=since)
    counted = _of(rows, ids).values_list("partner_id").annotate(returned=Count("id"))
    return {row[0]: {"returned": row[1]} for row in counted.order_by()}


def _credit(ids: list[UUID] | None) -> dict[UUID, dict[str, Any]]:
    rows = _of(CreditPosition.objects.all(), ids).values_list("partner_id", "limit", "unpaid")
    return {partner_id: {"credit_limit": limit, "unpaid": unpaid} for partner_id, limit, unpaid in rows}


def _papers(
    ids: list[UUID] | None, rules: ScoreRules, at: datetime, today: date
) -> dict[UUID, dict[str, Any]]:
    """Count wanted papers without a valid one, and others of which only expired ones are left."""
    valid = Q(expires_on__isnull=True) | Q(expires_on__gte=today)
    papers = Document.objects.filter(partner__isnull=False, removed_at__isnull=True, uploaded_at__lte=at)
    rows = (
        _of(papers.exclude(kind__in=OF_RECIPIENTS), ids)
        .values_list("partner_id", "kind", "title")
        .annotate(valid=Count("id", filter=valid))
        .order_by()
    )
    have: dict[UUID, set[str]] = {}
    expired: dict[UUID, int] = {}
    for partner_id, kind, _title, count in rows:
        have.setdefault(partner_id, set()).update([kind] if count else [])
        if not count and kind not in rules.wanted_papers:
            expired[partner_id] = expired.get(partner_id, 0) + 1
    return {
        partner_id: {
            "papers_missing": len(set(rules.wanted_papers) - kinds),
            "papers_expired": expired.get(partner_id, 0),
        }
        for partner_id, kinds in have.items()
    }


def _recipients(ids: list[UUID] | None, today: date) -> dict[UUID, dict[str, Any]]:
    rows = _of(Recipient.objects.filter(state__in=(RecipientState.APPROVED, RecipientState.EXPIRED)), ids)
    over = Q(state=RecipientState.EXPIRED) | Q(evidence_until__lt=today)
    counted = rows.values_list("partner_id").annotate(all=Count("id"), over=Count("id", filter=over))
    return {row[0]: {"evidence": row[1], "evidence_expired": row[2]} for row in counted.order_by()}


def _training(ids: list[UUID] | None, courses: list[UUID], today: date) -> dict[UUID, dict[str, Any]]:
    """Count the required courses that nobody of a partner has a valid pass in."""
    counted = (
        _of(valid_passes(today).filter(course__in=courses), ids)
        .values_list("partner_id")
        .annotate(passed=Count("course", distinct=True))
        .order_by()
    )
    return {row[0]: {"courses_missing": len(courses) - row[1]} for row in counted}
