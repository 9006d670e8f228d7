"""Orders that wait: for credit, for compliance, for a person, for stock; and what ends each wait, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core import mail as mailbox
from django.db import IntegrityError, connection, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError, NotFound
from core.models import AuditEvent, OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.models import Lane, Order, OrderLimit, OrderLine, Product
from licensing.selectors.orders import orders_of
from licensing.services.order_approval import NotDecided, approve_order, refuse_order
from licensing.services.order_cancel import cancel_order, cancel_own_order
from licensing.services.order_confirm import (
    confirm_order,
    free_overdue_reservation,
    overdue_reservations,
)
from licensing.services.order_letters import waiting
from licensing.services.order_queue import fill_backorders
from licensing.services.order_release import expire_order, orders_due, release_orders
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from licensing.tasks_orders import tell_order_ended
from partners.models import OrderBlock, Partner
from partners.services.partners import record_unpaid, set_credit_limit
from partners.services.standing import hold_for_tax, lift_restriction, restrict_partner
from tests.factories import AT, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.limits import agree_to_raise
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import (
    MAR_PERSON,
    buyer_of,
    keys_by_place,
    keys_of,
    open_reservations,
    order,
    queue_of,
    set_credit,
    state_of,
    steps_of,
)

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


def _release(partner: Partner, cause: str = "payment") -> int:
    with mar_scope():
        return release_orders(cause, partner_id=partner.pk, at=LATER)


def _approve(order_id: UUID, by: Any = MAR_PERSON) -> str:
    with mar_scope():
        return approve_order(order_id, reason="Known customer, large tender", by=by, at=LATER)


def _special(stock: int = 5) -> tuple[Partner, Product, UUID]:
    partner, product = make_partner(), make_product()
    make_stock(product, stock)
    placed = order(
        partner, product, 3, lane=Lane.SPECIAL, wish="For the tender of the city of Hamburg", may_queue=True
    )
    return partner, product, placed.order_id


def test_order_over_the_credit_waits_and_a_payment_releases_it_once() -> None:
    partner, product = make_partner(credit="1000.00"), make_product(price="10.00")
    make_stock(product, 5)
    set_credit(partner, unpaid="990.00")
    placed = order(partner, product, 2)
    assert placed.state == "held_credit"
    assert keys_by_place() == {(1, "none"): 5}
    with partner_scope(partner.pk):
        hold = Order.objects.get().holds[0]
    assert {name: hold[name] for name in ("code", "rule", "missing")} == {
        "code": "credit_limit", "rule": "ORD-7", "missing": {"Amount": "10.00 EUR"},
    }  # fmt: skip
    assert _release(partner) == 0
    with mar_scope():
        record_unpaid(partner.pk, unpaid=Decimal(0), by=MAR_PERSON, at=LATER)
        work = OutboxItem.objects.filter(task="licensing.release_orders")
        assert list(work.values_list("arguments__cause", flat=True)) == ["payment"]
    assert [_release(partner), _release(partner)] == [1, 0]
    assert (state_of(placed.order_id), keys_of(placed.order_id)) == ("allocated", 2)
    assert steps_of(placed.order_id) == ["placed", "allocated"]
    with mar_scope():
        actions = AuditEvent.objects.filter(object_id=str(placed.order_id)).order_by("id")
        assert list(actions.values_list("action", flat=True)) == [
            "licensing.order.placed", "licensing.order.allocated",
        ]  # fmt: skip


def test_a_higher_limit_asks_for_a_release_and_a_lower_one_does_not() -> None:
    partner = make_partner(credit="10.00")
    with mar_scope():
        set_credit_limit(partner.pk, limit=Decimal(5), by=MAR_PERSON, at=AT)
        assert not OutboxItem.objects.filter(task="licensing.release_orders").exists()
        agree_to_raise(partner, Decimal(50))
        set_credit_limit(partner.pk, limit=Decimal(50), by=MAR_PERSON, at=AT)
        assert OutboxItem.objects.filter(task="licensing.release_orders").count() == 1


def test_held_orders_are_released_in_their_order_as_far_as_the_limit_goes() -> None:
    partner, product = make_partner(credit="0.00"), make_product(price="10.00")
    make_stock(product, 5)
    first, second, third = (order(partner, product, quantity).order_id for quantity in (2, 2, 1))
    set_credit(partner, limit="30.00")
    assert _release(partner) == 2
    assert [state_of(each) for each in (first, second, third)] == ["allocated", "held_credit", "allocated"]


def test_under_a_lowered_monthly_limit_the_first_that_waits_goes_first() -> None:
    partner, product = make_partner(credit="0.00"), make_product(price="10.00")
    make_stock(product, 4)
    first, second = (order(partner, product, 2).order_id for _ in range(2))
    with mar_scope():
        OrderLimit.objects.filter(partner=partner).update(monthly_quantity=2)
    set_credit(partner, limit="1000.00")
    assert _release(partner) == 1
    assert [state_of(first), state_of(second)] == ["allocated", "held_compliance"]
    assert _release(partner) == 0
    with mar_scope():
        assert Order.objects.get(pk=second).holds[0]["rule"] == "ORD-6"


def test_a_restriction_that_says_so_lets_orders_wait_until_it_is_lifted() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        block = restrict_partner(
            partner.pk, kind="orders", reason="A question is open.", by=MAR_PERSON, at=AT, orders_wait=True
        )
    placed = order(partner, product, 1)
    assert placed.state == "held_compliance"
    with mar_scope():
        lift_restriction(block.pk, by=MAR_PERSON, at=LATER)
        assert OutboxItem.objects.filter(task="licensing.release_orders").count() == 1
    assert _release(partner, "block") == 1
    assert state_of(placed.order_id) == "allocated"


def test_while_the_tax_is_open_orders_wait_and_its_end_releases_each_once() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(vat_id="DE123456796")
        block = hold_for_tax(
            partner.pk, reason="The VAT number is not confirmed.", next_step="Send the tax office's letter.",
            by=MAR_PERSON, at=AT,
        )  # fmt: skip
    placed = [order(partner, product, 1).order_id for _ in range(2)]
    with mar_scope():
        (held,) = Order.objects.get(pk=placed[0]).holds
    assert (held["rule"], held["facts"]["VAT number"], held["lifted_by"]) == (
        "TAX-1", "DE123456796", "The MAR's partner desk",
    )  # fmt: skip
    assert (state_of(placed[0]), keys_by_place()) == ("held_compliance", {(1, "none"): 2})
    with mar_scope():
        lift_restriction(block.pk, by=MAR_PERSON, at=LATER)
    assert [_release(partner, "block"), _release(partner, "block")] == [2, 0]
    assert [steps_of(each) for each in placed] == [["placed", "allocated"]] * 2


def test_beside_a_refusing_restriction_nothing_waits() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        for waits in (True, False):
            OrderBlock.objects.create(
                partner=partner, kind="orders", rule="CMP-11", reason="Open", next_step="Report.", since=AT,
                orders_wait=waits, facts={"Builds": 1},
            )  # fmt: skip
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 1)
    assert [each.code for each in caught.value.refusals] == ["order_blocked"]
    with mar_scope():
        assert Order.objects.count() == 0


def test_what_would_refuse_a_new_order_holds_a_placed_one_and_loses_nothing() -> None:
    partner, product = make_partner(credit="0.00"), make_product(price="10.00")
    make_stock(product, 1)
    placed = order(partner, product, 1)
    with mar_scope():
        partner.family_grants.update(valid_before=AT)
    set_credit(partner, limit="10.00")
    assert _release(partner) == 0
    assert (state_of(placed.order_id), steps_of(placed.order_id)) == ("held_compliance", ["placed", "held"])
    with mar_scope():
        partner.family_grants.update(valid_before=None)
    assert _release(partner) == 1


def test_from_the_install_stop_on_a_waiting_order_gets_no_keys_that_nobody_could_use() -> None:
    partner, product = make_partner(), make_product()
    order_id = order(partner, product, 2, may_queue=True).order_id
    make_stock(product, 2)
    with mar_scope():
        Product.objects.filter(pk=product.pk).update(order_before=AT, install_before=LATER)
    assert fill_backorders(product.pk, at=LATER) == 0
    assert (state_of(order_id), keys_by_place()) == ("held_compliance", {(1, "none"): 2})
    with mar_scope():
        (held,) = Order.objects.get(pk=order_id).holds
    assert (held["rule"], held["next_step"]) == (
        "ORD-3",
        "Cancel this order: nothing is charged. Then choose another product.",
    )


def test_until_the_install_stop_a_waiting_order_is_served_after_the_order_stop() -> None:
    partner, product = make_partner(), make_product()
    order_id = order(partner, product, 2, may_queue=True).order_id
    make_stock(product, 2)
    with mar_scope():
        stop = LATER + timedelta(seconds=1)
        Product.objects.filter(pk=product.pk).update(order_before=AT, install_before=stop)
    assert fill_backorders(product.pk, at=LATER) == 1
    assert state_of(order_id) == "allocated"


def test_the_special_lane_reserves_the_keys_until_a_person_says_yes() -> None:
    partner, product, order_id = _special()
    assert (state_of(order_id), keys_by_place(), open_reservations()) == (
        "needs_approval", {(1, "none"): 2, (1, "reserved"): 3}, 3,
    )  # fmt: skip
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 3)
    assert caught.value.refusals[0].facts["In stock"] == 2
    assert _approve(order_id) == "allocated"
    assert (keys_by_place(), open_reservations()) == ({(1, "none"): 2, (11, "none"): 3}, 0)
    assert steps_of(order_id) == ["placed", "approved", "allocated"]


def test_nobody_decides_about_the_order_he_placed_and_none_twice() -> None:
    partner, _product, order_id = _special()
    with pytest.raises(NotDecided) as caught:
        _approve(order_id, by=buyer_of(partner))
    assert caught.value.code == "order_not_decided"
    assert (state_of(order_id), open_reservations()) == ("needs_approval", 3)
    _approve(order_id)
    with pytest.raises(NotDecided):
        _approve(order_id)
    assert keys_of(order_id) == 3


def test_a_refused_order_gives_its_keys_back_and_says_why() -> None:
    _partner, _product, order_id = _special()
    with mar_scope():
        refuse_order(order_id, reason="Not this year", by=MAR_PERSON, at=LATER)
    assert (state_of(order_id), keys_by_place(), open_reservations()) == ("cancelled", {(1, "none"): 5}, 0)
    with mar_scope():
        assert Order.objects.get().decision_reason == "Not this year"
        assert OutboxItem.objects.filter(task="licensing.tell_order_ended").count() == 1


def test_an_approved_order_whose_keys_are_gone_waits_for_stock() -> None:
    _partner, product, order_id = _special(stock=2)
    assert (state_of(order_id), open_reservations()) == ("needs_approval", 0)
    assert (_approve(order_id), queue_of(product)) == ("backordered", [3])


def test_overdue_reservation_is_freed_while_the_order_goes_on_waiting() -> None:
    _partner, _product, order_id = _special()
    over = AT + timedelta(hours=48)
    with mar_scope():
        assert overdue_reservations(over - timedelta(seconds=1)) == []
        ((line_id, partner_id),) = overdue_reservations(over)
        assert free_overdue_reservation(line_id, partner_id=partner_id, at=over) == 3
        assert free_overdue_reservation(line_id, partner_id=partner_id, at=over) == 0
    assert (state_of(order_id), keys_by_place()) == ("needs_approval", {(1, "none"): 5})
    assert _approve(order_id) == "allocated"


@pytest.mark.parametrize(
    ("quantity", "state"), [(2399, "allocated"), (2400, "needs_approval")]
)  # fmt: skip
def test_the_threshold_of_the_rule_decides_the_lane(quantity: int, state: str) -> None:
    partner, product = make_partner(), make_product(price="1.00")
    make_stock(product, 1)
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO licensing_productkey (product_key_id, last5, product_id, batch_id,
              fulfilment_id, state, state_since, hold, is_disclosed, position)
            SELECT '44' || lpad(n::text, 11, '0'), 'AAAAA', product_id, batch_id,
              fulfilment_id, 1, now(), 'none', false, n
            FROM licensing_productkey, generate_series(1, 2400) n"""
        )
    assert order(partner, product, quantity).state == state


