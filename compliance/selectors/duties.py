"""Read the facts from which a partner's duties follow; and how far new partners have come."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Avg, Count, F, Max, Min, OuterRef, Subquery

from compliance.rules.duties import AHEAD, Dated, Duty, DutyFacts, duties
from compliance.rules.first_steps import STEPS, FirstStep, first_steps
from compliance.rules.reporting_rule import ages_of
from licensing.models import Build, KeyHandOver, Order, ProductKey
from licensing.rules.key_states import KeyState
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.unreported import unreported_hand_overs
from partners.models import (
    Document,
    Membership,
    NamedContact,
    Partner,
    Recipient,
    TermsAcceptance,
    TrainingAttempt,
)
from partners.models.recipients import RecipientState
from partners.selectors.partner_documents import OF_RECIPIENTS
from partners.selectors.terms import agreement_standings
from partners.selectors.training import missing_training


@dataclass(frozen=True, slots=True)
class Onboarding:
    """A new partner's first steps, and how long they took others on average, in days by step."""

    steps: list[FirstStep]
    averages: dict[str, float]

    @property
    def is_done(self) -> bool:
        """Return whether the last step is taken: whoever has reported a PC is no newcomer."""
        return self.steps[-1].done_at is not None


def duties_of(partner_id: UUID, *, at: datetime, zone: ZoneInfo) -> list[Duty]:
    """Return what a partner owes by which day, in his scope or the MAR's."""
    return duties(duty_facts(partner_id, at=at, zone=zone))


def duty_facts(partner_id: UUID, *, at: datetime, zone: ZoneInfo) -> DutyFacts:
    """Read what a partner's duties follow from."""
    today = at.astimezone(zone).date()
    taken = (
        unreported_hand_overs()
        .filter(partner_id=partner_id)
        .aggregate(count=Count("id"), oldest=Min("handed_at"))
    )
    partner = Partner.objects.get(pk=partner_id)
    ends_at = partner.access_ends_at
    return DutyFacts(
        today=today,
        unreported=taken["count"],
        oldest_taken_on=taken["oldest"].astimezone(zone).date() if taken["oldest"] else None,
        limits=ages_of(rules_at(at)),
        terms=[
            Dated(one.on_offer.version, one.on_offer.due_from.astimezone(zone).date(), str(one.on_offer.pk))
            for one in agreement_standings(partner_id, at)
            if one.is_open
        ],
        missing_courses=[course.title for course in missing_training(partner_id, at)],
        passes=_passes(partner_id, today),
        documents=_documents(partner_id, today),
        recipients=_recipients(partner_id, today),
        returns_open=ProductKey.objects.filter(partner_id=partner_id, state=KeyState.REPORTED_RETURN).count(),
        access_last_day=(ends_at - timedelta(microseconds=1)).astimezone(zone).date() if ends_at else None,
    )


def onboarding_of(partner_id: UUID) -> Onboarding:
    """Return a partner's first steps with their due days."""
    partner = Partner.objects.annotate(**_done_times()).get(pk=partner_id)
    done = {step.name: getattr(partner, f"{step.name}_at") for step in STEPS}
    return Onboarding(first_steps(partner.created_at, done), {})


def lead_times() -> dict[str, float]:
    """Return how many days each first step took on average over all partners, in the MAR's scope."""
    measured = Partner.objects.annotate(**_done_times()).aggregate(
        **{step.name: Avg(F(f"{step.name}_at") - F("created_at")) for step in STEPS}
    )
    return {name: took.total_seconds() / 86_400 for name, took in measured.items() if took is not None}


def _done_times() -> dict[str, Subquery]:
    """Return, by step, when a partner took it: the earliest fact of its kind."""
    people = Membership.objects.filter(partner=OuterRef("pk"))
    firsts = {
        "joined": people.order_by("created_at").values("created_at"),
        "terms": TermsAcceptance.objects.filter(partner=OuterRef("pk"))
        .order_by("accepted_at")
        .values("accepted_at"),
        "contacts": NamedContact.objects.filter(partner=OuterRef("pk"))
        .exclude(email_index=b"")
        .order_by("changed_at")
        .values("changed_at"),
        "training": TrainingAttempt.objects.filter(partner=OuterRef("pk"), is_passed=True)
        .order_by("submitted_at")
        .values("submitted_at"),
        "order": Order.objects.filter(partner=OuterRef("pk")).order_by("placed_at").values("placed_at"),
        "key": KeyHandOver.objects.filter(partner=OuterRef("pk")).order_by("handed_at").values("handed_at"),
        "report": Build.objects.filter(partner=OuterRef("pk")).order_by("reported_at").values("reported_at"),
    }
    return {f"{name}_at": Subquery(rows[:1]) for name, rows in firsts.items()}


def _passes(partner_id: UUID, today: date) -> list[Dated]:
    """Return the last good day of the longest pass of each course."""
    passed = TrainingAttempt.objects.filter(
        partner_id=partner_id, is_passed=True, expires_on__gt=today, course__is_required=True
    )
    longest = passed.values("course__code", "course__title").annotate(until=Max("expires_on"))
    return [
        Dated(row["course__title"], row["until"] - timedelta(days=1), row["course__code"])
        for row in longest.order_by("course__code")
    ]


def _documents(partner_id: UUID, today: date) -> list[Dated]:
    """Return a partner's own papers that end soon; those about recipients are the recipients' duty."""
    papers = Document.objects.filter(
        partner_id=partner_id, removed_at__isnull=True, expires_on__lte=today + AHEAD
    ).exclude(kind__in=OF_RECIPIENTS)
    return [
        Dated(paper.title or paper.get_kind_display(), paper.expires_on, str(paper.pk))
        for paper in papers.order_by("expires_on")
        if paper.expires_on
    ]


def _recipients(partner_id: UUID, today: date) -> list[Dated]:
    known = Recipient.objects.filter(
        partner_id=partner_id, state=RecipientState.APPROVED, evidence_until__lte=today + AHEAD
    )
    return [
        Dated(recipient.name, recipient.evidence_until, str(recipient.pk))
        for recipient in known.order_by("evidence_until")
        if recipient.evidence_until
    ]
