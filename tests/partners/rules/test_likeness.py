"""How alike two names are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.rules.likeness import EQUAL, likeness, most_alike

NAMES = st.text(alphabet="abcde ", max_size=20).map(lambda name: " ".join(name.split()))


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("ivan petrov", "ivan petrov", 100, 100),
        ("petrov ivan", "ivan petrov", 99, 99),
        ("ivan petrov", "ivan sergeyevich petrov", 90, 99),
        ("ivan petrov", "iwan petrow", 75, 90),
        ("rebyte computer", "rebyte computers", 90, 99),
        ("rebyte computer", "re byte computers", 90, 99),
        ("rebytecomputer", "rebyte computer", 99, 99),
        ("rebyte", "rebyte bank of commerce", 0, 60),
        ("kreislauf pc", "ordi bis", 0, 50),
        ("", "", 0, 0),
        ("", "ivan", 0, 0),
    ],
)
def test_the_likeness_of_two_names(one, other, least, most):
    assert least <= likeness(one, other) <= most


@given(NAMES, NAMES)
def test_likeness_is_the_same_both_ways_and_full_only_for_equal_names(one, other):
    assert likeness(one, other) == likeness(other, one)
    assert (likeness(one, other) == EQUAL) == (one == other != "")


@given(NAMES, st.lists(NAMES, max_size=30), st.integers(min_value=50, max_value=100))
def test_the_quick_search_finds_what_the_slow_one_finds(name, choices, least):
    slow = [
        (place, score) for place, other in enumerate(choices) if (score := likeness(name, other)) >= least
    ]
    slow.sort(key=lambda hit: (-hit[1], hit[0]))
    assert most_alike(name, choices, at_least=least, limit=100) == slow


def test_the_most_alike_come_first_and_no_more_than_asked():
    found = most_alike(
        "ivan petrov", ["iwan petrov", "ivan petrov", "x", "ivan petrow"], at_least=80, limit=2
    )
    assert found == [(1, 100), (0, 91)]
