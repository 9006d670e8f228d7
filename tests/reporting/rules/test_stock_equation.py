from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reporting.builders.lines import StockLine
from reporting.rules.stock_equation import Imbalance, find_imbalances

FREE = StockLine("W11P", "Windows 11 Pro", "FQC-1", "Commercial", 1, "Fulfilled", 10, 5, 3, 12)
ASSIGNED = StockLine("W11P", "Windows 11 Pro", "FQC-1", "Commercial", 11, "Assigned", 0, 3, 1, 2)
RETURNED = StockLine("W11P", "Windows 11 Pro", "FQC-1", "Commercial", 5, "Returned", 0, 1, 0, 1)
BALANCED = [FREE, ASSIGNED, RETURNED]


def test_lines_that_add_up_have_no_imbalance() -> None:
    assert find_imbalances(BALANCED, received_so_far={"W11P": 15}) == []


def test_a_state_whose_closing_is_off_is_named_with_both_figures() -> None:
    lines = [replace(FREE, closing=13), ASSIGNED, RETURNED]
    assert find_imbalances(lines, received_so_far={"W11P": 16}) == [
        Imbalance("W11P", "Fulfilled", "state", 12, 13)
    ]


def test_closings_that_are_not_all_keys_received_are_named() -> None:
    assert find_imbalances(BALANCED, received_so_far={"W11P": 16}) == [Imbalance("W11P", "", "total", 16, 15)]


def test_returned_keys_count_towards_all_keys_received() -> None:
    found = find_imbalances([FREE, ASSIGNED], received_so_far={"W11P": 15})
    assert found == [Imbalance("W11P", "", "total", 15, 14)]


def test_a_product_received_but_without_lines_is_named() -> None:
    found = find_imbalances(BALANCED, received_so_far={"W11P": 15, "O19": 4})
    assert found == [Imbalance("O19", "", "total", 4, 0)]


def test_a_product_with_lines_that_was_never_received_is_named() -> None:
    assert find_imbalances(BALANCED, received_so_far={}) == [Imbalance("W11P", "", "unknown_product", 0, 15)]


def test_a_negative_count_is_named_even_where_the_sums_agree() -> None:
    lines = [replace(FREE, entries=-5, exits=-7), ASSIGNED, RETURNED]
    found = find_imbalances(lines, received_so_far={"W11P": 15})
    assert found == [Imbalance("W11P", "Fulfilled", "negative", 0, -7)]


def test_a_state_counted_twice_is_named() -> None:
    empty = replace(RETURNED, entries=0, closing=0)
    found = find_imbalances([*BALANCED, empty], received_so_far={"W11P": 15})
    assert found == [Imbalance("W11P", "Returned", "twice", 1, 2)]


def test_no_lines_and_nothing_received_balance() -> None:
    assert find_imbalances([], received_so_far={}) == []


def test_an_imbalance_reads_as_a_sentence() -> None:
    assert str(Imbalance("W11P", "Fulfilled", "state", 12, 13)) == (
        "W11P, Fulfilled: state: expected 12, found 13"
    )


@given(st.permutations(BALANCED))
def test_order_of_lines_does_not_matter(lines: list[StockLine]) -> None:
    broken = [replace(line, closing=line.closing + 1) for line in lines]
    expected = find_imbalances(
        [replace(line, closing=line.closing + 1) for line in BALANCED], received_so_far={"W11P": 15}
    )
    assert find_imbalances(broken, received_so_far={"W11P": 15}) == expected


@given(st.integers(0, 2), st.sampled_from(["opening", "entries", "exits", "closing"]), st.integers(1, 9))
def test_any_single_count_that_is_moved_is_noticed(place: int, column: str, by: int) -> None:
    lines = list(BALANCED)
    lines[place] = replace(lines[place], **{column: getattr(lines[place], column) + by})
    assert find_imbalances(lines, received_so_far={"W11P": 15})
