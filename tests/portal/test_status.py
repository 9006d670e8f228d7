"""The one dictionary of states."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from portal.icons import ICONS
from portal.status import STATUSES, choices, status

TONES = {"neutral", "info", "success", "warning", "danger"}
EVERY = [(kind, code) for kind, states in STATUSES.items() for code in states]


@pytest.mark.parametrize(("kind", "code"), EVERY)
def test_each_state_has_a_word_a_tone_an_icon_and_a_sentence(kind: str, code: str) -> None:
    state = status(kind, code)
    assert str(state.label)
    assert state.tone in TONES
    assert state.icon in ICONS
    assert str(state.sentence).endswith(".")


@pytest.mark.parametrize("kind", STATUSES)
def test_no_two_states_of_a_kind_share_a_word(kind: str) -> None:
    words = [str(label) for _code, label in choices(kind)]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("code", [9, "9", "ActivationEnabled", "activation_enabled", "ACTIVATION ENABLED"])
def test_a_key_state_is_known_by_number_and_by_name(code: str | int) -> None:
    assert str(status("key", code).label) == "Activation enabled"


@pytest.mark.parametrize("code", ["held-credit", "HELD_CREDIT", "held credit", " held_credit "])
def test_harmless_spelling_of_a_code_is_forgiven(code: str) -> None:
    assert str(status("order", code).label) == "On hold: credit"


@pytest.mark.parametrize(
    ("kind", "code", "label"),
    [
        ("order", "SomethingNew", "Something new"),
        ("key", 99, "99"),
        ("no_such_kind", "x_y", "X y"),
        ("order", None, "–"),
        ("order", "", "–"),
    ],
)
def test_an_unknown_code_is_shown_neutrally(kind: str, code: str | int | None, label: str) -> None:
    state = status(kind, code)
    assert (state.label, state.tone) == (label, "neutral")


def test_the_enumerations_of_the_domain_are_all_in_the_dictionary() -> None:
    from licensing.models import Order  # the model is the source of the codes

    field = Order._meta.get_field("state")
    assert {str(code) for code, _label in field.choices or ()} <= set(STATUSES["order"])


def test_every_icon_named_in_templates_and_code_is_cut_into_the_sprite() -> None:
    root = Path(settings.BASE_DIR)
    named: set[str] = set()
    for file in (root / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([a-z0-9-]+)"', file.read_text()))
    assert named <= set(ICONS)