def test_a_large_order_in_the_standard_lane_is_told_which_lane_to_choose() -> None:
    partner, product = make_partner(credit="9000000.00"), make_product(price="40.00")
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 2500, lane=Lane.STANDARD, may_queue=True)
    assert [each.code for each in caught.value.refusals] == ["lane_not_allowed", "out_of_stock"]


def test_a_chosen_lane_is_on_record_beside_the_recommended_one() -> None:
    _partner, _product, order_id = _special()
    with mar_scope():
        assert Order.objects.get(pk=order_id).lane_note == (
            "The buyer asked for a person’s decision; the portal recommended none."
        )


def test_over_the_monthly_limit_the_special_lane_asks_for_an_exception() -> None:
    partner, product = make_partner(monthly_quantity=1), make_product()
    make_stock(product, 2)
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 2)
    assert caught.value.refusals[0].missing == {"Licences": 1}
    assert order(partner, product, 2, lane=Lane.SPECIAL).state == "needs_approval"


def test_an_order_without_stock_joins_the_queue_and_an_arrival_fills_it() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    placed = order(partner, product, 3, may_queue=True)
    assert (placed.state, queue_of(product), keys_by_place()) == ("backordered", [3], {(1, "none"): 1})
    make_stock(product, 2)
    assert fill_backorders(product.pk, at=LATER) == 1
    assert (state_of(placed.order_id), queue_of(product)) == ("allocated", [])
    assert steps_of(placed.order_id) == ["placed", "allocated"]
    assert fill_backorders(product.pk, at=LATER) == 0


