"""What cannot be undone asks for a second factor of the last minutes: the table of those routes."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from partners.models.membership import Role
from partners.rules.permissions import permissions_of
from tests.factories import make_member
from tests.test_policy_of_every_route import PAGES
from tests.web import sign_in

# Each hands out a key or a power, ends one, or says something final to a partner or to Microsoft.
DANGEROUS = {
    "api-key-create",
    "compliance:privacy-ask",
    "compliance:privacy-erase",
    "compliance:privacy-export",
    "compliance:report-answer",
    "compliance:report-approve",
    "compliance:report-correct",
    "compliance:report-review",
    "compliance:report-submit",
    "compliance:score-model",
    "compliance:tier-decide",
    "mar:application-approve",
    "mar:application-reject",
    "mar:cbr-mark-sent",
    "mar:change-publish",
    "mar:company-change",
    "mar:conflict-settle",
    "mar:import-reject",
    "mar:import-release",
    "mar:key-recall",
    "mar:office-edit",
    "mar:order-cancel",
    "mar:partner-exit-begin",
    "mar:partner-exit-confirm",
    "mar:partner-exit-finish",
    "mar:partner-exit-keys",
    "mar:partner-exit-recall",
    "mar:partner-exit-waive",
    "mar:partner-grace",
    "mar:partner-lift",
    "mar:partner-restrict",
    "mar:partner-suspend",
    "mar:partner-view-as",
    "mar:partner-withdraw",
    "mar:quota-answer",
    "mar:recipient-approve",
    "mar:recipient-refuse",
    "mar:renewal-approve",
    "mar:return-new",
    "mar:standing-confirm",
    "mar:standing-keep",
    "mar:standing-lift-block",
    "mar:version-new",
    "people-invite",
    "people-remove",
    "people-reset-factors",
    "people-role",
    "tpr:company-change",
    "tpr:key-reveal",
}
# Permissions that only read, or only prepare what a second person then decides.
HARMLESS_WORDS = ("view", "home")


def test_every_dangerous_route_asks_for_a_fresh_factor() -> None:
    fresh = {route.name for route in PAGES if route.policy and route.policy.needs_fresh_factor}
    assert DANGEROUS - fresh == set()
    assert {name for name in DANGEROUS if name not in {route.name for route in PAGES}} == set()


@pytest.mark.parametrize("word", ["approve", "suspend", "release", "revoke-all", "issue", "waive", "erase"])
def test_a_new_route_with_a_dangerous_name_asks_too(word: str) -> None:
    stale = [
        route.name
        for route in PAGES
        if word in route.name.rpartition(":")[2].split("-")
        and route.policy
        and not route.policy.needs_fresh_factor
        and not route.policy.permission.endswith(HARMLESS_WORDS)
    ]
    assert stale == []


def test_every_dangerous_permission_is_held_by_somebody() -> None:
    held = frozenset().union(*(permissions_of(role.value) for role in Role))
    assert {route.policy.permission for route in PAGES if route.name in DANGEROUS and route.policy} <= held


@pytest.mark.django_db
def test_a_form_sent_too_late_leads_back_to_its_page_and_changes_nothing() -> None:
    client = sign_in(Client(), make_member("mar_admin"), second_factor_age=600)
    page = reverse("people-invite")
    answer = client.post(
        page, {"email": "x@example.test"}, headers={"referer": f"http://testserver{page}?a=1"}
    )
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [f"{page}?a=1"]
    assert "Nothing was changed yet" in client.get(answer["Location"]).text


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["", "https://evil.example/x", "javascript:alert(1)"])
def test_a_form_sent_from_elsewhere_leads_to_the_start(page: str) -> None:
    client = sign_in(Client(), make_member("mar_admin"), second_factor_age=600)
    answer = client.post(reverse("people-invite"), {}, headers={"referer": page})
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == ["/start/"]
