"""How long the partner's keys last, by API and on his page."""

import pytest
from django.test import Client

from tests.factories import make_mar, make_member, make_partner
from tests.factories.exchange import make_held_keys
from tests.race.shops import make_shop
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def test_api_and_page_say_the_same_of_own_keys_alone() -> None:
    make_mar()
    partner, other = make_partner(), make_partner()
    keys = make_held_keys(3, partner=partner)
    make_held_keys(7, partner=other)
    shop = make_shop(partner)
    client = Client(headers={"authorization": f"Bearer {shop.secret}"})
    (row,) = client.get("/api/v1/stock/forecast").json()
    assert (row["product"], row["answer"], row["unspent"]) == (keys[0].product.code, "too_little", 3)
    assert (row["order_quantity"], row["order_by"], row["likely_on"]) == (0, None, None)
    page = sign_in(Client(), make_member("tpr_readonly", partner=partner)).get("/tpr/keys/")
    assert "How long your keys last" in page.content.decode()
    assert "too little is known yet" in page.content.decode()
