"""Duties follow from facts: each on its day, the nearest first."""

from datetime import date, datetime, timedelta, timezone

import pytest

from compliance.rules.duties import Dated, Duty, DutyFacts, DutyKind, duties, month_end
from compliance.rules.first_steps import STEPS, first_steps

TODAY = date(2026, 11, 15)


def test_without_facts_nothing_is_owed() -> None:
    assert duties(DutyFacts(today=TODAY)) == []


@pytest.mark.parametrize(
    ("age", "stage", "due_in"),
    [(0, 0, 7), (7, 0, 0), (8, 1, 22), (30, 1, 0), (31, 2, 29), (60, 2, 0), (61, 2, -1)],
)
def test_the_oldest_key_meets_the_next_limit(age: int, stage: int, due_in: int) -> None:
    facts = DutyFacts(today=TODAY, unreported=3, oldest_taken_on=TODAY - timedelta(days=age))
    found = {duty.kind: duty for duty in duties(facts)}
    stop = found[DutyKind.REPORT_OR_STOP]
    assert (stop.stage, stop.due_on, stop.count) == (stage, TODAY + timedelta(days=due_in), 3)
    assert stop.is_overdue(TODAY) is (due_in < 0)
    assert found[DutyKind.REPORT].due_on == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("day", "last"), [(date(2026, 12, 1), 31), (date(2028, 2, 29), 29), (date(2027, 2, 3), 28)]
)
def test_the_cut_off_is_the_months_last_day(day: date, last: int) -> None:
    assert month_end(day).day == last


@pytest.mark.parametrize("kind", ["passes", "documents", "recipients"])
def test_what_ends_is_told_sixty_days_ahead(kind: str) -> None:
    for days, told in ((60, 1), (61, 0), (-5, 1)):
        facts = DutyFacts(today=TODAY, **{kind: [Dated("R2v3", TODAY + timedelta(days=days), "x")]})
        assert len(duties(facts)) == told, days


def test_the_nearest_comes_first_and_terms_have_their_own_day() -> None:
    facts = DutyFacts(
        today=TODAY,
        terms=[Dated("2027-1", TODAY + timedelta(days=100))],
        missing_courses=["Basics"],
        returns_open=2,
        access_last_day=TODAY + timedelta(days=3),
    )
    assert duties(facts) == [
        Duty(TODAY, DutyKind.TRAINING, "Basics"),
        Duty(TODAY + timedelta(days=3), DutyKind.ACCESS),
        Duty(date(2026, 11, 30), DutyKind.RETURN, count=2),
        Duty(TODAY + timedelta(days=100), DutyKind.TERMS, "2027-1"),
    ]


def test_a_first_step_is_late_from_its_instant_on() -> None:
    begun = datetime(2026, 11, 1, tzinfo=timezone.utc)  # noqa: UP017
    steps = first_steps(begun, {"joined": begun})
    assert [each.step for each in steps] == list(STEPS)
    terms = steps[1]
    assert terms.is_late(terms.due_at - timedelta(microseconds=1)) is False
    assert terms.is_late(terms.due_at) is True
    assert steps[0].is_late(terms.due_at) is False