def test_a_new_order_does_not_overtake_the_queue() -> None:
    one, two, product = make_partner(), make_partner(), make_product()
    make_stock(product, 2)
    order(one, product, 3, may_queue=True)
    with pytest.raises(OrderRefused) as caught:
        order(two, product, 1)
    (refusal,) = caught.value.refusals
    assert refusal.facts == {"Asked for": 1, "In stock": 0, "Waiting before you": 3}


def test_what_is_there_comes_now_and_the_rest_waits_with_equal_sums() -> None:
    partner, product = make_partner(), make_product(price="10.00")
    make_stock(product, 2)
    placed = order(partner, product, 5, may_split=True)
    assert (placed.state, keys_of(placed.order_id), queue_of(product)) == ("allocated", 2, [3])
    make_stock(product, 1)
    assert fill_backorders(product.pk, at=LATER) == 1
    assert queue_of(product) == [2]
    make_stock(product, 5)
    assert fill_backorders(product.pk, at=LATER) == 1
    with mar_scope():
        lines = OrderLine.objects.order_by("order__number").values_list(
            "quantity", "unit_price", "order__state"
        )
        assert sorted(lines) == [(1, Decimal(10), "allocated"), (2, Decimal(10), "allocated"),
                                 (2, Decimal(10), "allocated")]  # fmt: skip
        assert Order.objects.filter(split_from=placed.order_id).count() == 1
    assert keys_by_place() == {(1, "none"): 3, (11, "none"): 5}


