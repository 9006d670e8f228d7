"""What Microsoft will likely answer to a return, as a table, and what is owed after the answer."""

from datetime import timedelta
from decimal import Decimal

import pytest

from licensing.exchange.return_xml import RETURN_TYPES
from licensing.models import ReturnState
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import (
    _SENTENCES,
    ANSWERS,
    TRANSITIONS,
    TYPES,
    Forecast,
    KeyFacts,
    days_left,
    forecast,
    outcome_of,
    suggestion,
)
from licensing.rules.settlements import Bought, settle
from tests.factories import AT

BOUND, ENABLED = KeyState.BOUND, KeyState.ACTIVATION_ENABLED
YOUNG, LAST_DAY, LATE = AT - timedelta(days=30), AT - timedelta(days=365), AT - timedelta(days=366)

FORECASTS = [
    ("ZOA", False, KeyFacts("k", KeyState.ASSIGNED, delivered_at=YOUNG), "OO"),
    ("ZOB", False, KeyFacts("k", BOUND, delivered_at=YOUNG), "OP"),
    ("ZOC", False, KeyFacts("k", ENABLED, delivered_at=YOUNG), "OJ"),
    ("ZOD", False, KeyFacts("k", ENABLED, delivered_at=YOUNG), "OQ"),
    ("ZOB", False, KeyFacts("k", ENABLED, delivered_at=LAST_DAY), "OP"),
    ("ZOB", False, KeyFacts("k", ENABLED, delivered_at=LATE), "PI"),
    ("ZOB", True, KeyFacts("k", ENABLED, delivered_at=LATE), "QI"),
    ("ZOE", True, KeyFacts("k", ENABLED, hold=Hold.LOST_OR_STOLEN, delivered_at=YOUNG), "QH"),
    ("ZOF", True, KeyFacts("k", BOUND, delivered_at=YOUNG), "QH"),
    ("ZOE", False, KeyFacts("k", BOUND, delivered_at=YOUNG), "PJ"),
    ("ZOB", False, KeyFacts("k", ENABLED, delivered_at=YOUNG, ack_code="02"), "PE"),
    ("ZOA", False, KeyFacts("k", ENABLED, delivered_at=YOUNG), "PP"),
    ("ZOC", False, KeyFacts("k", KeyState.RETRIEVED, delivered_at=YOUNG), "PP"),
    ("ZOB", False, KeyFacts("k", BOUND), "OP"),
]


@pytest.mark.parametrize(("return_type", "without_credit", "facts", "code"), FORECASTS)
def test_forecast_of_a_key(return_type: str, without_credit: bool, facts: KeyFacts, code: str) -> None:
    found = forecast(facts, return_type=return_type, is_without_credit=without_credit, at=AT, days=365)
    assert (found.code, str(found.stop), bool(found.sentence)) == (code, "", True)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (KeyFacts("k"), "Not one of your keys"),
        (KeyFacts("k", BOUND, is_twice=True), "Named twice"),
        (KeyFacts("k", BOUND, is_in_return=True), "Already in a return"),
        (KeyFacts("k", KeyState.REPORTED_RETURN), "Already in a return"),
        (KeyFacts("k", KeyState.RETURNED), "Already returned"),
        (KeyFacts("k", BOUND, hold=Hold.DISPUTED), "Disputed"),
        (KeyFacts("k", BOUND, hold=Hold.LOST_OR_STOLEN), "without credit only"),
        (KeyFacts("k", KeyState.REPORTED_BOUND), "wait for the answer"),
        (KeyFacts("k", KeyState.ACTIVATION_ENABLED_PENDING_UPDATE), "wait for the answer"),
    ],
)
def test_key_that_cannot_go_says_why(facts: KeyFacts, words: str) -> None:
    found = forecast(facts, return_type="ZOB", is_without_credit=False, at=AT, days=365)
    assert words in str(found.stop)
    assert found.code == ""


def test_clock_counts_whole_days_to_the_last_second() -> None:
    assert [days_left(start, AT, days=365) for start in (None, AT, YOUNG, LAST_DAY, LATE)] == [
        None,
        365,
        335,
        0,
        -1,
    ]
    assert days_left(LAST_DAY - timedelta(seconds=1), AT, days=365) == -1


def test_every_code_of_a_forecast_has_a_sentence_and_is_one_of_microsofts() -> None:
    assert set(TYPES) == set(RETURN_TYPES)
    assert {code for *_rest, code in FORECASTS} == set(_SENTENCES)
    assert set(_SENTENCES) <= set(ANSWERS)


@pytest.mark.parametrize(
    ("codes", "advice"),
    [(["OP", "QH"], "approve"), (["OP", "PI"], "look"), (["PI", "PJ"], "refuse"), ([], "refuse")],
)
def test_suggestion_to_the_desk(codes: list[str], advice: str) -> None:
    assert suggestion([Forecast("k", code) for code in codes]) == advice


def test_steps_name_every_state_and_end_in_three() -> None:
    assert set(TRANSITIONS) == set(ReturnState)
    ends = {state for state, targets in TRANSITIONS.items() if not targets}
    assert ends == {"closed", "refused", "withdrawn"}
    to_withdrawn = {state for state, targets in TRANSITIONS.items() if "withdrawn" in targets}
    assert to_withdrawn == {"requested", "checked"}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("OJ", "credited"), ("QI", "not_credited"), ("PF", "rejected"), ("XX", "unknown"), ("", "unknown")],
)
def test_outcome_of_a_code(code: str, outcome: str) -> None:
    assert outcome_of(code) == outcome


P = Decimal(40)


@pytest.mark.parametrize(
    ("code", "bought", "owed"),
    [
        ("OP", Bought(P, is_charged=True), (40, 0)),
        ("OO", Bought(P, is_charged=False), (0, 0)),
        ("QH", Bought(P, is_charged=True), (0, 0)),
        ("QH", Bought(P, is_charged=False), (0, 40)),
        ("PI", Bought(P, is_charged=False), (0, 40)),
        ("PI", Bought(P, is_charged=False, is_free_again=True), (0, 0)),
        ("PI", Bought(P, is_charged=True), (0, 0)),
    ],
)
def test_what_is_owed(code: str, bought: Bought, owed: tuple[int, int]) -> None:
    assert settle(outcome_of(code), bought) == owed
