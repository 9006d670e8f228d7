"""Recipients by API: list the own ones, note a draft, order for one; refusals carry rule, facts and figures."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Order
from partners.models import Partner, Recipient
from partners.services.api_keys import create_api_key
from tests.factories import AT, make_mar
from tests.factories.recipients import make_citizenship, make_draft, make_giver, make_recipient
from tests.factories.rules import set_rule

pytestmark = pytest.mark.django_db
DRAFT = {
    "class_code": "academic",
    "name": "Grundschule Am Park",
    "country": "DE",
    "town": "Hamburg",
    "size": "under_20",
}


@pytest.fixture
def giver() -> Partner:
    make_mar()
    return make_giver()


def _call(partner: Partner, method: str, path: str, body: Any = None) -> Any:
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Shop", scopes=["orders:read", "orders:write"], daily_claims=5, by=Actor.system("test"),
            at=AT,
        )  # fmt: skip
    return getattr(Client(), method)(
        f"/api/v1/{path}", body, content_type="application/json",
        headers={"Authorization": f"Bearer {secret.reveal()}", "Idempotency-Key": uuid4().hex},
    )  # fmt: skip


def _approved(partner: Partner) -> Recipient:
    return make_recipient(partner, at=timezone.now(), until=timezone.now().date() + timedelta(days=90))


def test_the_list_shows_the_own_ones_only(giver: Partner) -> None:
    own = make_draft(giver)
    make_draft(make_giver(), name="Other")
    (shown,) = _call(giver, "get", "recipients").json()["results"]
    assert (shown["id"], shown["class_code"], shown["state"], shown["claim"]) == (
        str(own.pk),
        "academic",
        "draft",
        "",
    )


def test_a_draft_is_noted_and_a_person_is_refused(giver: Partner) -> None:
    made = _call(giver, "post", "recipients", DRAFT)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    refused = _call(giver, "post", "recipients", DRAFT | {"purpose": "PCs for Frau Meier"})
    assert (refused.status_code, refused.json()["refusals"][0]["rule"]) == (422, "P-REC-5")
    assert "Meier" not in refused.content.decode()
    with mar_scope():
        assert Recipient.objects.count() == 1


def test_an_order_names_its_recipient(giver: Partner) -> None:
    school, product = _approved(giver), make_citizenship(stock=2)
    placed = _call(
        giver, "post", "orders", {"product": product.code, "quantity": 2, "recipient": str(school.pk)}
    )
    assert (placed.status_code, placed.json()["recipient"]) == (201, str(school.pk))


def test_refusals_say_evidence_missing_and_cap_exceeded_with_what_remains(giver: Partner) -> None:
    school, draft, product = (
        _approved(giver),
        make_draft(giver, name="Other School"),
        make_citizenship(stock=3),
    )
    set_rule("citizenship.windows", per_month=2)
    order = {"product": product.code, "quantity": 3}
    for recipient, code, fact, value in (
        (None, "recipient_needed", "Recipient", "none of yours"),
        (str(draft.pk), "evidence_missing", "Recipient id", str(draft.pk)),
        (str(school.pk), "cap_exceeded", "Remaining", "2"),
    ):
        asked = order | {"recipient": recipient, "quantity": 3 if code == "cap_exceeded" else 1}
        answer = _call(giver, "post", "orders", asked)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert answer.json()["refusals"][0]["facts"][fact] == value
        preflight = _call(giver, "post", "orders:preflight", asked).json()
        assert code in [gate["refusal"] for gate in preflight["gates"]]
    with mar_scope():
        assert Order.objects.count() == 0
