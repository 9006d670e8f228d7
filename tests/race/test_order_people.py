"""Two people at one order, key or limit: one act counts, the other is told; and what stops them without a lock."""

from decimal import Decimal
from typing import Any

import pytest

from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, KeyReplacement, LimitChange, Order, OrderEvent, ProductKey
from licensing.rules.key_states import KeyState
from licensing.services import limits, order_approval, replacements
from licensing.services.limits import approve_limit, change_limit
from licensing.services.order_approval import approve_order, refuse_order
from licensing.services.replacements import Wanted, swap_key
from partners.models import CreditPosition
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.exchange import make_held_keys
from tests.licensing.services.orders_kit import order, steps_of
from tests.race.at_once import at_once, reading_together


def _decide_twice(second: Any = approve_order) -> tuple[Any, list[str]]:
    partner, product = make_partner(), make_product()
    make_stock(product, 4)
    order_id = order(partner, product, 2, lane="special").order_id
    people = [actor_for(make_member("mar_approver")) for _ in range(2)]
    outcomes = at_once(
        lambda: approve_order(order_id, reason="Yes, a tender", by=people[0], at=AT),
        lambda: second(order_id, reason="Second look", by=people[1], at=AT),
        scope=mar_scope,
    )
    return order_id, outcomes


def _decisions(order_id: Any) -> int:
    kinds = (OrderEvent.Kind.APPROVED, OrderEvent.Kind.REFUSED)
    with mar_scope():
        return OrderEvent.objects.filter(order_id=order_id, kind__in=kinds).count()


@pytest.mark.parametrize("second", [approve_order, refuse_order])
def test_an_order_is_decided_once(cloned_db: str, second: Any) -> None:
    order_id, outcomes = _decide_twice(second)
    assert outcomes == ["NotDecided", "done"]
    assert _decisions(order_id) == 1
    with mar_scope():
        found = Order.objects.get(pk=order_id)
        keys = 2 if found.state == "allocated" else 0
        assert KeyAssignment.objects.filter(order_line__order=found).count() == keys
        assert set(ProductKey.objects.values_list("hold", flat=True)) == {"none"}
    assert steps_of(order_id)[0] == "placed"


def test_without_the_locks_the_database_lets_one_decision_stand(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_approval, "lock_credit", lambda _partner_id: None)
    read = reading_together(lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(order_approval, "lock_order", read)
    order_id, outcomes = _decide_twice()
    assert outcomes == ["IntegrityError", "done"]
    assert _decisions(order_id) == 1


def _swap_twice() -> tuple[ProductKey, list[str]]:
    make_mar()
    (key,) = make_held_keys(1, state=KeyState.ASSIGNED)
    make_stock(key.product, 3)
    people = [actor_for(make_member("tpr_technician", partner=key.partner)) for _ in range(2)]
    outcomes = at_once(
        *(
            lambda by=by: swap_key(
                partner_id=key.partner_id, product_key_id=key.product_key_id, wanted=Wanted("Wrong edition"), by=by,
                at=AT,
            )
            for by in people
        ),
        scope=lambda: partner_scope(key.partner_id),
    )  # fmt: skip
    return key, outcomes


def _held_by(key: ProductKey) -> tuple[int, int]:
    with mar_scope():
        open_ = KeyAssignment.objects.filter(partner_id=key.partner_id, ended_at__isnull=True)
        return open_.count(), KeyReplacement.objects.count()


def test_a_key_is_swapped_once(cloned_db: str) -> None:
    key, outcomes = _swap_twice()
    assert outcomes == ["NotFound", "done"]
    assert _held_by(key) == (1, 1)


def test_without_the_locks_the_database_swaps_a_key_once(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacements, "lock_credit", lambda _partner_id: None)
    monkeypatch.setattr(replacements, "_hold_off_a_stop", lambda *_wanted: None)
    read = reading_together(
        lambda partner_id, product_key_id: ProductKey.objects.select_related("product").get(
            partner_id=partner_id, product_key_id=product_key_id
        )
    )
    monkeypatch.setattr(replacements, "_lock_key", read)
    key, outcomes = _swap_twice()
    assert "done" in outcomes
    assert outcomes != ["NotFound", "done"]
    assert _held_by(key) == (1, 1)


def _raise_twice() -> tuple[Any, list[str]]:
    make_mar()
    partner = make_partner(credit="100.00")
    people = [actor_for(make_member("mar_approver")) for _ in range(2)]
    with mar_scope():
        change = change_limit(
            partner.pk, kind="credit", after=Decimal(200), reason="A tender", at=AT,
            by=actor_for(make_member("mar_admin")),
        )  # fmt: skip
    return partner, at_once(
        *(lambda by=by: approve_limit(change.pk, by=by, at=AT) for by in people), scope=mar_scope
    )


def _limit(partner: Any) -> Decimal:
    with mar_scope():
        return CreditPosition.objects.get(partner=partner).limit


def test_a_limit_is_raised_once(cloned_db: str) -> None:
    partner, outcomes = _raise_twice()
    assert (outcomes, _limit(partner)) == (["LimitRefused", "done"], 200)


def test_without_the_locks_the_database_lets_one_approval_stand(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "lock_credit", lambda _partner_id: None)
    read = reading_together(lambda pk: LimitChange.objects.select_related("written_by").get(pk=pk))
    monkeypatch.setattr(limits, "lock_limit_change", read)
    partner, outcomes = _raise_twice()
    assert (outcomes, _limit(partner)) == (["IntegrityError", "done"], 200)
