import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv_guard import FORMULA_STARTS, guard_text, unguard_text, write_cell, write_row

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
RISKY = st.builds(
    "".join, st.lists(st.sampled_from([*FORMULA_STARTS, "'", '"', ",", "a", "1", " "]), max_size=8)
)


@pytest.mark.parametrize("start", list(FORMULA_STARTS))
def test_text_that_could_start_a_formula_is_guarded(start: str) -> None:
    assert guard_text(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(
    "text", ["", "Lenovo", "5CG-1234", "'s-Hertogenbosch", "a=b", " =1", "''", "O'Brien"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guard_text(text) == text


def test_text_that_already_looks_guarded_is_guarded_again() -> None:
    assert guard_text("'=1") == "''=1"


@given(st.one_of(TEXT, RISKY))
def test_guarded_text_reads_back_exactly(text: str) -> None:
    assert unguard_text(guard_text(text)) == text


@given(st.one_of(TEXT, RISKY))
def test_no_guarded_text_starts_a_formula(text: str) -> None:
    assert guard_text(text)[:1] not in set(FORMULA_STARTS)


def test_numbers_stay_numbers() -> None:
    assert [write_cell(-5), write_cell(0), write_cell(12345)] == ["-5", "0", "12345"]


def test_an_unknown_value_is_an_empty_cell() -> None:
    assert write_cell(None) == ""


def test_quotes_commas_and_line_ends_are_quoted() -> None:
    assert write_row(['a"b', "c,d", "e\nf", "g\rh", "plain"]) == '"a""b","c,d","e\nf","g\rh",plain\n'


@given(st.lists(st.one_of(TEXT, RISKY), min_size=2, max_size=6))
def test_a_row_reads_back_through_pythons_own_reader(cells: list[str]) -> None:
    cells = [cell.replace("\0", "") for cell in cells]  # Python's reader before 3.11 stops at NUL
    rows = list(csv.reader(io.StringIO(write_row(cells), newline="")))
    assert [unguard_text(cell) for cell in rows[0]] == cells
