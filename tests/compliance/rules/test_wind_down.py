"""What must be settled before a partner's contract ends."""

from datetime import timedelta
from decimal import Decimal

import pytest

from compliance.models import WindDownItem
from compliance.rules.wind_down import BY_WORD, COUNTED, Count, ItemKind, ItemState, is_end_possible, state_of
from tests.factories import AT


def test_the_kinds_and_states_are_the_tables() -> None:
    assert [kind.value for kind in ItemKind] == WindDownItem.Kind.values
    assert [state.value for state in ItemState] == WindDownItem.State.values


def test_each_kind_is_counted_or_said_but_the_file() -> None:
    assert COUNTED | BY_WORD | {ItemKind.DATA_FILE} == set(ItemKind)
    assert frozenset() == COUNTED & BY_WORD


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_a_counted_item_is_settled_by_nothing_left_and_never_by_a_word(kind: ItemKind) -> None:
    for counted in (Count(1), Count(0, Decimal("0.01"))):
        assert state_of(kind, counted, waived=None, is_settled_by_word=True) is ItemState.OPEN
        assert state_of(kind, counted, waived=counted, is_settled_by_word=False) is ItemState.WAIVED
    assert state_of(kind, Count(), waived=None, is_settled_by_word=False) is ItemState.SETTLED


def test_a_waiver_covers_what_there_was_and_no_more() -> None:
    waived = Count(2, Decimal("80.00"))
    for counted, state in (
        (Count(2, Decimal("80.00")), ItemState.WAIVED),
        (Count(1, Decimal("40.00")), ItemState.WAIVED),
        (Count(3, Decimal("80.00")), ItemState.OPEN),
        (Count(2, Decimal("80.01")), ItemState.OPEN),
    ):
        assert state_of(ItemKind.KEYS_UNREPORTED, counted, waived=waived, is_settled_by_word=False) is state


@pytest.mark.parametrize("kind", sorted(set(ItemKind) - COUNTED))
def test_the_others_are_settled_by_a_word(kind: ItemKind) -> None:
    assert state_of(kind, Count(), waived=None, is_settled_by_word=False) is ItemState.OPEN
    assert state_of(kind, Count(9), waived=None, is_settled_by_word=True) is ItemState.SETTLED
    assert state_of(kind, Count(9), waived=Count(9), is_settled_by_word=False) is ItemState.WAIVED


@pytest.mark.parametrize(
    ("ends_in", "possible"),
    [
        (timedelta(days=1) - timedelta(seconds=1), False),
        (timedelta(days=1), True),
        (timedelta(days=366), True),
        (timedelta(days=366, seconds=1), False),
    ],
)
def test_the_end_is_a_day_to_a_year_away(ends_in: timedelta, possible: bool) -> None:
    assert is_end_possible(AT + ends_in, at=AT) is possible
