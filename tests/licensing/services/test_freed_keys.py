"""Whatever makes a key free tells the queue of its product."""

from typing import Any

import pytest

from core.actor import Actor
from core.models import OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.models import ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.replacements import Wanted, swap_key
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.exchange import make_held_keys
from tests.licensing.services.orders_kit import order

pytestmark = pytest.mark.django_db
OFFICE = Actor.system("office")


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _told() -> list[dict[str, Any]]:
    rows = OutboxItem.objects.filter(task="licensing.fill_backorders").order_by("created_at")
    return list(rows.values_list("arguments", flat=True))


@pytest.mark.parametrize("is_seen", [False, True])
def test_a_lifted_hold_lets_the_queue_have_what_nobody_has_seen(is_seen: bool) -> None:
    product = make_product()
    (key,) = make_stock(product, 1)
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.DISPUTED, reason="not ours", by=OFFICE, at=AT)
        ProductKey.objects.filter(pk=key.pk).update(is_disclosed=is_seen)
    assert order(make_partner(), product, 1, may_queue=True).state == "backordered"
    before = len(_told())
    with mar_scope():
        lift_hold([key.pk], hold=Hold.DISPUTED, reason="settled", by=OFFICE, at=AT)
    assert _told()[before:] == ([] if is_seen else [{"product_id": product.pk}])


@pytest.mark.parametrize("state", [KeyState.ASSIGNED, KeyState.RETRIEVED])
def test_a_swap_lets_the_queue_have_a_key_that_nobody_has_seen(state: KeyState) -> None:
    (key,) = make_held_keys(1, state=state)
    make_stock(key.product, 1)
    assert order(make_partner(), key.product, 2, may_queue=True).state == "backordered"
    before, partner_id = len(_told()), key.partner_id
    assert partner_id is not None
    with partner_scope(partner_id):
        swap_key(
            partner_id=partner_id, product_key_id=key.product_key_id, wanted=Wanted("the wrong one", None),
            by=OFFICE, at=AT,
        )  # fmt: skip
    assert _told()[before:] == ([{"product_id": key.product_id}] if state is KeyState.ASSIGNED else [])


def test_nobody_waiting_hears_nothing() -> None:
    (key,) = make_stock(make_product(), 1)
    with mar_scope():
        put_on_hold([key.pk], hold=Hold.DISPUTED, reason="not ours", by=OFFICE, at=AT)
        lift_hold([key.pk], hold=Hold.DISPUTED, reason="settled", by=OFFICE, at=AT)
    assert _told() == []
