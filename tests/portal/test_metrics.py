"""/metrics: figures for a monitor with the token, nothing for anybody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from core.actor import Actor
from core.queue import enqueue
from core.services.seal import seal_stream, streams
from core.tenancy import mar_scope, partner_scope
from licensing.services.orders import OrderRequest, place_order
from reporting.models import UsageReport
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import order

TOKEN = "a-token-of-the-monitor"
BY = Actor.system("test")


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def _figures() -> dict[tuple[str, str], float]:
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (response.status_code, response["Cache-Control"].count("no-store")) == (200, 1)
    return {
        (sample.name, next(iter(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.django_db
@pytest.mark.parametrize("given", [None, "Bearer ", "Bearer wrong", TOKEN[:-1]])
def test_without_the_token_there_is_no_such_page(given: str | None) -> None:
    headers = {"Authorization": given} if given else {}
    assert Client().get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
def test_without_a_token_set_nobody_gets_in(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_orders_of_the_hour_and_free_keys() -> None:
    make_mar()
    product, partner = make_product(), make_partner()
    make_stock(product, 5)
    for hours, key in ((0, "now"), (2, "earlier")):
        with partner_scope(partner.pk):
            place_order(
                partner_id=partner.pk, request=OrderRequest(product.pk, 1), idempotency_key=key,
                by=BY, at=timezone.now() - timedelta(hours=hours),
            )  # fmt: skip
    figures = _figures()
    assert figures["portal_orders_last_hour", "allocated"] == 1
    assert figures["portal_stock_free_keys", product.code] == 3


@pytest.mark.django_db
def test_orders_that_wait_and_for_how_long() -> None:
    make_mar()
    product, partner, now = make_product(), make_partner(), timezone.now()
    for minutes in (1, 2):
        order(partner, product, 1, may_queue=True, at=now - timedelta(minutes=minutes))
    figures = _figures()
    assert figures["portal_orders_waiting", "backordered"] == 2
    assert 120 <= figures["portal_orders_waiting_oldest_seconds", "backordered"] < 180
    assert figures["portal_orders_waiting", "held_credit"] == 0
    assert figures["portal_orders_waiting_oldest_seconds", "held_credit"] == 0


@pytest.mark.django_db
def test_report_runs_by_their_state() -> None:
    make_mar()
    with mar_scope():
        for period, problem in (("2026-09", ""), ("2026-10", "The stock equation does not balance.")):
            UsageReport.objects.create(
                number=f"UR-{period}", period=period, revision=1, state="building", problem=problem,
                requested_at=timezone.now(), requested_by="Portal",
            )  # fmt: skip
    figures = _figures()
    assert (figures["portal_reports", "building"], figures["portal_reports", "problem"]) == (1, 1)


@pytest.mark.django_db
def test_queue_tells_what_waits_and_how_long() -> None:
    now = timezone.now()
    enqueue("core.nothing", at=now - timedelta(seconds=90), queue="documents")
    enqueue("core.nothing", at=now, due_at=now + timedelta(hours=1), queue="documents")
    figures = _figures()
    assert figures["portal_queue_waiting", "documents"] == 1
    assert 90 <= figures["portal_queue_oldest_seconds", "documents"] < 150
    assert figures["portal_queue_stuck", "documents"] == 0


def test_no_partner_person_or_key_stands_in_a_figure(cloned_db: str) -> None:
    partner, product = make_partner(name="Very Secret GmbH"), make_product()
    (key,) = make_stock(product, 1)
    with mar_scope():
        for stream in streams():
            seal_stream(stream, at=timezone.now())
    text = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    assert not any(secret in text for secret in (partner.name, partner.code, key.product_key_id, key.last5))
    assert 'portal_chain_sealed_timestamp_seconds{stream="custody"}' in text