def test_who_cannot_pay_now_leaves_the_queue_and_keeps_his_place() -> None:
    poor, rich, product = make_partner(credit="30.00"), make_partner(), make_product(price="10.00")
    first = order(poor, product, 3, may_queue=True).order_id
    second = order(rich, product, 1, may_queue=True).order_id
    set_credit(poor, limit="0.00")
    make_stock(product, 1)
    assert fill_backorders(product.pk, at=LATER) == 1
    assert [state_of(first), state_of(second)] == ["held_credit", "allocated"]
    third = order(rich, product, 1, may_queue=True, at=LATER).order_id
    set_credit(poor, limit="30.00")
    assert (_release(poor), queue_of(product)) == (1, [3, 1])
    make_stock(product, 3)
    assert fill_backorders(product.pk, at=LATER) == 1
    assert [state_of(first), state_of(third)] == ["allocated", "backordered"]


def test_back_orders_count_against_the_credit_limit() -> None:
    partner, product = make_partner(credit="30.00"), make_product(price="10.00")
    assert order(partner, product, 2, may_queue=True).state == "backordered"
    assert order(partner, product, 2, may_queue=True).state == "held_credit"
    assert order(partner, product, 1, may_queue=True).state == "backordered"


def test_a_reservation_is_confirmed_within_its_time_and_expires_exactly_after_it() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 4)
    first, second = (order(partner, product, 2, reserve_minutes=30).order_id for _ in range(2))
    assert keys_by_place() == {(1, "reserved"): 4}
    end = AT + timedelta(minutes=30)
    with partner_scope(partner.pk):
        by = buyer_of(partner)
        early = end - timedelta(seconds=1)
        assert confirm_order(first, partner_id=partner.pk, by=by, at=early) == "allocated"
        assert confirm_order(first, partner_id=partner.pk, by=by, at=end) == "allocated"
        with pytest.raises(OrderRefused) as caught:
            confirm_order(second, partner_id=partner.pk, by=by, at=end)
    assert caught.value.code == "reservation_over"
    with mar_scope():
        assert orders_due(end - timedelta(seconds=1)) == []
        assert orders_due(end) == [second]
        assert [expire_order(second, at=end), expire_order(second, at=end)] == [True, False]
    assert (state_of(second), keys_by_place()) == ("expired", {(1, "none"): 2, (11, "none"): 2})


