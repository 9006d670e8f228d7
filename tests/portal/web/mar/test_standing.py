"""The MAR's acts upon a partner's standing, over HTTP."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.models import ScoreModel, Tier, TierProposal
from compliance.rules.score_model import DEFAULT
from compliance.services.score import take_snapshots
from core.tenancy import mar_scope
from partners.models import Grace, OrderBlock, Partner
from tests.factories import make_mar, make_member, make_partner
from tests.partners.samples import audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_mar():
    make_mar()


def _as(role: str, **fields) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def _block() -> OrderBlock:
    with mar_scope():
        return OrderBlock.objects.get()


def test_a_suspension_in_an_extent_is_shown_with_what_it_still_allows():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/"
    response = _as("compliance").post(f"{path}suspend/", {"reason": "Labels.", "extent": "hand_over"})
    assert response["Location"] == f"{path}standing/"
    page = _as("auditor").get(f"{path}standing/").text
    assert "Suspended: no keys." in page
    assert "order, report, return, pay, export, read" in page
    assert _block().until is None


def test_a_full_suspension_is_confirmed_by_another_person_only():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/"
    first, second = _as("mar_admin"), _as("mar_approver", name="Jonas")
    first.post(f"{path}suspend/", {"reason": "Theft.", "extent": "all"})
    confirm = f"{path}restrictions/{_block().pk}/confirm/"
    assert confirm not in first.get(f"{path}standing/").text
    assert first.post(confirm).status_code == 409
    assert _block().confirmed_by == ""
    assert confirm in second.get(f"{path}standing/").text
    assert second.get(confirm).status_code == 200
    assert second.post(confirm).status_code == 302
    assert (str(_block().confirmed_by), _block().until) == ("Jonas", None)
    keep = f"{path}restrictions/{_block().pk}/keep/"
    assert keep in second.get(f"{path}standing/").text
    assert second.post(keep, {"reason": ""}).status_code == 422
    before = _block().review_at
    assert second.post(keep, {"reason": "Still true."}).status_code == 302
    assert _block().review_at > before


def test_an_offer_nobody_accepted_is_taken_back():
    partner = make_partner(state="agreement_pending", accepts_terms=False, contact_email="new@firm.example")
    path = f"/mar/partners/{partner.pk}/withdraw/"
    admin = _as("mar_admin")
    assert path in admin.get(f"/mar/partners/{partner.pk}/").text
    assert admin.get(path).status_code == 200
    assert admin.post(path, {"reason": "No answer for a year."}).status_code == 302
    page = admin.get(f"/mar/partners/{partner.pk}/").text
    assert path not in page
    assert f"/mar/partners/{partner.pk}/exit/" not in page
    with mar_scope():
        assert Partner.objects.get(pk=partner.pk).state == "terminated"
    active = make_partner()
    refused = admin.post(f"/mar/partners/{active.pk}/withdraw/", {"reason": "x"})
    assert refused.status_code == 409
    assert "not in a state that allows this step" in refused.text


def test_a_restriction_is_set_and_lifted_with_its_words():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/"
    client = _as("compliance")
    form = {"kind": "orders", "reason": "Questions about labels.", "next_step": "Send photos.", "until": ""}
    assert client.get(f"{path}restrict/").status_code == 200
    assert client.post(f"{path}restrict/", form | {"reason": ""}).status_code == 422
    # Both at once is a suspension, which one person alone cannot make endless.
    assert client.post(f"{path}restrict/", form | {"kind": "all"}).status_code == 422
    with mar_scope():
        assert OrderBlock.objects.count() == 0
    assert client.post(f"{path}restrict/", form).status_code == 302
    assert "Send photos." in client.get(f"{path}standing/").text
    lift = f"{path}restrictions/{_block().pk}/lift/"
    assert client.get(lift).status_code == 200
    assert client.post(lift, {"reason": "Photos came."}).status_code == 302
    assert _block().lift_reason == "Photos came."
    assert (
        client.get(f"/mar/partners/{make_partner().pk}/restrictions/{_block().pk}/lift/").status_code == 404
    )


def test_orders_wait_while_the_tax_is_open_whatever_else_the_form_says():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/"
    form = {
        "about": "tax",
        "kind": "hand_over",
        "reason": "Moved to Austria.",
        "next_step": "Send the VAT number.",
    }
    assert _as("mar_admin").post(f"{path}restrict/", form).status_code == 302
    block = _block()
    assert (block.rule, block.kind, block.orders_wait) == ("TAX-1", "orders", True)
    assert "How orders are taxed" in _as("mar_admin").get(f"{path}standing/").text


def test_time_is_given_and_ended_by_an_administrator():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/"
    client = _as("mar_admin")
    day = (timezone.now() + timedelta(days=30)).date()
    form = {"rule": "CMP-11", "reason": "Flood.", "until": day.isoformat()}
    assert client.get(f"{path}grace/").status_code == 200
    assert client.post(f"{path}grace/", form | {"until": "2020-01-01"}).status_code == 422
    assert client.post(f"{path}grace/", form).status_code == 302
    assert _as("compliance").post(f"{path}grace/", form).status_code == 404
    with mar_scope():
        grace = Grace.objects.get()
    assert grace.valid_before.astimezone(timezone.get_fixed_timezone(60)).date() in (
        day,
        day - timedelta(days=1),
    )
    assert "Flood." in client.get(f"{path}standing/").text
    assert client.post(f"{path}graces/{grace.pk}/end/", {"reason": "Over."}).status_code == 302
    assert audited("partners.grace.ended") == 1


def test_a_tired_second_factor_comes_first():
    partner = make_partner()
    client = sign_in(Client(), make_member("mar_admin"), second_factor_age=10_000)
    for act in ("suspend", "lift", "grace"):
        assert "reauthenticate" in client.get(f"/mar/partners/{partner.pk}/{act}/")["Location"]


def test_a_proposal_is_confirmed_once_with_a_reason():
    partner = make_partner()
    with mar_scope():
        tiers = {tier.code: tier for tier in Tier.objects.all()}
        proposal = TierProposal.objects.create(
            partner=partner, from_tier=tiers["starter"], to_tier=tiers["standard"], builds=80, score=90,
            proposed_at=timezone.now(),
        )  # fmt: skip
    path = f"/compliance/tiers/{proposal.pk}/"
    admin = _as("mar_admin")
    assert "Decide" not in _as("compliance").get(path).text
    assert "Decide" in admin.get(path).text
    assert (
        _as("mar_finance").post(f"{path}decide/", {"decision": "confirm", "reason": "x"}).status_code == 403
    )
    assert admin.post(f"{path}decide/", {"decision": "confirm", "reason": ""}).status_code == 422
    assert admin.post(f"{path}decide/", {"decision": "confirm", "reason": "Good."}).status_code == 302
    assert admin.post(f"{path}decide/", {"decision": "decline", "reason": "No."}).status_code == 409
    with mar_scope():
        assert Partner.objects.get().tier == "standard"


def test_a_score_model_needs_two_people():
    import json

    first, second = _as("compliance"), _as("mar_approver")
    day = (timezone.now() + timedelta(days=3)).date().isoformat()
    form = {
        "version": "2027-1", "pass_mark": "70", "valid_on": day, "numbers": json.dumps(DEFAULT), "reason": "New year.",
        "shadow_until": "",
    }  # fmt: skip
    path = "/compliance/scores/model/"
    assert first.get(f"{path}new/").status_code == 200
    assert first.post(f"{path}new/", form | {"numbers": "[]"}).status_code == 422
    assert first.post(f"{path}new/", form | {"numbers": "{}"}).status_code == 422
    assert first.post(f"{path}new/", form).status_code == 302
    with mar_scope():
        model = ScoreModel.objects.get(version="2027-1")
    assert first.post(f"{path}{model.pk}/", {"decision": "publish"}).status_code == 409
    assert second.post(f"{path}{model.pk}/", {"decision": "publish"}).status_code == 302
    with mar_scope():
        assert ScoreModel.objects.get(pk=model.pk).published_at is not None
    assert "2027-1" in _as("auditor").get(path).text


@pytest.mark.parametrize("path", ["/compliance/scores/", "/mar/partners/"])
def test_a_list_asks_the_same_number_of_questions_for_one_and_three(path):
    client = _as("mar_admin")
    counts = []
    for missing in (1, 2):
        for _ in range(missing):
            make_partner()
        with mar_scope():
            take_snapshots(at=timezone.now())
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        counts.append(len(captured))
    assert counts[0] == counts[1]
