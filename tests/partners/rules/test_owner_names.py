"""The owners' names, however the page holds them."""

import pytest

from partners.rules.owner_names import MOST_OWNERS, owner_names


@pytest.mark.parametrize(
    "answers",
    [
        {"owners": "Eva Brandt, 60 %\nJan Kowalski; born 1970\n\n"},
        {"owners": ["Eva Brandt", "Jan Kowalski"]},
        {
            "owners": [
                {"name": "Eva Brandt", "share": "60"},
                {"name": "Jan Kowalski", "born_on": "1970-01-01"},
            ]
        },
        {"owner_1_name": "Eva  Brandt", "owner_1_share": "60", "owner_2_name": "Jan Kowalski"},
        {"owners": "Eva Brandt\nJan Kowalski", "statement": "I know of no sanctions", "shares": 3},
    ],
)
def test_the_names_are_found(answers):
    assert owner_names(answers) == ("Eva Brandt", "Jan Kowalski")


@pytest.mark.parametrize(
    "answers", [{}, {"owners": None}, {"owners": 5}, {"statement": "yes"}, {"owners": [[], {}]}]
)
def test_a_page_without_names_has_none(answers):
    assert owner_names(answers) == ()


def test_a_flood_of_names_is_cut():
    assert len(owner_names({"owners": "\n".join(f"Owner {n}" for n in range(500))})) == MOST_OWNERS
