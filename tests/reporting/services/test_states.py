"""The table of a report's states: what it lists may be done, every other pair is refused."""

from itertools import product

import pytest

from reporting.models import ReportState, UsageReport
from reporting.services.states import CORRECTABLE, TRANSITIONS, ReportCannotMove, may_follow, require_step

PAIRS = list(product(ReportState, ReportState))


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda state: state.value)
def test_only_listed_pairs_may_follow_each_other(before: ReportState, after: ReportState) -> None:
    report = UsageReport(number="UR-2026-10", state=before)
    if (before, after) in TRANSITIONS:
        require_step(report, after)
    else:
        with pytest.raises(ReportCannotMove) as refused:
            require_step(report, after)
        assert refused.value.code == "report_cannot_move"
    assert may_follow(before, after) == ((before, after) in TRANSITIONS)


def test_every_state_but_the_first_can_be_reached() -> None:
    assert {after for _before, after in TRANSITIONS} == set(ReportState) - {ReportState.BUILDING}


def test_report_being_built_or_issued_cannot_be_corrected() -> None:
    assert set(ReportState) - CORRECTABLE == {
        ReportState.BUILDING,
        ReportState.APPROVED,
        ReportState.SUPERSEDED,
    }