def test_a_reservation_is_all_or_nothing() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with pytest.raises(OrderRefused) as caught:
        order(partner, product, 2, reserve_minutes=5, may_queue=True)
    assert caught.value.code == "out_of_stock"
    assert keys_by_place() == {(1, "none"): 1}


@pytest.mark.parametrize(("at", "most"), [(AT - timedelta(seconds=1), 120), (AT, 45)])
def test_a_reservation_is_as_long_as_the_rule_in_force_allows(at: datetime, most: int) -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    set_rule("order.station", at=AT, minutes=45)
    assert order(partner, product, 1, reserve_minutes=most, at=at).state == "draft"
    for minutes, gap in ((most + 1, 1), (-1, 1)):
        with pytest.raises(DomainError) as caught:
            order(partner, product, 1, reserve_minutes=minutes, at=at)
        (refusal,) = caught.value.refusals
        assert (refusal.code, refusal.rule, refusal.missing) == (
            "reserve_minutes",
            "ORD-13",
            {"Minutes": gap},
        )
    assert open_reservations() == 1


def test_a_held_order_expires_after_the_days_of_the_rule_with_notice() -> None:
    partner, product = make_partner(credit="0.00"), make_product()
    order_id = order(partner, product, 1).order_id if make_stock(product, 1) else None
    end = AT + timedelta(days=14)
    with mar_scope():
        assert orders_due(end - timedelta(seconds=1)) == []
        assert orders_due(end) == [order_id]
        assert expire_order(order_id, at=end)
        told = OutboxItem.objects.filter(task__startswith="licensing.tell_order").order_by("created_at")
        assert list(told.values_list("task", flat=True)) == [
            "licensing.tell_order_waits", "licensing.tell_order_ended",
        ]  # fmt: skip
    assert steps_of(order_id) == ["placed", "expired"]


@pytest.mark.parametrize(
    "make",
    [
        lambda partner, product: order(partner, product, 2, lane=Lane.SPECIAL),
        lambda partner, product: order(partner, product, 9, may_queue=True),
        lambda partner, product: order(partner, product, 2, reserve_minutes=5),
        lambda partner, product: order(partner, product, 2),
    ],
)
def test_the_buyer_cancels_his_own_order_in_any_wait_and_nothing_leaks(make: Callable[..., Any]) -> None:
    partner, stranger, product = make_partner(), make_partner(), make_product()
    make_stock(product, 3)
    order_id = make(partner, product).order_id
    with partner_scope(stranger.pk), pytest.raises(NotFound):
        cancel_own_order(
            order_id, partner_id=stranger.pk, reason="x", by=buyer_of(stranger), at=LATER
        )  # fmt: skip
    with partner_scope(partner.pk):
        cancel_own_order(order_id, partner_id=partner.pk, reason="Mistake", by=buyer_of(partner), at=LATER)
    assert (state_of(order_id), keys_by_place(), open_reservations(), queue_of(product)) == (
        "cancelled", {(1, "none"): 3}, 0, [],
    )  # fmt: skip
    with mar_scope(), pytest.raises(DomainError):
        cancel_order(order_id, reason="again", by=MAR_PERSON, at=LATER)


