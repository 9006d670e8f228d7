"""The twelve reference cases of a replaced board, each with the sentence of the programme it follows."""

import pytest

from licensing.rules.board_swap import Board, Failed, Label, Outcome, Reason, Swapped, judge
from licensing.rules.key_states import KeyState

OLD = Board("LENOVO", "20N2 NM-B901", "L1HF84K00AB")
ALIKE = Board("Lenovo", "20n2-NM-B901", "L1HF99K77CD")
OTHER = Board("LENOVO", "20N2 NM-C151", "L1HF70K11EF")
ENABLED, BOUND = KeyState.ACTIVATION_ENABLED, KeyState.BOUND
SAME, REPLACED, NEW = Outcome.SAME_LICENCE, Outcome.REPLACEMENT, Outcome.NEW_PC
D, U = Reason.DEFECT, Reason.UPGRADE
BEFORE, AFTER = Failed.BEFORE_SALE, Failed.AFTER_SALE
OK, DAMAGED, MISSING = Label.INTACT, Label.DAMAGED, Label.MISSING


# Each case: name, new board, reason, when, in warranty, label, key, free, the answer, charged.
CASES = [
    # domain 1.3: "swapping it for anything but the identical make, model and specification makes a new PC".
    ("the same board went back in", OLD, D, BEFORE, False, OK, ENABLED, True, SAME, False),
    # domain 3.1, 6: the hash is taken "after all hardware work is finished"; before it nothing is bound.
    ("alike, key taken, not reported", ALIKE, D, BEFORE, False, OK, KeyState.RETRIEVED, True, SAME, False),
    # domain 3.3: Consumed, Bound → revert, "only before the CBR".
    ("alike, report not sent yet", ALIKE, D, BEFORE, False, OK, BOUND, True, SAME, False),
    # domain 3.3: a return "not from … ReportedBound: recall or revert first".
    ("alike, report on its way", ALIKE, D, BEFORE, False, OK, KeyState.REPORTED_BOUND, True, SAME, False),
    # domain 3.1, 6: "later big hardware changes break activation"; SM-AP: one goodwill replacement in 90 days.
    ("alike, enabled, inside the goodwill", ALIKE, D, BEFORE, False, OK, ENABLED, True, REPLACED, False),
    # SM-AP: "after 90 days the device counts as a new licensing event", its own transaction.
    ("alike, enabled, goodwill over", ALIKE, D, AFTER, False, OK, ENABLED, False, REPLACED, True),
    # domain 3.4: a denied key never worked; the licence of an alike board holds.
    ("alike, key was denied", ALIKE, D, BEFORE, False, OK, KeyState.ACTIVATION_DENIED, True, REPLACED, False),
    # domain 2.3: labels are counted; the PC's label follows its licence, a damaged one is spoiled.
    ("alike, enabled, label damaged", ALIKE, D, AFTER, True, DAMAGED, ENABLED, True, REPLACED, False),
    # domain 1.3: another model, before any report: a new PC with its own eligibility.
    ("another model before the report", OTHER, D, BEFORE, False, OK, KeyState.RETRIEVED, True, NEW, False),
    # domain 1.3: another model after the activation: the old key goes back, the PC is new.
    ("another model after the activation", OTHER, D, BEFORE, False, MISSING, ENABLED, True, NEW, False),
    # domain 1.3: "repair for the same owner is not refurbishment, a new owner is needed", warranty or not.
    ("another model after the sale, warranty", OTHER, D, AFTER, True, OK, ENABLED, True, NEW, False),
    # domain 1.3 and 5, pattern 8: a board changed without a defect is a new or different motherboard.
    ("alike but not broken: an upgrade", ALIKE, U, BEFORE, False, OK, ENABLED, True, NEW, False),
]


@pytest.mark.parametrize(
    ("name", "new", "reason", "failed", "warranty", "label", "state", "free", "outcome", "charged"), CASES
)
def test_reference_case(
    name: str, new: Board, reason: Reason, failed: Failed, warranty: bool, label: Label, state: KeyState,
    free: bool, outcome: Outcome, charged: bool,
) -> None:  # fmt: skip
    found = judge(Swapped(OLD, new, reason, failed, warranty, label, state, free))
    assert (found.outcome, found.is_charged) == (outcome, charged), name
    assert found.why
    assert found.source.startswith("domain")
    assert any("label" in str(step) for step in found.steps) is (label is not OK)


def test_there_are_twelve_cases_and_every_answer_is_among_them() -> None:
    assert len(CASES) == 12
    assert {case[8] for case in CASES} == set(Outcome)


@pytest.mark.parametrize(
    ("board", "named"),
    [
        (OLD, True),
        (Board("LENOVO", "20N2", "To be filled by O.E.M."), False),
        (Board("LENOVO", "20N2", "000000"), False),
        (Board("", "20N2", "L1HF84K00AB"), False),
        (Board("LENOVO", "20N2", " "), False),
    ],
)
def test_board_without_a_name_cannot_be_judged(board: Board, named: bool) -> None:
    assert board.is_named is named


def test_sold_pc_with_another_board_gets_no_refurbishers_key() -> None:
    found = judge(Swapped(OLD, OTHER, D, AFTER, True, OK, ENABLED))
    assert any("owner" in str(step) for step in found.steps)
