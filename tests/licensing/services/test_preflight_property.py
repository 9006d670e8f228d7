"""The pre-flight and the order agree, whatever the partner, the stock and the wishes are."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.tenancy import mar_scope, partner_scope
from licensing.models import Lane, Order, OrderLimit, ProductKey
from licensing.rules.order_decision import Outcome
from licensing.services.orders import OrderRefused, OrderRequest, preflight
from partners.models import OrderBlock, Partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.factories.pools import make_pool
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import GOOD, SCHEMA
from tests.licensing.services.orders_kit import keys_by_place, keys_of, order, set_credit

pytestmark = pytest.mark.django_db
# What the product's version asks for, and what the order says.
ASKED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}), ({}, {}), ({"countries": ["DE"]}, {}), ({"countries": ["FR"]}, {}), ({"required_fields": SCHEMA}, GOOD),
    ({"required_fields": SCHEMA}, {}), ({}, GOOD),
]  # fmt: skip
WORLDS = st.fixed_dictionaries(
    {
        "quantity": st.integers(1, 6), "stock": st.integers(0, 6), "queued": st.integers(0, 2),
        "credit": st.sampled_from(["0.00", "30.00", "100000.00"]), "monthly": st.sampled_from([0, 3, 1000]),
        "block": st.sampled_from(["none", "waits", "refuses"]), "state": st.sampled_from(["active", "winding_down"]),
        "lane": st.sampled_from(["", Lane.STANDARD.value, Lane.SPECIAL.value]), "may_wait": st.booleans(),
        "may_queue": st.booleans(), "may_split": st.booleans(), "pooled": st.integers(0, 4),
        "reserve_minutes": st.sampled_from([0, 0, 30, 121]),
        "asked": st.sampled_from(ASKED), "is_member": st.booleans(), "rival_is_member": st.booleans(),
    }
)  # fmt: skip


def _set_up(world: dict[str, Any]) -> tuple[Partner, Any]:
    partner, product = make_partner(), make_product(price="10.00")
    rival = make_partner()
    if world["queued"]:
        order(rival, product, world["queued"], may_queue=True)
    if world["stock"]:
        make_stock(product, world["stock"])
    if pooled := min(world["pooled"], world["stock"]):
        chosen = [world["is_member"] and partner, world["rival_is_member"] and rival]
        pool = make_pool(product, *filter(None, chosen), tiers=["nobody"])
        with mar_scope():
            # By hand: nobody may move keys past those who wait, yet a pool may have been filled before they did.
            free = ProductKey.objects.filter(product=product).order_by("position").values("pk")[:pooled]
            ProductKey.objects.filter(pk__in=free).update(pool=pool.pk)
    if asks := world["asked"][0]:
        make_version(product, **asks)
    set_credit(partner, limit=world["credit"])
    with mar_scope():
        OrderLimit.objects.filter(partner=partner).update(monthly_quantity=world["monthly"])
        Partner.objects.filter(pk=partner.pk).update(state=world["state"])
        if world["block"] != "none":
            OrderBlock.objects.create(
                partner=partner, kind="orders", rule="CMP-11", reason="Open", next_step="Report.", since=AT,
                orders_wait=world["block"] == "waits", facts={"Builds": 1},
            )  # fmt: skip
    return partner, product


@given(WORLDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_preflight_says_what_the_order_then_does(world: dict[str, Any]) -> None:
    partner, product = _set_up(world)
    wishes = {name: world[name] for name in ("lane", "may_wait", "may_queue", "may_split", "reserve_minutes")}
    wishes["details"] = world["asked"][1]
    asked = OrderRequest(product.pk, world["quantity"], **wishes)
    with partner_scope(partner.pk):
        told = preflight(partner_id=partner.pk, request=asked, at=AT)
    shown = told.decision
    before = keys_by_place()
    if shown.outcome == Outcome.REFUSED:
        with pytest.raises(OrderRefused) as caught:
            order(partner, product, asked.quantity, **wishes)
        assert list(caught.value.refusals) == shown.refusals
        assert keys_by_place() == before
        return
    placed = order(partner, product, asked.quantity, **wishes)
    assert placed.state == told.state
    assert keys_of(placed.order_id) == (shown.now if told.state == "allocated" else 0)
    with mar_scope():
        wanted = Order.objects.filter(partner=partner)
        assert sum(each.lines.get().quantity for each in wanted) == asked.quantity == shown.now + shown.later
        assert Decimal(10) * asked.quantity == sum(
            each.lines.get().quantity * each.lines.get().unit_price for each in wanted
        )
        assert sum(keys_by_place().values()) == sum(before.values())
