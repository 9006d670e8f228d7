from dataclasses import replace

from reporting.builders.lines import AckTotal, StockLine
from reporting.builders.reconciliation import impossible_flows, reconcile_product
from reporting.rules.key_states import KeyStateCode, microsoft_name


def line(state: KeyStateCode, opening: int, entries: int, exits: int) -> StockLine:
    closing = opening + entries - exits
    name = microsoft_name(state)
    return StockLine(
        "W11P", "Windows 11 Pro", "FQC-1", "Commercial", int(state), name, opening, entries, exits, closing
    )


# 50 received, 4 recalled from Retrieved; 30 assigned and 5 sent back as a return, 2 of them accepted.
LINES = [
    line(KeyStateCode.FULFILLED, 100, 54, 35),
    line(KeyStateCode.ASSIGNED, 3, 30, 28),
    line(KeyStateCode.RETRIEVED, 10, 28, 24),
    line(KeyStateCode.CONSUMED, 0, 20, 20),
    line(KeyStateCode.BOUND, 0, 20, 18),
    line(KeyStateCode.REPORTED_BOUND, 1, 18, 17),
    line(KeyStateCode.ACTIVATION_ENABLED, 500, 15, 0),
    line(KeyStateCode.ACTIVATION_DENIED, 6, 2, 0),
    line(KeyStateCode.REPORTED_RETURN, 0, 5, 2),
    line(KeyStateCode.RETURNED, 9, 2, 0),
]
ANSWERS = [
    AckTotal("W11P", "01", 2),
    AckTotal("W11P", "00", 14),
    AckTotal("W11P", "02", 1),
    AckTotal("W11P", "99", 1),
    AckTotal("W11P", "05", 0),
]


def test_free_stock_runs_from_opening_to_closing() -> None:
    result = reconcile_product(LINES, ANSWERS)
    assert (
        result.opening,
        result.received,
        result.recalled,
        result.sent_back,
        result.available,
        result.assigned,
        result.closing,
    ) == (100, 50, 4, 5, 149, 30, 119)
    assert result.opening + result.received + result.recalled - result.sent_back == result.available
    assert result.available - result.assigned == result.closing


def test_the_months_flow_is_counted_by_entries() -> None:
    result = reconcile_product(LINES, ANSWERS)
    assert (result.handed_over, result.consumed, result.cbr_sent, result.returned) == (28, 20, 18, 2)
    assert result.total == sum(stock.closing for stock in LINES)


def test_answers_are_told_apart_and_an_unknown_code_is_neither() -> None:
    result = reconcile_product(LINES, ANSWERS)
    assert (result.enabled, result.denied) == (15, 2)
    assert result.answers == (("00", 14), ("01", 2), ("02", 1), ("99", 1))
    assert (result.answers_of("99"), result.answers_of("05")) == (1, 0)


def test_a_product_without_free_stock_lines_starts_and_ends_at_zero() -> None:
    result = reconcile_product([line(KeyStateCode.ACTIVATION_ENABLED, 5, 0, 0)], [])
    assert (result.opening, result.available, result.closing, result.total) == (0, 0, 0, 5)


def test_a_flow_below_zero_is_named() -> None:
    result = reconcile_product(LINES, ANSWERS)
    assert impossible_flows(result) == []
    assert impossible_flows(replace(result, sent_back=-1, recalled=-2)) == ["recalled", "sent_back"]
