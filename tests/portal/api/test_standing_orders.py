"""Standing orders by API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import StandingOrder
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.race.shops import make_shop

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/standing-orders"


def test_standing_order_is_made_seen_and_ended_by_a_machine() -> None:
    make_mar()
    shop, product = make_shop(make_partner()), make_product(price="40.00")
    make_stock(product, 3)
    client = Client(headers={"authorization": f"Bearer {shop.secret}"})
    first = (timezone.now() + timedelta(days=3)).date()
    body = {
        "name": "Weekly", "lines": [{"product": product.code, "quantity": 2}], "cadence": "weekly",
        "starts_on": first.isoformat(), "time_of_day": "08:00", "times": 2,
    }  # fmt: skip

    def post(path: str, body: dict[str, Any], key: str = "k1") -> Any:
        return client.post(
            f"{ADDRESS}{path}", body, content_type="application/json", headers={"idempotency-key": key}
        )

    made = post("", body)
    assert (made.status_code, [one["amount"] for one in made.json()["ahead"]]) == (201, ["80.00", "80.00"])
    assert post("", body).json()["id"] == made.json()["id"]
    assert post("", body | {"lines": [{"product": "NO-SUCH", "quantity": 1}]}, "k2").status_code == 422
    one = f"/{made.json()['id']}"
    assert client.get(ADDRESS).json()["results"][0]["id"] == made.json()["id"]
    assert client.get(f"{ADDRESS}{one}").json() == made.json()
    assert post(f"{one}:skip", {"day": first.isoformat()}).json()["runs"][0]["outcome"] == "skipped"
    assert post(f"{one}:skip", {"day": first.isoformat()}).status_code == 409
    for act, state in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        done = post(f"{one}:{act}", {})
        assert (done.status_code, done.json()["state"]) == (200, state)
    assert post(f"{one}:resume", {}).json()["code"] == "standing_order_state"
    with mar_scope():
        assert StandingOrder.objects.get().owner_key_id == shop.api_key.pk
