"""The transition tables name every state, and nothing leaves the last ones."""

from partners.models.application import ApplicationState
from partners.models.partner import PartnerState
from partners.rules import applications, partner_states
from partners.rules.people import MAR_ROLES, TPR_ROLES
from partners.rules.permissions import PERMISSIONS


def test_every_state_stands_in_its_table():
    assert set(applications.TRANSITIONS) == set(ApplicationState)
    assert set(partner_states.TRANSITIONS) == set(PartnerState)


def test_an_approval_is_final_and_a_refusal_may_only_be_appealed():
    assert not any(applications.may_move("approved", other) for other in ApplicationState)
    assert [o for o in ApplicationState if applications.may_move("rejected", o)] == ["appealed"]
    assert not applications.may_move("submitted", "approved")


def test_an_unknown_state_moves_nowhere():
    assert not applications.may_move("lost", "approved")
    assert not partner_states.may_move("lost", "active")


def test_codes_have_four_digits_and_grow():
    assert [partner_states.format_code(number) for number in (7, 12345)] == ["TPR-0007", "TPR-12345"]


def test_every_role_belongs_to_one_house_and_has_permissions():
    assert set(TPR_ROLES) | set(MAR_ROLES) == set(PERMISSIONS)
    assert not set(TPR_ROLES) & set(MAR_ROLES)
