"""What a product asks for with each order line: refused without it, kept with it, the same on every road."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.idempotency import KeyReused
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, OrderLine
from licensing.services.order_queue import fill_backorders
from licensing.services.orders import OrderRefused, OrderRequest, preflight
from tests.factories import AT, make_partner, make_product, make_stock
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import GOOD, SCHEMA
from tests.licensing.services.orders_kit import order, state_of

pytestmark = pytest.mark.django_db


def _line(order_id: Any) -> OrderLine:
    with mar_scope():
        return OrderLine.objects.get(order_id=order_id)


@pytest.mark.parametrize(
    ("details", "missing"),
    [
        ({}, {"Wipe certificate (certificate)": "Fill this in.", "Wipe certificate (is_wiped)": "Fill this in."}),
        (GOOD | {"certificate": "a\x00b"},
         {"Wipe certificate (certificate)": "Leave out invisible characters and line breaks."}),
        (GOOD | {"no\x00such": 1}, {"?": "This product asks for no such field."}),
    ],
)  # fmt: skip
def test_details_that_do_not_fit_are_refused_by_preflight_and_order_alike(details: Any, missing: Any) -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    version = make_version(product, required_fields=SCHEMA)
    with partner_scope(partner.pk):
        shown = preflight(
            partner_id=partner.pk, request=OrderRequest(product.pk, 1, details=details), at=AT
        )  # fmt: skip
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 1, details=details)
    (refusal,) = caught.value.refusals
    assert shown.decision.refusals == [refusal]
    assert (refusal.code, refusal.rule, refusal.rule_version) == ("details_invalid", "ORD-16", "2026-11-06")
    assert refusal.missing == missing
    assert refusal.fix_path == f"/tpr/order/{product.code}/"
    assert refusal.facts["Fields in force since"] == f"{version.valid_from:%Y-%m-%d}"
    with mar_scope():
        assert Order.objects.count() == 0


def test_details_are_kept_with_the_version_and_a_key_in_them_is_masked() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"]}}
    schema["properties"]["certificate"] = {**schema["properties"]["certificate"], "maxLength": 60}
    version = make_version(product, required_fields=schema)
    typed = "VK7JG-NPHTM-C97JM-9MPGT-3V66T"
    line = _line(order(partner, product, 1, details=GOOD | {"certificate": typed}).order_id)
    assert line.product_version_id == version.pk
    assert line.details.keys() == GOOD.keys()
    assert "NPHTM" not in line.details["certificate"]
    assert {name: line.details[name] for name in GOOD if name != "certificate"} == {
        name: value for name, value in GOOD.items() if name != "certificate"
    }


def test_a_product_that_asks_for_nothing_takes_no_details() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 1, details={"certificate": "A-1"})
    assert caught.value.code == "details_invalid"
    line = _line(order(partner, product, 1).order_id)
    assert (line.details, line.product_version_id) == ({}, None)


def test_an_order_that_waits_keeps_its_details_in_both_parts_and_is_not_asked_again() -> None:
    partner, product = make_partner(), make_product()
    version = make_version(product, required_fields=SCHEMA)
    make_stock(product, 2)
    first = order(partner, product, 5, details=GOOD, may_split=True)
    with mar_scope():
        (rest,) = Order.objects.filter(split_from=first.order_id)
    for order_id in (first.order_id, rest.pk):
        line = _line(order_id)
        assert (line.details, line.product_version_id) == (GOOD, version.pk)
    more = {**SCHEMA, "required": [*SCHEMA["required"], "wiped_on", "devices", "standard"]}
    make_version(product, since=AT + timedelta(hours=1), required_fields=more)
    make_stock(product, 3)
    fill_backorders(product.pk, at=AT + timedelta(hours=2))
    assert state_of(rest.pk) == "allocated"


def test_other_details_under_the_same_idempotency_key_are_another_request() -> None:
    partner, product = make_partner(), make_product()
    make_version(product, required_fields=SCHEMA)
    make_stock(product, 3)
    first = order(partner, product, 1, key="one", details=GOOD)
    assert order(partner, product, 1, key="one", details=GOOD).order_id == first.order_id
    with pytest.raises(KeyReused):
        order(partner, product, 1, key="one", details=GOOD | {"certificate": "A-2"})


@pytest.mark.parametrize("change", [{"details": {}}, {"product_version": None}])
def test_the_database_refuses_to_change_what_was_said(change: dict[str, Any]) -> None:
    partner, product = make_partner(), make_product()
    make_version(product, required_fields=SCHEMA)
    make_stock(product, 1)
    placed = order(partner, product, 1, details=GOOD)
    with mar_scope(), pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order_id=placed.order_id).update(**change)
    assert _line(placed.order_id).details == GOOD
