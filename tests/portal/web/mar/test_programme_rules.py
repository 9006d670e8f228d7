"""The pages of the programme's rules: written, simulated and published by two people, read by partners."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import RuleReading, RuleState, RuleVersion
from licensing.rules.programme_rules import RULES
from tests.factories import make_mar, make_member, make_partner, make_product
from tests.factories.rules import set_rule
from tests.web import sign_in

pytestmark = pytest.mark.django_db
CODE = "report.ageing"


def _answers(**changes: object) -> dict[str, object]:
    sentences = {f"sentence_{code}": text for code, text in RULES[CODE].sentences.items()}
    begins = timezone.now() + timedelta(days=30)
    return {
        "value_remind_days": 5, "value_stop_orders_days": 21, "value_stop_keys_days": 45, **sentences,
        "begins_on": f"{begins:%Y-%m-%d}", "begins_at": "06:30", "reason": "Open keys are a risk.",
    } | changes  # fmt: skip


def _url(name: str, *more: object) -> str:
    return reverse(f"mar:rule-{name}", args=[CODE, *more])


def test_two_people_bring_a_rule_to_its_partners() -> None:
    make_mar()
    make_product()
    partner = make_partner()
    admin, approver = (sign_in(Client(), make_member(role)) for role in ("mar_admin", "mar_approver"))
    assert admin.post(_url("write"), _answers()).status_code == 302
    with mar_scope():
        draft = RuleVersion.objects.get(state=RuleState.DRAFT)
    page = admin.get(_url("detail")).content.decode()
    assert "new orders stop" in page
    assert "Needs a simulation first." in page
    refused = approver.post(_url("publish", draft.pk))
    assert (refused.status_code, b"P-RULE-5" in refused.content) == (409, True)
    assert admin.post(_url("simulate", draft.pk)).status_code == 302
    assert "Nothing comes out differently" in admin.get(_url("detail")).content.decode()
    assert admin.post(_url("publish", draft.pk)).status_code == 403
    assert approver.post(_url("publish", draft.pk)).status_code == 302
    assert "Read by 0 of 1 partners" in admin.get(_url("detail")).content.decode()
    buyer = sign_in(Client(), make_member("tpr_buyer", partner=partner))
    inbox = buyer.get(reverse("tpr:rules")).content.decode()
    assert "New versions of rules" in inbox
    assert (
        "Nothing comes out differently"
        in buyer.get(reverse("tpr:rule-version", args=[draft.pk])).content.decode()
    )
    assert buyer.post(reverse("tpr:rule-read", args=[draft.pk])).status_code == 302
    with mar_scope():
        assert RuleReading.objects.count() == 1
    assert "Take it back" in approver.get(_url("detail")).content.decode()
    assert approver.post(_url("withdraw", draft.pk)).status_code == 302


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value_stop_orders_days": 4}, "Each number is larger than the one before."),
        ({"value_remind_days": 0}, "greater than or equal to 1"),
        ({"sentence_de": ""}, "Say it in one plain sentence."),
        ({"sentence_en": "After {days} days."}, "{days} is no number of this rule."),
        ({"begins_on": f"{timezone.now():%Y-%m-%d}", "begins_at": "23:59"}, "P-RULE-4"),
    ],
)
def test_what_is_wrong_stands_at_its_field(change: dict[str, object], words: str) -> None:
    make_mar()
    admin = sign_in(Client(), make_member("mar_admin"))
    answer = admin.post(_url("write"), _answers(**change))
    assert answer.status_code in (409, 422)
    assert words in answer.content.decode()
    with mar_scope():
        assert not RuleVersion.objects.filter(state=RuleState.DRAFT).exists()


def test_a_partner_reads_every_rule_in_one_sentence() -> None:
    partner = make_partner()
    set_rule("order.size", most=77)
    reader = sign_in(Client(), make_member("tpr_readonly", partner=partner))
    page = reader.get(reverse("tpr:programme")).content.decode()
    assert "One order is for 1 to 77 licences." in page
    assert page.count('class="rule"') == len(RULES)


def test_the_list_asks_the_same_queries_for_more_versions(django_assert_max_num_queries: object) -> None:
    make_mar()
    admin = sign_in(Client(), make_member("mar_admin"))
    admin.get(reverse("mar:rule-list"))
    day = timezone.now().replace(second=0, microsecond=0)
    for count in (1, 2):
        for place in range(count):
            set_rule("order.size", at=day + timedelta(days=9 * count + place), most=9)
        with django_assert_max_num_queries(16):  # type: ignore[operator]
            admin.get(reverse("mar:rule-list"))
