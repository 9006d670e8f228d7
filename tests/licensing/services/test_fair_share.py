"""Scarce stock shared out: switched on by two people, stored with its inputs, a receipt for each partner."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import AllocationReceipt, AllocationRun, Product, ScarcityPolicy
from licensing.services.fair_share import (
    NotSwitched,
    confirm_fair_share,
    end_fair_share,
    propose_fair_share,
    share_stock,
    verify_run,
)
from licensing.services.orders import OrderRefused
from partners.models import Partner
from tests.factories import AT, actor_for, make_member, make_partner, make_product, make_stock
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import keys_by_place, order, queue_of

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def two() -> tuple[Actor, Actor]:
    return actor_for(make_member("mar_admin")), actor_for(make_member("mar_approver"))


def _switch_on(product: Product, two: tuple[Actor, Actor]) -> ScarcityPolicy:
    with mar_scope():
        policy = propose_fair_share(product.pk, reason="Deliveries are late", by=two[0], at=AT)
        return confirm_fair_share(policy.pk, by=two[1], at=AT)


def _receipts() -> dict[Any, tuple[int, int, int]]:
    with mar_scope():
        rows = AllocationReceipt.objects.values_list("partner_id", "demand", "granted", "delivered")
        return {partner: (demand, granted, delivered) for partner, demand, granted, delivered in rows}


def _three(product: Product) -> list[Partner]:
    partners = [make_partner() for _ in range(3)]
    for partner, quantity in zip(partners, (20, 8, 2), strict=True):
        order(partner, product, quantity, may_queue=True)
    return partners


def test_nobody_switches_it_on_alone_and_not_twice(two: tuple[Actor, Actor]) -> None:
    product = make_product()
    with mar_scope():
        policy = propose_fair_share(product.pk, reason="Late", by=two[0], at=AT)
        with pytest.raises(NotSwitched):
            confirm_fair_share(policy.pk, by=two[0], at=AT)
        with pytest.raises(NotSwitched):
            propose_fair_share(product.pk, reason="Late", by=two[1], at=AT)
        assert confirm_fair_share(policy.pk, by=two[1], at=AT).confirmed_at == AT
        with pytest.raises(NotSwitched):
            confirm_fair_share(policy.pk, by=two[1], at=AT)
        with pytest.raises(IntegrityError, match="scarcity_by_two_people"), transaction.atomic():
            ScarcityPolicy.objects.update(confirmed_by=two[0].user_id)


def test_stock_is_shared_out_with_receipts_and_the_rest_stays_queued(two: tuple[Actor, Actor]) -> None:
    product = make_product()
    partners = _three(product)
    _switch_on(product, two)
    make_stock(product, 15)
    assert share_stock(product.pk, at=LATER) == 15
    # The floor of 5 first; then one by one, all took nothing before.
    assert _receipts() == {
        partners[0].pk: (20, 7, 7), partners[1].pk: (8, 6, 6), partners[2].pk: (2, 2, 2),
    }  # fmt: skip
    assert (keys_by_place(), queue_of(product)) == ({(11, "none"): 15}, [13, 2])
    assert share_stock(product.pk, at=LATER) == 0
    with mar_scope():
        assert AllocationRun.objects.count() == 1


def test_while_it_is_on_no_order_takes_stock_past_it(two: tuple[Actor, Actor]) -> None:
    product = make_product()
    make_stock(product, 5)
    policy = _switch_on(product, two)
    with pytest.raises(OrderRefused) as caught:
        order(make_partner(), product, 1)
    assert caught.value.refusals[0].facts["Stock"] == "shared out by the fair share"
    with mar_scope():
        end_fair_share(policy.pk, reason="Enough again", by=two[0], at=LATER)
    assert order(make_partner(), product, 1).state == "allocated"


def test_what_a_crash_left_undelivered_is_delivered_by_the_next_call(
    two: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from licensing.services import fair_share

    product = make_product()
    _three(product)
    _switch_on(product, two)
    make_stock(product, 15)
    monkeypatch.setattr(fair_share, "_deliver", lambda *_args: 0)
    assert share_stock(product.pk, at=LATER) == 0
    monkeypatch.undo()
    assert share_stock(product.pk, at=LATER) == 15


def test_the_same_demand_and_stock_a_second_time_are_shared_out_a_second_time(
    two: tuple[Actor, Actor],
) -> None:
    set_rule("order.fair_share", at=AT - timedelta(days=1), floor=5, days=1)
    product, partner = make_product(), make_partner()
    _switch_on(product, two)
    for day in (0, 3):
        order(partner, product, 2, may_queue=True, at=AT + timedelta(days=day))
        make_stock(product, 2)
        assert share_stock(product.pk, at=LATER + timedelta(days=day)) == 2
    with mar_scope():
        first, second = AllocationRun.objects.all()
    assert first.digest == second.digest
    assert queue_of(product) == []


def test_what_nobody_can_take_is_computed_once(
    two: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from licensing.services import fair_share

    product = make_product()
    _three(product)
    _switch_on(product, two)
    make_stock(product, 15)
    monkeypatch.setattr(fair_share, "_deliver", lambda *_args: 0)
    assert [share_stock(product.pk, at=LATER) for _beat in range(3)] == [0, 0, 0]
    with mar_scope():
        assert AllocationRun.objects.count() == 1


def test_a_partner_sees_his_own_receipt_alone_and_no_run(two: tuple[Actor, Actor]) -> None:
    product = make_product()
    partners = _three(product)
    _switch_on(product, two)
    make_stock(product, 4)
    share_stock(product.pk, at=LATER)
    with partner_scope(partners[0].pk):
        assert [receipt.partner_id for receipt in AllocationReceipt.objects.all()] == [partners[0].pk]
    with (
        partner_scope(partners[0].pk),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        AllocationRun.objects.count()


def test_a_run_verifies_and_a_receipt_that_was_changed_does_not(two: tuple[Actor, Actor]) -> None:
    product = make_product()
    _three(product)
    _switch_on(product, two)
    make_stock(product, 9)
    share_stock(product.pk, at=LATER)
    with mar_scope():
        run = AllocationRun.objects.get()
        assert verify_run(run.pk) == []
    said = StringIO()
    call_command("verify_allocation", str(run.pk), stdout=said)
    assert said.getvalue() == "The formula gives the same result, and every receipt says it.\n"
    with (
        mar_scope(),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE licensing_allocationrun SET stock = 1")
    with mar_scope():
        inputs = run.inputs | {"stock": 8}
        AllocationRun.objects.create(
            policy=run.policy, product=run.product, formula=run.formula, stock=8, inputs=inputs, result=run.result,
            digest=run.digest, at=LATER,
        )  # fmt: skip
        wrong = verify_run(AllocationRun.objects.exclude(pk=run.pk).get().pk)
    assert wrong[:2] == ["the formula gives another result", "the digest does not fit inputs and result"]
    assert [line.split()[-1] for line in wrong[2:]] == ["missing"] * 3
