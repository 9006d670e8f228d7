"""An order is completed when every key of it has its answer, and not before."""

import pytest

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.custody import Step, move_keys
from licensing.services.order_completion import complete_orders
from licensing.services.orders import OrderRequest, place_order
from tests.factories import AT, make_partner, make_product, make_stock

pytestmark = pytest.mark.django_db
ROAD = (KeyState.RETRIEVED, KeyState.BOUND, KeyState.REPORTED_BOUND, KeyState.ACTIVATION_ENABLED)


def test_order_is_completed_with_its_last_answer() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    with partner_scope(partner.id):
        placed = place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, 2),
            idempotency_key="k",
            by=Actor.system("test"),
            at=AT,
        )
    with mar_scope():
        first, second = ProductKey.objects.order_by("id").values_list("id", flat=True)
        step = Step("test", "", Actor.system("test"), AT)
        for state in ROAD:
            move_keys([first], to=state, step=step, is_disclosed=True)
        assert complete_orders(at=AT) == 0
        for state in (*ROAD[:-1], KeyState.ACTIVATION_DENIED):
            move_keys([second], to=state, step=step, is_disclosed=True)
        assert complete_orders(at=AT) == 1
        assert Order.objects.get(pk=placed.order_id).state == "completed"
        assert AuditEvent.objects.filter(action="licensing.order.completed").count() == 1
        assert complete_orders(at=AT) == 0
