"""Forecast, threshold, test and alarms in the browser."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Product, StockAlert, StockAlertMail, StockThreshold
from licensing.rules.stock_alerts import UNDELIVERED_AFTER
from licensing.services.stock_alerts import send_alert_mail
from tests.factories import make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
FORM = {"measure": "keys", "below": "5", "margin_percent": "10", "roles": ["mar_stock"], "is_on": "on"}


@pytest.fixture
def product() -> Product:
    make_mar()
    product = make_product(code="PRO")
    make_stock(product, 3)
    return product


def keeper() -> Client:
    return sign_in(Client(), make_member("mar_stock"))


def test_keeper_sets_a_threshold_sends_a_test_and_sees_its_proof(product: Product) -> None:
    client = keeper()
    assert client.post("/mar/stock/forecast/PRO/threshold/", FORM).status_code == 302
    assert "Over again at 6." in client.get("/mar/stock/forecast/PRO/").content.decode()
    sent = client.post("/mar/stock/forecast/PRO/test/")
    with mar_scope():
        alert, row = StockAlert.objects.get(), StockAlertMail.objects.earliest("pk")
    assert sent["Location"] == f"/mar/stock/alarms/{alert.pk}/"
    assert "On its way" in client.get(sent["Location"]).content.decode()
    with mar_scope():
        send_alert_mail(row.pk, at=timezone.now())
    page = client.get(sent["Location"]).content.decode()
    assert "The mail server took it" in page
    assert f"stock-alert.{alert.pk}" in page


def test_wrong_threshold_and_one_that_tells_nobody_say_why_and_save_nothing(product: Product) -> None:
    client = keeper()
    address = "/mar/stock/forecast/PRO/threshold/"
    assert client.post(address, {**FORM, "below": "0"}).status_code == 422
    refused = client.post(address, {**FORM, "roles": ["mar_finance"]})
    assert (refused.status_code, "ALM-1" in refused.content.decode()) == (409, True)
    with mar_scope():
        assert not StockThreshold.objects.exists()


def test_undelivered_alarm_shows_on_home_and_on_the_readiness_page(product: Product, settings: Any) -> None:
    client = keeper()
    client.post("/mar/stock/forecast/PRO/threshold/", FORM)
    client.post("/mar/stock/forecast/PRO/test/")
    assert Client().get("/health/ready").json()["warnings"] == {}
    with mar_scope():
        early = timezone.now() - UNDELIVERED_AFTER
        StockAlert.objects.update(raised_at=early, ended_at=None)
        StockAlertMail.objects.update(queued_at=early, problem="ConnectionRefusedError")
    assert "Nobody was told about" in client.get("/mar/").content.decode()
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()["warnings"]) == (200, {"stock_alarms": "1 undelivered"})


@pytest.mark.parametrize(
    ("role", "seen", "changed"),
    [("mar_admin", 200, 200), ("mar_finance", 200, 403), ("compliance", 200, 404), ("auditor", 200, 404)],
)
def test_each_role_meets_what_it_may_do(product: Product, role: str, seen: int, changed: int) -> None:
    client = sign_in(Client(), make_member(role))
    assert client.get("/mar/stock/forecast/PRO/").status_code == seen
    assert client.get("/mar/stock/forecast/PRO/threshold/").status_code == changed


def test_stranger_finds_nothing(product: Product) -> None:
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    for address in ("/mar/stock/forecast/PRO/", "/mar/stock/alarms/", "/mar/stock/forecast/PRO/threshold/"):
        assert stranger.get(address).status_code == 404


def test_list_of_alarms_costs_the_same_for_one_and_three(product: Product) -> None:
    client = keeper()
    client.post("/mar/stock/forecast/PRO/threshold/", FORM)
    counts = []
    for alarms in (1, 2):
        for _ in range(alarms):
            client.post("/mar/stock/forecast/PRO/test/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/mar/stock/alarms/").status_code == 200
        counts.append(len([query for query in queries if "licensing_" in query["sql"]]))
    assert counts[0] == counts[1]
