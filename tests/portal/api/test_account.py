"""Standing and agreements by API: the own ones, with the right scope, described in the schema."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from partners.models import Agreement, Partner
from partners.services.api_keys import create_api_key
from partners.services.standing import restrict_partner
from partners.services.terms import accept_terms
from tests.factories import AT, actor_for, hash_of, make_mar, make_member, make_partner, make_terms

pytestmark = pytest.mark.django_db
PORTAL = Actor.system("test")


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner(accepts_terms=False)


def _get(partner: Partner, path: str, *scopes: str) -> Any:
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="ERP", scopes=list(scopes or ["account:read"]), daily_claims=1, by=PORTAL, at=AT
        )
    return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret.reveal()}"})


def _accept(partner: Partner) -> Agreement:
    terms, owner = make_terms(), make_member("tpr_owner", partner=partner, name="Olivia Brand")
    with partner_scope(partner.pk):
        accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hash_of(terms), role="tpr_owner",
            by=actor_for(owner, partner=partner), at=AT,
        )  # fmt: skip
    return terms.agreement


NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("path", ["standing", "agreements", f"agreements/{NOBODYS}/acceptance"])
def test_another_scope_opens_none_of_it(partner: Partner, path: str) -> None:
    assert _get(partner, path, "orders:read").status_code == 403
    assert Client().get(f"/api/v1/{path}").status_code == 401


def test_agreements_say_what_is_on_offer_and_what_was_accepted(partner: Partner) -> None:
    make_terms()
    (before,) = _get(partner, "agreements").json()["results"]
    assert (before["is_accepted"], before["accepted_version"], before["accepted_at"]) == (False, None, None)
    agreement = _accept(partner)
    (after,) = _get(partner, "agreements").json()["results"]
    assert (after["id"], after["code"], after["is_accepted"]) == (str(agreement.pk), "TPR", True)
    assert after["accepted_version"] == after["version"]


def test_an_acceptance_names_who_when_and_the_text_and_is_the_partners_own(partner: Partner) -> None:
    terms, agreement = make_terms(), _accept(partner)
    path = f"agreements/{agreement.pk}/acceptance"
    assert _get(partner, path).json() == {
        "agreement": "TPR", "version": terms.version, "is_on_offer": True, "accepted_by": "Olivia Brand",
        "role": "tpr_owner", "accepted_at": AT.isoformat().replace("+00:00", "Z"), "language": "en",
        "text_sha256": hash_of(terms),
    }  # fmt: skip
    now = timezone.now()
    make_terms(
        "2099-1", text="New.", effective_from=now - timedelta(days=1), due_from=now + timedelta(days=30)
    )
    assert _get(partner, path).json()["is_on_offer"] is False
    assert _get(make_partner(accepts_terms=False), path).status_code == 404
    assert _get(partner, f"agreements/{uuid4()}/acceptance").status_code == 404


def test_the_standing_carries_the_six_facts_of_each_restriction_and_the_own_score(partner: Partner) -> None:
    other = make_partner()
    with mar_scope():
        restrict_partner(
            partner.pk, kind="orders", reason="Reports are late.", facts={"Keys": 3}, next_step="Report them.",
            by=PORTAL, at=AT,
        )  # fmt: skip
    told = _get(partner, "standing").json()
    assert (told["state"], "order" in told["allowed"], told["graces"]) == ("restricted", False, [])
    (restriction,) = told["restrictions"]
    assert {
        name: restriction[name] for name in ("rule", "reason", "facts", "stops", "next_step", "lifted_by")
    } == {
        "rule": "P-STATE-3", "reason": "Reports are late.", "facts": {"Keys": 3}, "stops": ["order"],
        "next_step": "Report them.", "lifted_by": "The MAR's compliance officer",
    }  # fmt: skip
    assert restriction["since"] == AT.isoformat().replace("+00:00", "Z")
    assert "report" in restriction["still_allowed"]
    assert (told["score"]["pass_mark"], sorted(area["code"] for area in told["score"]["areas"])) == (
        70, ["evidence", "hygiene", "payment", "reporting", "training"],
    )  # fmt: skip
    assert _get(other, "standing").json()["restrictions"] == []


def test_the_schema_describes_them() -> None:
    paths = Client().get("/api/openapi.json").json()["paths"]
    for path in ("standing", "agreements", "agreements/{agreement_id}/acceptance"):
        assert list(paths[f"/api/v1/{path}"]) == ["get"], path
