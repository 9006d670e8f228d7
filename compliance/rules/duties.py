"""What a partner owes by which day, worked out from facts alone. Days are of the MAR's zone, inclusive."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

# How far ahead papers and passes are told about.
AHEAD = timedelta(days=60)


class DutyKind(StrEnum):
    """What must be done."""

    REPORT = "report"  # keys taken and not reported, by the month's cut-off
    REPORT_OR_STOP = "report_or_stop"  # the same, before a rule stops orders or keys
    TERMS = "terms"
    TRAINING = "training"
    DOCUMENT = "document"
    RECIPIENT = "recipient"
    RETURN = "return"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Dated:
    """Something with a name and a day; ``reference`` finds its page again."""

    name: str
    day: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class DutyFacts:
    """What the duties follow from."""

    today: date
    unreported: int = 0
    oldest_taken_on: date | None = None
    limits: tuple[int, int, int] = (7, 30, 60)
    terms: Sequence[Dated] = ()
    missing_courses: Sequence[str] = ()
    passes: Sequence[Dated] = ()
    documents: Sequence[Dated] = ()
    recipients: Sequence[Dated] = ()
    returns_open: int = 0
    access_last_day: date | None = None


@dataclass(frozen=True, slots=True, order=True)
class Duty:
    """One duty: by when, what, about which thing, how many. ``stage`` is which of the three limits comes."""

    due_on: date
    kind: DutyKind
    name: str = ""
    count: int = 0
    reference: str = ""
    stage: int = field(default=0)

    def is_overdue(self, today: date) -> bool:
        """Return whether its day has passed."""
        return self.due_on < today


def duties(facts: DutyFacts) -> list[Duty]:
    """Return a partner's duties, the nearest first."""
    soon = facts.today + AHEAD
    found = [
        *_reports(facts),
        *(Duty(each.day, DutyKind.TERMS, each.name, reference=each.reference) for each in facts.terms),
        *(Duty(facts.today, DutyKind.TRAINING, name) for name in facts.missing_courses),
        *_ending(DutyKind.TRAINING, facts.passes, soon),
        *_ending(DutyKind.DOCUMENT, facts.documents, soon),
        *_ending(DutyKind.RECIPIENT, facts.recipients, soon),
    ]
    if facts.returns_open:
        found.append(Duty(month_end(facts.today), DutyKind.RETURN, count=facts.returns_open))
    if facts.access_last_day is not None:
        found.append(Duty(facts.access_last_day, DutyKind.ACCESS))
    return sorted(found)


def month_end(day: date) -> date:
    """Return the last day of the month: what is reported until then stands in the month's report."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _reports(facts: DutyFacts) -> list[Duty]:
    if not facts.unreported or facts.oldest_taken_on is None:
        return []
    found = [Duty(month_end(facts.today), DutyKind.REPORT, count=facts.unreported)]
    age = (facts.today - facts.oldest_taken_on).days
    stage = next((place for place, limit in enumerate(facts.limits) if age <= limit), len(facts.limits) - 1)
    due = facts.oldest_taken_on + timedelta(days=facts.limits[stage])
    return [*found, Duty(due, DutyKind.REPORT_OR_STOP, count=facts.unreported, stage=stage)]


def _ending(kind: DutyKind, things: Sequence[Dated], soon: date) -> list[Duty]:
    return [Duty(each.day, kind, each.name, reference=each.reference) for each in things if each.day <= soon]
