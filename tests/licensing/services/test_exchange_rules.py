"""The rules of one answer, as a table."""

import pytest

from licensing.rules.cbr_answers import Asked, Finding, Verdict, decide
from licensing.rules.key_states import KeyState

SENT = Asked(KeyState.REPORTED_BOUND, answered_code="", is_latest=True, same_hash=True)
ENABLED, DENIED = KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED


@pytest.mark.parametrize(
    ("code", "to", "findings"),
    [
        ("00", ENABLED, ()),
        ("01", DENIED, (Finding.DUPLICATE_KEY,)),
        ("02", ENABLED, ()),
        ("03", DENIED, ()),
        ("04", DENIED, ()),
        ("05", DENIED, ()),
        ("06", DENIED, (Finding.LOST_OR_STOLEN,)),
        ("07", DENIED, (Finding.DUPLICATE_KEY,)),
        ("08", DENIED, ()),
        ("99", None, (Finding.UNKNOWN_CODE,)),
        ("?", None, (Finding.UNKNOWN_CODE,)),
    ],
)
def test_first_answer_moves_by_the_table(
    code: str, to: KeyState | None, findings: tuple[Finding, ...]
) -> None:
    verdict = decide(code, is_success=code in ("00", "02"), asked=SENT)
    assert verdict == Verdict(is_booked=True, to=to, is_lost_or_stolen=code == "06", findings=findings)


def test_override_is_taken_from_either_list() -> None:
    assert decide("02", is_success=False, asked=SENT).to is ENABLED


@pytest.mark.parametrize(("code", "is_success"), [("00", False), ("03", True)])
def test_code_in_the_wrong_list_is_not_booked(code: str, is_success: bool) -> None:
    assert decide(code, is_success=is_success, asked=SENT) == Verdict(findings=(Finding.CONTRADICTION,))


def test_other_hash_is_not_booked() -> None:
    asked = Asked(KeyState.REPORTED_BOUND, "", is_latest=True, same_hash=False)
    assert decide("00", is_success=True, asked=asked) == Verdict(findings=(Finding.HASH_MISMATCH,))


def test_same_code_again_is_ignored() -> None:
    assert decide("01", is_success=False, asked=Asked(DENIED, "01", True, True)) == Verdict()


@pytest.mark.parametrize(
    ("state", "before", "code", "to"), [(DENIED, "01", "00", ENABLED), (ENABLED, "00", "03", DENIED)]
)
def test_changed_answer_moves_and_is_shown(state: KeyState, before: str, code: str, to: KeyState) -> None:
    verdict = decide(code, is_success=code == "00", asked=Asked(state, before, True, True))
    assert verdict == Verdict(is_booked=True, to=to, findings=(Finding.CHANGED_ANSWER,))


def test_known_code_after_an_unknown_one_moves_the_waiting_key() -> None:
    verdict = decide("00", is_success=True, asked=Asked(KeyState.REPORTED_BOUND, "99", True, True))
    assert verdict == Verdict(is_booked=True, to=ENABLED, findings=(Finding.CHANGED_ANSWER,))


def test_answer_to_a_replaced_report_moves_nothing() -> None:
    verdict = decide("00", is_success=True, asked=Asked(KeyState.REPORTED_BOUND, "01", False, True))
    assert verdict == Verdict(findings=(Finding.CHANGED_ANSWER,))


def test_answer_about_a_key_that_went_on_moves_nothing() -> None:
    verdict = decide("03", is_success=False, asked=Asked(KeyState.REPORTED_RETURN, "00", True, True))
    assert verdict == Verdict(is_booked=True, findings=(Finding.CHANGED_ANSWER,))
