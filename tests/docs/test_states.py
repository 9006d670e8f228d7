"""docs/states.md holds the same tables as the code."""

from licensing.models.build import BuildState
from licensing.models.exchange import CbrState
from licensing.models.key_batch import KeyBatchState
from licensing.models.order import OrderState
from licensing.rules.key_states import PARTNER_TRANSITIONS, TRANSITIONS, Hold, KeyState
from licensing.rules.order_states import TRANSITIONS as ORDER_TRANSITIONS
from licensing.rules.partner_returns import TRANSITIONS as RETURN_TRANSITIONS
from licensing.rules.quota import TRANSITIONS as EXCEPTION_TRANSITIONS
from partners.models.partner import PartnerState
from partners.rules.applications import TRANSITIONS as APPLICATION_TRANSITIONS
from partners.rules.partner_states import ACT_WORDS, ALLOWS, STEPS, STOPS, Act, Extent
from partners.rules.recipients import TRANSITIONS as RECIPIENT_TRANSITIONS
from portal.status import status
from reporting.services.states import TRANSITIONS as REPORT_TRANSITIONS
from tests.docs.pages import section, table, text_of

PAGE = text_of("docs/states.md")


def pairs(heading: str) -> list[tuple[str, str]]:
    return sorted((row[0], row[1]) for row in table(section(PAGE, heading), "From"))


def test_the_key_table_is_the_codes():
    names = [
        (before.microsoft_name if before else "–", after.microsoft_name) for before, after in TRANSITIONS
    ]
    assert pairs("Key") == sorted(names)


def test_the_key_table_says_who_may_take_each_step():
    marked = {(row[0], row[1]) for row in table(section(PAGE, "Key"), "From") if row[2] == "P"}
    assert marked == {(a.microsoft_name, b.microsoft_name) for a, b in PARTNER_TRANSITIONS if a}


def test_the_key_states_carry_microsofts_numbers_and_the_screens_words():
    rows = {(row[0], row[1], row[2]) for row in table(section(PAGE, "Key"), "Number")}
    assert rows == {(str(s.value), s.microsoft_name, str(status("key", s.value).label)) for s in KeyState}


def test_every_hold_stands_there():
    assert [row[0] for row in table(section(PAGE, "Hold"), "Hold")] == [hold.value for hold in Hold]


def test_states_without_a_table_of_steps_are_all_listed():
    for heading, states in (
        ("Order", OrderState),
        ("Import", KeyBatchState),
        ("Build", BuildState),
        ("Computer build report", CbrState),
    ):
        assert [row[0] for row in table(section(PAGE, heading), "State")] == states.values, heading


def test_the_steps_of_an_application_are_the_codes():
    steps = [(before, after) for before, afters in APPLICATION_TRANSITIONS.items() for after in afters]
    assert pairs("Application") == sorted(steps)


def test_the_steps_of_a_partner_are_the_codes():
    rows = table(section(PAGE, "Partner"), "From")
    assert {(row[0], row[1]): frozenset(row[2].split(", ")) for row in rows} == STEPS


def test_what_each_state_of_a_partner_allows_is_the_codes():
    rows = table(section(PAGE, "Partner"), "State")
    narrowed = STOPS[Extent.ALL]

    def cell(state: str, act: Act) -> str:
        if act not in ALLOWS[state]:
            return "no"
        is_narrowed = state in ("restricted", "suspended") and act in narrowed
        return f"as far as not {state}" if is_narrowed else "yes"

    assert rows == [[state.value, *(cell(state, act) for act in Act)] for state in PartnerState]
    assert [str(ACT_WORDS[act]) for act in Act] == [
        "order",
        "take keys",
        "report",
        "return",
        "pay",
        "export",
        "read",
    ]


def test_the_steps_of_a_report_are_the_codes():
    assert pairs("Monthly report") == sorted((a.value, b.value) for a, b in REPORT_TRANSITIONS)


def test_the_steps_of_a_recipient_are_the_codes():
    steps = [(before, after) for before, afters in RECIPIENT_TRANSITIONS.items() for after in afters]
    assert pairs("Recipient") == sorted(steps)


def test_the_steps_of_a_quota_exception_are_the_codes():
    steps = [(before, after) for before, afters in EXCEPTION_TRANSITIONS.items() for after in afters]
    assert pairs("Quota exception") == sorted(steps)


def test_the_steps_of_a_return_are_the_codes():
    steps = [(before.value, after.value) for before, afters in RETURN_TRANSITIONS.items() for after in afters]
    assert pairs("Return") == sorted(steps)


def test_the_steps_of_an_order_are_the_codes():
    steps = [(str(before), str(after)) for before, afters in ORDER_TRANSITIONS.items() for after in afters]
    assert pairs("Order") == sorted(steps)
