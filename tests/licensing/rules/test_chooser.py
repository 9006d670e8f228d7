"""Which licence fits: each answer and each rule in force changes the outcome, with the reason named."""

from typing import Any

import pytest

from licensing.rules.chooser import Answers, Offer, ReceiverClass, choose
from licensing.rules.programme_rules import published_rules

OFFERS = [
    Offer("WIN11-HOME-REF-COM", "Windows 11 Home", "commercial", "Home", "Windows 11", needs_windows_11=True),
    Offer("WIN11-PRO-REF-COM", "Windows 11 Pro", "commercial", "Pro", "Windows 11", needs_windows_11=True),
    Offer("WIN10-PRO-REF-COM", "Windows 10 Pro", "commercial", "Pro", "Windows 10"),
    Offer("WIN11-PRO-REF-CIT", "Citizenship Pro", "citizenship", "Pro", "Windows 11", needs_windows_11=True),
    Offer("OFFICE-REF-CIT", "Office", "citizenship", "Office", "Office 2019", pairs_with="Citizenship Pro"),
]
CLASSES = [
    ReceiverClass("charity", "Charity", ["windows"], ["Notice of charitable status"]),
    ReceiverClass("tap", "Programme", ["windows", "office"], ["Web page of the programme"]),
]
RULES = published_rules()


def _choose(rules: Any = RULES, offers: Any = OFFERS, **changes: Any) -> Any:
    answers = {
        "months": 36, "hardware": "windows_11", "label": "readable", "receiver": "anyone", "use": "pro", "quantity": 1
    }  # fmt: skip
    return choose(Answers(**answers | changes), offers, CLASSES, rules)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "WIN11-PRO-REF-COM"),
        ({"use": "home"}, "WIN11-HOME-REF-COM"),
        ({"hardware": "older"}, "WIN10-PRO-REF-COM"),
        ({"receiver": "charity"}, "WIN11-PRO-REF-CIT"),
        ({"receiver": "charity", "use": "home"}, "WIN11-PRO-REF-CIT"),
        ({"receiver": "charity", "hardware": "older"}, "WIN10-PRO-REF-COM"),
        ({"receiver": "charity", "label": "illegible"}, "WIN11-PRO-REF-CIT"),
        ({"receiver": "tap", "use": "office"}, "OFFICE-REF-CIT"),
        ({"months": 6}, "WIN11-PRO-REF-COM"),
    ],
)
def test_the_answers_lead_to_one_product(changes: dict[str, Any], code: str) -> None:
    choice = _choose(**changes)
    assert choice.offer.code == code


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"months": 5}, "device.age"),
        ({"label": "none"}, "device.prior_licence"),
        ({"label": "illegible"}, "device.prior_licence"),
        ({"receiver": "charity", "use": "office"}, "CIT-4"),
        ({"use": "office"}, "ORD-5"),
        ({"use": "home", "hardware": "older"}, ""),
    ],
)
def test_nothing_fits_and_the_reason_names_its_rule(changes: dict[str, Any], rule: str) -> None:
    choice = _choose(**changes)
    assert (choice.offer, [one.rule for one in choice.reasons]) == (None, [rule])


def test_a_new_version_of_a_rule_changes_the_outcome_and_is_named() -> None:
    older = RULES.replaced("device.age", 2, {"months": 48})
    (reason,) = _choose(older).reasons
    assert (reason.rule, reason.version) == ("device.age", "2")
    lenient = RULES.replaced("device.prior_licence", 3, {"commercial": False, "citizenship": True})
    assert _choose(lenient, label="none").offer.code == "WIN11-PRO-REF-COM"


def test_language_territory_and_hardware_of_a_product_count() -> None:
    offer = Offer("A", "A", "commercial", "Pro", "Windows 11", ["de"], ["DE"], {"ram_gb": 8}, "")
    for changes, fits in (({}, False), ({"min_hardware": {"ram_gb": 4}}, True)):
        narrowed = Offer(**{name: getattr(offer, name) for name in Offer.__slots__} | changes)
        assert (_choose(offers=[narrowed]).offer is not None) == fits
    open_ = Offer("A", "A", "commercial", "Pro", "Windows 11", ["de"], ["DE"])
    for changes, fits in (
        ({"language": "pl"}, False),
        ({"language": "de"}, True),
        ({"country": "FR"}, False),
    ):
        assert (_choose(offers=[open_], **changes).offer is not None) == fits


def test_a_large_order_takes_the_special_lane_and_papers_are_named() -> None:
    least = RULES.number("order.special_lane", "quantity")
    assert [_choose(quantity=least + more).needs_approval for more in (-1, 0)] == [False, True]
    assert _choose(receiver="charity").documents == [
        "A photo of the earlier licence label on the PC", "The wiping record of its disk",
        "Notice of charitable status",
    ]  # fmt: skip
    assert _choose(receiver="tap", use="office").beside == "Citizenship Pro"
    assert _choose(offers=[]).reasons[0].text == "No product is on sale today."
