"""The rules and the catalogue by API: on a date, with versions, schema and ETag."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import ProductVersion
from licensing.rules.programme_rules import RULES
from partners.services.api_keys import create_api_key
from tests.factories import AT, make_mar, make_partner, make_product, make_user
from tests.factories.rules import set_rule
from tests.licensing.rules.test_required_fields import SCHEMA

pytestmark = pytest.mark.django_db


@pytest.fixture
def token() -> str:
    make_mar()
    partner = make_partner()
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Shop", scopes=["orders:read"], daily_claims=1, by=Actor.system("test"), at=AT
        )
    return str(secret.reveal())


def _get(token: str, path: str, **headers: str) -> Any:
    return Client().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {token}", **headers})


def test_the_rules_of_a_day_or_an_instant(token: str) -> None:
    set_rule("order.size", at=AT, most=9)
    for on, version, most in (
        ((AT - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"), 1, 5_000),
        (AT.isoformat().replace("+00:00", "Z"), 2, 9),
        ("2026-11-15", 1, 5_000),
        ("2026-11-16", 2, 9),
    ):
        rows = _get(token, f"rules?on={on}").json()
        assert [row["code"] for row in rows] == sorted(RULES)
        row = next(row for row in rows if row["code"] == "order.size")
        assert (row["version"], row["parameters"]["most"]) == (version, most)
    assert row["sentences"]["de"] == "Eine Bestellung umfasst 1 bis 9 Lizenzen."


@pytest.mark.parametrize("on", ["yesterday", "2026-13-01", "2026-11-15T10:00:00"])
def test_an_unclear_date_is_refused(token: str, on: str) -> None:
    assert _get(token, f"rules?on={on}").status_code == 400


def test_what_is_known_is_not_sent_again(token: str) -> None:
    product = make_product()
    with mar_scope():
        version = ProductVersion.objects.create(
            product=product, state="draft", valid_from=AT - timedelta(days=9), written_by=make_user(), written_at=AT,
            required_fields=SCHEMA, countries=["DE"],
        )  # fmt: skip
        version.state, version.published_by, version.announced_at = (
            "announced",
            make_user(),
            version.valid_from,
        )
        version.save()
    for path in ("rules", "catalogue"):
        first = _get(token, path)
        again = _get(token, path, **{"if-none-match": first["ETag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    (row,) = first.json()
    assert (row["required_fields"], row["countries"], row["pairs_with"]) == (SCHEMA, ["DE"], None)
    with mar_scope():
        product.name = "Another name"
        product.save()
    assert _get(token, "catalogue", **{"if-none-match": first["ETag"]}).status_code == 200
