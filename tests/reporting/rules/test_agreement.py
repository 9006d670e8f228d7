from dataclasses import replace

import pytest

from reporting.rules.agreement import (
    Disagreement,
    ReportTotals,
    find_list_disagreements,
    find_partner_disagreements,
)

TOTALS = ReportTotals(assigned=10, enabled=7, denied=2, returned=3)


def test_equal_totals_agree() -> None:
    assert find_partner_disagreements(partners=TOTALS, report=TOTALS) == []


@pytest.mark.parametrize("subject", ["assigned", "enabled", "denied"])
@pytest.mark.parametrize("by", [-1, 1])
def test_each_total_must_be_equal(subject: str, by: int) -> None:
    value = getattr(TOTALS, subject)
    found = find_partner_disagreements(partners=replace(TOTALS, **{subject: value + by}), report=TOTALS)
    assert found == [Disagreement(subject, "equal", value + by, value)]


def test_partners_may_return_less_than_the_report_counts() -> None:
    assert find_partner_disagreements(partners=replace(TOTALS, returned=0), report=TOTALS) == []


def test_partners_may_not_return_more_than_the_report_counts() -> None:
    found = find_partner_disagreements(partners=replace(TOTALS, returned=4), report=TOTALS)
    assert found == [Disagreement("returned", "at_most", 4, 3)]
    assert str(found[0]) == "returned: lines 4 must not exceed 3"


def test_lists_must_be_as_long_as_the_figure_above_them() -> None:
    found = find_list_disagreements(denied_listed=1, denied=2, unreported_listed=5, unreported=4)
    assert found == [
        Disagreement("denied list", "equal", 1, 2),
        Disagreement("unreported list", "equal", 5, 4),
    ]
    assert find_list_disagreements(denied_listed=2, denied=2, unreported_listed=4, unreported=4) == []
