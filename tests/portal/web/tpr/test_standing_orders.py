"""Standing orders in the browser: a fresh factor to make one, its cost before it orders, and every act."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope, partner_scope
from licensing.models import StandingOrder
from licensing.services.standing_runs import run_standing_order
from tests.factories import make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
NEW, LIST = "/tpr/orders/standing/new/", "/tpr/orders/standing/"


@pytest.fixture
def shop() -> Any:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 9)
    return partner, product, sign_in(Client(), make_member("tpr_buyer", partner=partner))


def _make(client: Client, product: Any, **fields: Any) -> Any:
    first = (timezone.now() + timedelta(days=3)).date().isoformat()
    form = {
        "name": "Shop stock", "cadence": "weekly", "starts_on": first, "time_of_day": "08:00",
        "shortage": "refuse", "if_refused": "skip", "token": str(uuid4()), f"product-{product.pk}": "2",
    }  # fmt: skip
    return client.post(NEW, form | fields)


def _state() -> str:
    with mar_scope():
        return str(StandingOrder.objects.get().state)


def test_from_the_form_to_the_next_three_days_with_their_cost(shop: Any) -> None:
    _partner, product, client = shop
    assert client.get(NEW).status_code == 200
    made = _make(client, product)
    page = client.get(made["Location"])
    assert [str(one.amount) for one in page.context["ahead"]] == ["80.00"] * 3
    assert "€80.00" in page.content.decode()
    token = str(uuid4())
    for _press in range(2):
        assert _make(client, product, token=token, name="Again").status_code == 302
    with mar_scope():
        assert StandingOrder.objects.filter(name="Again").count() == 1
        assert StandingOrder.objects.filter(confirmed_by="").count() == 0


def test_every_act_once(shop: Any) -> None:
    _partner, product, client = shop
    address = _make(client, product)["Location"]
    day = client.get(address).context["order"].next_on
    for _press, status in enumerate((302, 409)):
        assert client.post(f"{address}skip/", {"day": day.isoformat()}).status_code == status
    assert client.get(address).context["order"].next_on == day + timedelta(days=7)
    assert client.post(f"{address}skip/", {"day": "soon"}).status_code == 409
    for act, state in (("pause", "paused"), ("resume", "active"), ("end", "ended")):
        assert client.post(f"{address}{act}/").status_code == 302
        assert _state() == state
    assert client.post(f"{address}resume/").status_code == 409


def test_the_end_is_asked_about_first_and_asking_ends_nothing(shop: Any) -> None:
    _partner, product, client = shop
    address = _make(client, product)["Location"]
    page = client.get(f"{address}end/")
    assert page.status_code == 200
    assert "Keep it" in page.content.decode()
    assert _state() == "active"


def test_a_quantity_is_not_called_optional_and_what_is_left_out_still_is(shop: Any) -> None:
    _partner, product, client = shop
    text = " ".join(client.get(NEW).content.decode().split())
    assert f"{product.name}</label>" in text
    assert 'Last date <span class="field-optional">(optional)</span></label>' in text


@pytest.mark.parametrize("wrong", ["nothing", "past", "unknown_cadence"])
def test_form_without_sense_keeps_nothing(shop: Any, wrong: str) -> None:
    _partner, product, client = shop
    fields = {
        "nothing": {f"product-{product.pk}": ""},
        "past": {"starts_on": "2020-01-01", "cadence": "once"},
        "unknown_cadence": {"cadence": "daily"},
    }[wrong]
    assert _make(client, product, **fields).status_code == 422
    with mar_scope():
        assert StandingOrder.objects.count() == 0


def test_tired_factor_colleague_and_stranger(shop: Any) -> None:
    partner, product, client = shop
    tired = sign_in(Client(), make_member("tpr_buyer", partner=partner), second_factor_age=301)
    assert _make(tired, product).status_code == 302
    with mar_scope():
        assert StandingOrder.objects.count() == 0
    address = _make(client, product)["Location"]
    finance = sign_in(Client(), make_member("tpr_finance", partner=partner))
    assert finance.get(address).status_code == 200
    assert [finance.get(NEW).status_code, finance.post(f"{address}pause/").status_code] == [403, 403]
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert [stranger.get(address).status_code, stranger.post(f"{address}end/").status_code] == [404, 404]


def test_the_list_costs_as_many_queries_with_three_as_with_one(shop: Any) -> None:
    _partner, product, client = shop
    counts = []
    for _number in range(3):
        _make(client, product)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2]


def test_home_names_one_that_was_refused_and_waits(shop: Any) -> None:
    partner, product, client = shop
    _make(client, product, if_refused="hold", **{f"product-{product.pk}": "10"})
    with mar_scope():
        order = StandingOrder.objects.get()
    words = "1 standing order was refused and is paused."
    assert words not in client.get("/tpr/").content.decode()
    assert order.next_at is not None
    with partner_scope(partner.pk):
        run = run_standing_order(order.pk, at=order.next_at)
    assert (run.outcome if run else "") == "held"
    assert words in client.get("/tpr/").content.decode()
    page = client.get(f"{LIST}{order.pk}/").content.decode()
    assert "There are not enough keys" in page
