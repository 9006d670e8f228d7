import random
from dataclasses import FrozenInstanceError, replace
from datetime import datetime
from typing import Any

import pytest

from reporting.builders.lines import AckTotal, ReportHeader
from reporting.builders.usage_report import InconsistentHeader, NotBalanced, UsageReport, build_report
from reporting.rules.agreement import Disagreement
from reporting.rules.stock_equation import Imbalance
from tests.reporting import samples


def parts(**changes: Any) -> dict[str, Any]:
    """Return the arguments of a balanced report, some of them changed."""
    rows = samples.partner_lines(6, denied_keys=5, unreported_keys=9)
    enabled = sum(row.enabled for row in rows)
    answers = samples.ack_totals(enabled, 5)
    stock, received = samples.stock_lines(
        answers, assigned=sum(row.assigned for row in rows), returned=sum(row.returned for row in rows)
    )
    facts: dict[str, Any] = {
        "stock_lines": stock,
        "received_so_far": received,
        "ack_totals": answers,
        "partner_lines": rows,
        "denied": samples.denied_lines(5, rows),
        "unreported": samples.unreported_lines(rows),
        "adjustments": samples.adjustment_lines(3, rows),
        "trend": samples.trend(enabled, 5),
        "device_file": samples.device_file(b"x", rows=1),
    }
    return facts | changes


def build(header: ReportHeader | None = None, **changes: Any) -> UsageReport:
    return build_report(header or samples.header(), **parts(**changes))


def test_a_balanced_month_becomes_a_report_with_its_figures() -> None:
    facts = parts()
    report = build()
    assert report.figures.partners == 6
    assert report.figures.assigned == sum(row.assigned for row in facts["partner_lines"])
    assert report.figures.enabled == sum(row.enabled for row in facts["partner_lines"])
    assert report.figures.denied == len(report.denied) == 5
    assert report.figures.unreported_7 == len(report.unreported) == 9
    assert report.figures.received_so_far == sum(facts["received_so_far"].values())


def test_the_order_of_the_lines_given_does_not_matter() -> None:
    facts, mixed = parts(), parts()
    for name in (
        "stock_lines",
        "ack_totals",
        "partner_lines",
        "denied",
        "unreported",
        "adjustments",
        "trend",
    ):
        random.Random(name).shuffle(mixed[name])
    assert build_report(samples.header(), **facts) == build_report(samples.header(), **mixed)


def test_answers_list_every_known_code_and_then_unknown_ones() -> None:
    facts = parts()
    report = build(ack_totals=[*facts["ack_totals"], AckTotal("W11P-COM", "77", 2)])
    assert [code for code, _keys in report.answers] == [*(f"0{digit}" for digit in range(9)), "77"]
    assert dict(report.answers)["77"] == 2


def test_a_state_that_does_not_add_up_makes_no_report() -> None:
    facts = parts()
    first = facts["stock_lines"][0]
    received = facts["received_so_far"]["W11P-COM"]
    facts["stock_lines"][0] = replace(first, closing=first.closing + 1)
    with pytest.raises(NotBalanced) as refused:
        build_report(samples.header(), **facts)
    assert refused.value.facts == (
        Imbalance("W11P-COM", "", "total", received, received + 1),
        Imbalance("W11P-COM", "Fulfilled", "state", first.closing, first.closing + 1),
    )
    assert refused.value.refusals[0].code == "report_not_balanced"
    assert len(refused.value.refusals[0].facts) == 2


@pytest.mark.parametrize("column", ["assigned", "enabled", "denied"])
def test_partners_that_disagree_with_the_stock_make_no_report(column: str) -> None:
    facts = parts()
    first = facts["partner_lines"][0]
    total = sum(getattr(row, column) for row in facts["partner_lines"])
    facts["partner_lines"][0] = replace(first, **{column: getattr(first, column) + 1})
    with pytest.raises(NotBalanced) as refused:
        build_report(samples.header(), **facts)
    assert refused.value.facts == (Disagreement(column, "equal", total + 1, total),)


def test_partners_that_return_more_than_microsoft_took_make_no_report() -> None:
    facts = parts()
    facts["partner_lines"][0] = replace(facts["partner_lines"][0], returned=99)
    with pytest.raises(NotBalanced) as refused:
        build_report(samples.header(), **facts)
    assert [fact.relation for fact in refused.value.facts if isinstance(fact, Disagreement)] == ["at_most"]


def test_a_denied_list_that_misses_a_key_makes_no_report() -> None:
    facts = parts()
    with pytest.raises(NotBalanced) as refused:
        build(denied=facts["denied"][1:])
    assert refused.value.facts == (Disagreement("denied list", "equal", 4, 5),)


def test_unreported_keys_of_seven_days_or_less_are_not_counted_in_the_figure() -> None:
    young = replace(parts()["unreported"][0], age_days=7)
    assert len(build(unreported=[*parts()["unreported"], young]).unreported) == 10


def test_answers_of_a_product_without_stock_make_no_report() -> None:
    with pytest.raises(NotBalanced) as refused:
        build(ack_totals=[*parts()["ack_totals"], AckTotal("NOPE", "00", 1)])
    assert Imbalance("NOPE", "", "unknown_product", 0, 1) in refused.value.facts


def test_an_empty_month_is_a_report() -> None:
    report = build_report(
        samples.header(),
        stock_lines=[],
        received_so_far={},
        ack_totals=[],
        partner_lines=[],
        device_file=samples.device_file(b"", rows=0),
    )
    assert report.figures.received_so_far == 0
    assert report.reconciliation == ()


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        build().figures = None  # type: ignore[misc, assignment]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "UR-2026-11"}, "is not revision"),
        ({"kind": "correction"}, "cannot be of kind"),
        ({"revision": 2, "number": "UR-2026-10-R2"}, "cannot be of kind"),
        ({"approved_by": "Marta Kowalska"}, "another person"),
        ({"generated_at": datetime(2026, 11, 1)}, "time zone"),
        ({"generated_at": datetime.fromisoformat("2026-10-31T22:59:59+00:00")}, "before the report is made"),
        ({"period_end_utc": datetime.fromisoformat("2026-09-30T22:00:00+00:00")}, "end after it starts"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InconsistentHeader, match=words):
        build(samples.header(**changes))


@pytest.mark.parametrize("missing", ["previous_number", "previous_sha256", "correction_reason"])
def test_a_correction_points_back_and_says_why(missing: str) -> None:
    with pytest.raises(InconsistentHeader, match="names its previous report"):
        build(samples.correction_header(**{missing: None}))