def _mails() -> list[tuple[str, str]]:
    return [(mail.subject, str(mail.body)) for mail in mailbox.outbox]


@pytest.mark.parametrize("keys", [3, 0])
def test_whose_order_the_mar_cancels_is_told_why_and_who_cancels_his_own_is_not(keys: int) -> None:
    partner, product = make_partner(), make_product()
    buyer = make_member("tpr_buyer", partner=partner)
    by = Actor(ActorKind.USER, str(buyer.pk), buyer.name, partner_id=partner.pk, user_id=buyer.pk)
    if keys:
        make_stock(product, keys)
    with partner_scope(partner.pk):
        first, second = (
            place_order(
                partner_id=partner.pk, request=OrderRequest(product.pk, 1, may_queue=True), idempotency_key=key,
                by=by, at=AT,
            ).order_id
            for key in ("one", "two")
        )  # fmt: skip
        cancel_own_order(first, partner_id=partner.pk, reason="Mistake", by=by, at=LATER)
    with mar_scope():
        cancel_order(second, reason="The tender was withdrawn.", by=MAR_PERSON, at=LATER)
        told = OutboxItem.objects.filter(task="licensing.tell_order_ended")
        assert [item.arguments["order_id"] for item in told] == [str(second)]
    mailbox.outbox.clear()
    with partner_scope(partner.pk):
        assert tell_order_ended.run(partner_id=str(partner.pk), order_id=str(second)) == 1
    ((_subject, body),) = _mails()
    assert "The MAR has cancelled it: The tender was withdrawn." in body


def test_the_mail_of_a_waiting_order_names_its_end_by_the_clock_of_the_mar() -> None:
    make_mar()
    partner, product = make_partner(credit="0.00"), make_product()
    make_stock(product, 1)
    late = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)
    order_id = order(partner, product, 1, at=late).order_id
    with mar_scope():
        placed = orders_of(partner.pk).get(pk=order_id)
        letter = waiting(placed, make_member("tpr_buyer", partner=partner))
    assert "expires on 30 November 2026, 00:30." in letter.detail


def test_a_cancelled_order_serves_the_queue_with_its_keys() -> None:
    one, two, product = make_partner(), make_partner(), make_product()
    make_stock(product, 2)
    first = order(one, product, 2).order_id
    order(two, product, 2, may_queue=True)
    with mar_scope():
        cancel_order(first, reason="x", by=MAR_PERSON, at=LATER)
        assert OutboxItem.objects.filter(task="licensing.fill_backorders").count() == 1
    assert fill_backorders(product.pk, at=LATER) == 1


def _refused_by_the_database(statement: str, match: str) -> None:
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match=match),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ("state = 'completed'", "may not go from"),
        ("state = 'draft'", "may not go from"),
        ("lane = 'standard'", "does not change"),
        ("state = 'allocated', allocated_at = now()", "waits for an approval"),
        ("allocated_at = now()", "order_waits_without_keys"),
        ("decided_by_id = placed_by_id", "order_decided_by_another"),
        ("decided_at = now()", "order_decided_with_reason"),
    ],
)
def test_the_database_refuses_a_step_that_is_not_in_the_table(change: str, match: str) -> None:
    _special()
    _refused_by_the_database(f"UPDATE licensing_order SET {change}", match)


def test_an_allocated_orders_line_gives_nothing_away() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    order(partner, product, 2)
    _refused_by_the_database("UPDATE licensing_orderline SET quantity = 1", "gives its rest away")
