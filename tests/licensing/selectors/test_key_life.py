"""A key's life names who, when, why and what; a partner meets his own span only; no query per step."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import audit
from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold
from licensing.selectors.key_life import LifeStep, key_life
from licensing.selectors.orders import all_keys
from licensing.services.hand_over import reveal_key
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.order_cancel import cancel_order
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import recall_key
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LAPTOP = DeviceIdentity("LENOVO", "20N2S00A00", "PF0ABCDE")


def _order(partner: Partner, product: Any, number: str, *, days: int) -> Order:
    at = AT + timedelta(days=days)
    with partner_scope(partner.id):
        placed = place_order(
            partner_id=partner.id, request=OrderRequest(product.id, 1), idempotency_key=number, by=BY, at=at
        )
        return Order.objects.get(pk=placed.order_id)


def _reveal(partner: Partner, key: ProductKey, reason: str) -> None:
    with partner_scope(partner.id):
        reveal_key(
            partner_id=partner.id, product_key_id=key.product_key_id, device=LAPTOP, reason=reason, by=BY,
            at=AT + timedelta(days=3),
        )  # fmt: skip


@pytest.fixture
def life() -> Any:
    """One key that the first partner ordered and gave back, and the second ordered and looked at twice."""
    first, second, product = make_partner(), make_partner(), make_product()
    key = make_stock(product, 1)[0]
    order = _order(first, product, "a", days=0)
    with mar_scope():
        cancel_order(order.pk, reason="Ordered by mistake", by=BY, at=AT + timedelta(days=1))
    mine = _order(second, product, "b", days=2)
    _reveal(second, key, "Station is down")
    _reveal(second, key, "Typed it wrong")
    return first, second, key, order, mine


def _told(steps: list[LifeStep]) -> list[tuple[str, str, str]]:
    return [(step.reason, step.leaves, step.enters) for step in steps]


def test_the_mar_reads_the_whole_life_from_the_fulfilment_to_the_pc(life: Any) -> None:
    first, second, key, order, mine = life
    with mar_scope():
        steps = key_life(all_keys().get(pk=key.pk))
    ours, theirs = f"partner:{first.pk}", f"partner:{second.pk}"
    assert _told(steps) == [
        ("key.revealed_again", "", ""),
        ("key.revealed", theirs, theirs),
        ("order.placed", "stock", theirs),
        ("order.cancelled", ours, "stock"),
        ("order.placed", "stock", ours),
        ("fulfilment.released", "supplier", "stock"),
    ]
    assert steps[0].facts == (("Why", "Typed it wrong"),)
    assert dict(steps[3].facts) == {"Order": str(order), "Why": "Ordered by mistake"}
    assert dict(steps[1].facts)["Why"] == "Station is down"
    assert [(reference.kind, reference.id) for reference in steps[2].references] == [("order", mine.pk)]
    assert dict(steps[5].facts) == {"Fulfilment": key.fulfilment.number}


def test_a_partner_sees_nothing_of_the_one_who_had_the_key_before(life: Any) -> None:
    _first, second, key, _order, _mine = life
    with partner_scope(second.pk):
        steps = key_life(ProductKey.objects.get(pk=key.pk), partner_id=second.pk)
    assert [step.reason for step in steps] == ["key.revealed_again", "key.revealed", "order.placed"]
    with mar_scope():  # the same answer without the database's row security: a look over his shoulder
        assert _told(key_life(all_keys().get(pk=key.pk), partner_id=second.pk)) == _told(steps)


def test_the_life_costs_as_many_queries_with_six_steps_as_with_twelve(life: Any) -> None:
    first, _second, key, _order, _mine = life
    other = make_stock(make_product(), 1)[0]
    for number in range(3):
        order = _order_again(first, other, number)
        with mar_scope():
            cancel_order(order.pk, reason="Again", by=BY, at=AT + timedelta(days=1))
    order = _order_again(first, other, 9)
    _reveal_other(first, other)
    counts = []
    for which in (key, other):
        with (
            mar_scope(),
            CaptureQueriesContext(
                connection,
            ) as queries,
        ):
            found = all_keys().get(pk=which.pk)
            assert len(key_life(found)) >= 6
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 9


def _order_again(partner: Partner, key: ProductKey, number: int) -> Order:
    return _order(partner, key.product, f"again-{number}", days=number // 9)


def _reveal_other(partner: Partner, key: ProductKey) -> None:
    with partner_scope(partner.id):
        reveal_key(
            partner_id=partner.id, product_key_id=key.product_key_id, device=LAPTOP, reason="Station is down",
            by=BY, at=AT + timedelta(days=3),
        )  # fmt: skip


def test_why_a_key_was_held_let_go_and_called_back_stands_beside_the_step(life: Any) -> None:
    _first, second, key, _order, _mine = life
    with mar_scope():
        for hours, act in enumerate((put_on_hold, lift_hold)):
            act(
                [key.pk], hold=Hold.DISPUTED, reason=f"Reason {hours}", by=BY, at=AT + timedelta(days=4, hours=hours)
            )  # fmt: skip
        told = [(step.reason, dict(step.facts).get("Why")) for step in key_life(all_keys().get(pk=key.pk))][
            :2
        ]
        assert told == [("hold.lifted", "Reason 1"), ("hold.disputed", "Reason 0")]
    with partner_scope(second.id):
        assert [dict(step.facts).get("Why") for step in key_life(key, partner_id=second.id)][1] == "Reason 0"
    with mar_scope():
        recall_key(key.pk, reason="The PC burnt", by=BY, at=AT + timedelta(days=5))
        step = key_life(all_keys().get(pk=key.pk))[0]
    assert (step.reason, dict(step.facts)) == ("key.recalled", {"Why": "The PC burnt"})


def test_a_key_put_into_a_new_file_tells_it(life: Any) -> None:
    _first, second, key, _order, _mine = life
    with partner_scope(second.id):
        audit.record(
            "licensing.key.filed", by=BY, at=AT + timedelta(days=4), object_type="key",
            object_id=key.product_key_id, partner_id=second.id, facts={"repeat": True, "reason": "Disk broke"},
        )  # fmt: skip
        step = key_life(key, partner_id=second.id)[0]
    assert (step.reason, step.facts) == ("key.filed_again", (("Why", "Disk broke"),))
