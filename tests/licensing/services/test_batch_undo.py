"""A wrong delivery: stopped at once, undone while nothing left the stock, given back or kept away afterwards."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.actor import Actor
from core.errors import DomainError
from core.models import AuditEvent
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import (
    BatchStop,
    CorrectionRequest,
    Fulfilment,
    KeyBatch,
    KeySecret,
    LedgerEntry,
    Product,
    ProductKey,
    UndoneKey,
)
from licensing.rules.key_states import Hold
from licensing.selectors.batch_stops import in_quarantine, keys_out
from licensing.selectors.ledger_accounts import read_books
from licensing.selectors.order_facts import free_stock
from licensing.selectors.stock import keys_in_all, stock_lines
from licensing.services.batch_undo import give_batch_back, stop_batch, undo_import
from licensing.services.corrections import ask_for_correction
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.order_cancel import cancel_order
from licensing.services.order_confirm import confirm_order
from licensing.services.order_release import expire_order
from licensing.services.pools import move_to_pool
from reporting.selectors.invariants import INVARIANTS, check_invariant
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.decoys import without_decoys
from tests.factories.pools import make_pool
from tests.licensing.services.orders_kit import MAR_PERSON, order, state_of
from tests.licensing.services.test_imports import checked, delivery, released

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> tuple[Actor, Actor]:
    return actor_for(make_member("mar_stock")), actor_for(make_member("mar_approver"))


@pytest.fixture
def product() -> Product:
    make_mar()
    return make_product()


def _keys(**where: Any) -> list[ProductKey]:
    """Return the keys but for decoys, which no count knows."""
    with mar_scope():
        keys = without_decoys(ProductKey.objects.filter(**where).select_related("fulfilment"))
        return list(keys.order_by("pk"))


def _tombstones() -> list[str]:
    stones = UndoneKey.objects.filter(key__in=_keys(state=100)).order_by("pk")
    return list(stones.values_list("product_key_id", flat=True))


def _places() -> dict[tuple[int, str], int]:
    places = [(key.state, key.hold) for key in _keys()]
    return {place: places.count(place) for place in places}


def _stop(batch: KeyBatch, by: Actor) -> BatchStop:
    with mar_scope():
        return stop_batch(batch.pk, reason="Wrong product", by=by, at=AT)


def _decide(act: Callable[..., int], stop: BatchStop, by: Actor) -> int:
    with mar_scope():
        return act(stop.pk, reason="Looked at the papers", by=by, at=AT)


def _books_hold() -> None:
    with mar_scope():
        assert read_books().problems == ()
        assert all(line.is_balanced for line in stock_lines())
        assert [check_invariant(each, at=AT).examples for each in INVARIANTS if each.code in ("I1", "I3")] == [
            (), ()
        ]  # fmt: skip


def test_a_stopped_delivery_is_undone_by_a_second_person_and_the_books_hold(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    batch = released(delivery(product.lpn, keys=3))
    pool = make_pool(product, make_partner())
    with mar_scope():
        move_to_pool(pool.pk, 1, reason="For the schools", by=two[0], at=AT)
        names = [key.product_key_id for key in _keys()]
    stop = _stop(batch, two[0])
    assert _places() == {(1, "quarantined"): 3}
    with pytest.raises(DomainError, match="stop_second_person"):
        _decide(undo_import, stop, two[0])
    assert _decide(undo_import, stop, two[1]) == 3
    assert _places() == {(100, "none"): 3}
    _books_hold()
    with mar_scope():
        batch.refresh_from_db()
        stop.refresh_from_db()
        assert (batch.state, stop.state, stop.decided_by_id) == ("undone", "undone", two[1].user_id)
        assert _tombstones() == names
        assert set(ProductKey.objects.values_list("pool", flat=True)) == {0}
        steps = LedgerEntry.objects.filter(key=_keys()[0]).order_by("id").values_list("reason", flat=True)
        assert list(steps)[-2:] == ["delivery.stopped", "delivery.undone"]
        told = AuditEvent.objects.filter(object_id=str(batch.pk), action__regex="stopped|undone")
        assert [(each.action, each.facts["keys"]) for each in told.order_by("pk")] == [
            ("licensing.batch.stopped", 3), ("licensing.batch.undone", 3)
        ]  # fmt: skip


def test_the_same_file_is_imported_again_under_the_right_product_and_a_third_time_not(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    content = delivery(product.lpn, keys=2)
    with mar_scope():
        lpn, right = product.lpn, make_product()
    undone = released(content)
    _decide(undo_import, _stop(undone, two[0]), two[1])
    with mar_scope():
        Product.objects.filter(pk=product.pk).update(lpn="OLD-00001")
        Product.objects.filter(pk=right.pk).update(lpn=lpn)
    again = released(content)
    _books_hold()
    with mar_scope():
        keys = _keys(state=1)
        assert [(key.product_id, key.batch_id, key.hold) for key in keys] == [
            (right.pk, again.pk, "none")
        ] * 2
        assert [key.product_key_id for key in keys] == _tombstones()
        numbers = Fulfilment.objects.order_by("pk").values_list("number", "undone_at")
        assert list(numbers) == [(keys[0].fulfilment.number, AT), (keys[0].fulfilment.number, None)]
    with pytest.raises(DomainError, match="file_known"):
        released(content)


@pytest.mark.parametrize("way", ["assigned", "came back", "reserved", "lost"])
def test_a_delivery_that_left_stock_is_not_undone_and_says_where_its_keys_are(
    product: Product, two: tuple[Actor, Actor], way: str
) -> None:
    partner = make_partner()
    batch = released(delivery(product.lpn, keys=3))
    if way == "lost":
        with mar_scope():
            first = _keys()[0].pk
            put_on_hold([first], hold=Hold.LOST_OR_STOLEN, reason="A disk", by=two[0], at=AT)
    else:
        placed = order(partner, product, 1, reserve_minutes=60 if way == "reserved" else 0)
        if way == "came back":
            with mar_scope():
                cancel_order(placed.order_id, reason="x", by=MAR_PERSON, at=AT)
    stop = _stop(batch, two[0])
    before = _places()
    with pytest.raises(DomainError, match="batch_left_stock") as refused:
        _decide(undo_import, stop, two[1])
    assert list(refused.value.refusals[0].facts.values()) == [1]
    assert _places() == before
    with mar_scope():
        assert UndoneKey.objects.count() == 0
        assert [key.partner for key in keys_out(batch.pk, 9)] == [partner if way == "assigned" else None]
    held = 3 if way == "came back" else 2
    assert before[1, "quarantined"] == held
    assert _decide(give_batch_back, stop, two[1]) == held
    _books_hold()


def test_what_a_stop_gives_back_serves_the_queue_and_what_was_held_before_stays(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    from core.models import OutboxItem

    batch = released(delivery(product.lpn, keys=3))
    with mar_scope():
        first = _keys()[0].pk
        put_on_hold([first], hold=Hold.QUARANTINED, reason="Odd", by=two[0], at=AT)
    stop = _stop(batch, two[0])
    partner = make_partner()
    waiting = order(partner, product, 2, may_queue=True)
    assert state_of(waiting.order_id) == "backordered"
    assert _decide(give_batch_back, stop, two[1]) == 2
    assert _places() == {(1, "none"): 2, (1, "quarantined"): 1}
    assert OutboxItem.objects.filter(task="licensing.fill_backorders").count() == 1
    with pytest.raises(DomainError, match="stop_decided"):
        _decide(give_batch_back, stop, two[1])
    assert _stop(batch, two[1]).state == "stopped"


def test_a_key_that_is_found_after_the_stop_is_held_and_undone_with_the_rest(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    batch = released(delivery(product.lpn, keys=3))
    first = _keys()[0].pk
    lost = {"hold": Hold.LOST_OR_STOLEN, "reason": "A disk", "at": AT}
    with mar_scope():
        put_on_hold([first], by=two[0], **lost)
    stop = _stop(batch, two[0])
    with mar_scope():
        lift_hold([first], by=two[1], asked_by=two[0].label, **lost)
    assert _places() == {(1, "quarantined"): 3}
    assert _decide(undo_import, stop, two[1]) == 3
    assert _places() == {(100, "none"): 3}
    _books_hold()


@pytest.mark.parametrize("way", ["cancelled", "let go"])
def test_what_comes_back_while_its_delivery_is_stopped_is_held_and_given_back_with_the_rest(
    product: Product, two: tuple[Actor, Actor], way: str
) -> None:
    batch = released(delivery(product.lpn, keys=3))
    placed = order(make_partner(), product, 2, reserve_minutes=0 if way == "cancelled" else 10)
    stop = _stop(batch, two[0])
    with mar_scope():
        if way == "cancelled":
            cancel_order(placed.order_id, reason="too many", by=MAR_PERSON, at=AT)
        else:
            assert expire_order(placed.order_id, at=AT + timedelta(hours=5))
        assert free_stock(product.pk) == 0
        assert in_quarantine(batch.pk) == 3
    _books_hold()
    assert _decide(give_batch_back, stop, two[1]) == 3
    assert _places() == {(1, "none"): 3}
    _books_hold()


@pytest.mark.parametrize(("elsewhere", "stands"), [(2, "allocated"), (0, "backordered")])
def test_a_reservation_on_a_stopped_delivery_is_confirmed_from_other_stock_or_waits(
    product: Product, two: tuple[Actor, Actor], elsewhere: int, stands: str
) -> None:
    batch, partner = released(delivery(product.lpn, keys=2)), make_partner()
    placed = order(partner, product, 2, reserve_minutes=60)
    stop = _stop(batch, two[0])
    others = {key.pk for key in make_stock(product, elsewhere)} if elsewhere else set()
    with partner_scope(partner.pk):
        state = confirm_order(placed.order_id, partner_id=partner.pk, by=MAR_PERSON, at=AT)
    assert state == stands
    assert {key.pk for key in _keys(state=11)} == others
    with mar_scope():
        assert in_quarantine(batch.pk) == 2
    assert _decide(give_batch_back, stop, two[1]) == 2
    _books_hold()


def test_a_key_that_lay_in_quarantine_before_is_undone_and_comes_again_with_the_same_file(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    content = delivery(product.lpn, keys=3)
    batch = released(content)
    with mar_scope():
        first = _keys()[0].pk
        put_on_hold([first], hold=Hold.QUARANTINED, reason="Odd", by=two[0], at=AT)
    assert _decide(undo_import, _stop(batch, two[0]), two[1]) == 3
    assert _places() == {(100, "none"): 3}
    again = checked(content)
    with mar_scope():
        again.refresh_from_db()
        assert (again.state, again.errors) == ("ready", [])


def test_a_key_of_a_stopped_delivery_is_not_released_by_a_correction(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    batch = released(delivery(product.lpn, keys=1))
    stop, key = _stop(batch, two[0]), _keys()[0]
    asked = {"kind": CorrectionRequest.Kind.RELEASE, "facts": "it was never seen", "proof": "file 7"}
    with mar_scope(), pytest.raises(DomainError, match="correction_delivery_stopped"):
        ask_for_correction(key.pk, **asked, by=two[0], at=AT)
    with mar_scope():
        assert not CorrectionRequest.objects.exists()
    assert _decide(give_batch_back, stop, two[1]) == 1


@pytest.mark.parametrize("act", [give_batch_back, undo_import])
def test_what_stays_in_quarantine_afterwards_tells_no_decoys(
    product: Product, two: tuple[Actor, Actor], act: Callable[..., int]
) -> None:
    batch = released(delivery(product.lpn, keys=6))
    assert _decide(act, _stop(batch, two[0]), two[1]) == 6
    with mar_scope():
        assert not ProductKey.objects.filter(batch=batch, hold=Hold.QUARANTINED).exists()
        assert ProductKey.objects.values("state").distinct().count() == 1
        assert keys_in_all() == 6
    _books_hold()


def test_only_a_released_delivery_is_stopped_once_and_with_a_reason(
    product: Product, two: tuple[Actor, Actor]
) -> None:
    batch = released(delivery(product.lpn, keys=1))
    with mar_scope(), pytest.raises(DomainError, match="stop_without_reason"):
        stop_batch(batch.pk, reason=" ", by=two[0], at=AT)
    stop = _stop(batch, two[0])
    with pytest.raises(DomainError, match="batch_not_in_stock"):
        _stop(batch, two[1])
    _decide(undo_import, stop, two[1])
    with pytest.raises(DomainError, match="batch_not_in_stock"):
        _stop(batch, two[0])
    with mar_scope():
        assert BatchStop.objects.count() == 1


@pytest.mark.parametrize(
    "guard",
    ["no stone", "left stock", "name", "secret", "secret twice", "end of the road", "one person", "decided"],
)
def test_the_database_refuses_what_the_service_never_does(
    product: Product, two: tuple[Actor, Actor], guard: str
) -> None:
    batch = released(delivery(product.lpn, keys=2))
    if guard == "left stock":
        placed = order(make_partner(), product, 1)
        with mar_scope():
            cancel_order(placed.order_id, reason="x", by=MAR_PERSON, at=AT)
    stop = _stop(batch, two[0])
    if guard in ("end of the road", "decided", "secret twice"):
        _decide(undo_import, stop, two[1])
    decided = {"state": "undone", "decided_at": AT, "note": "x"}
    with mar_scope():
        key = _keys()[0]
        if guard == "left stock":
            with acting_as(two[1].user_id):
                BatchStop.objects.filter(pk=stop.pk).update(decided_by=two[1].user_id, **decided)
            index = KeySecret.objects.values_list("blind_index", flat=True).get(key=key)
            UndoneKey.objects.create(key=key, stop=stop, product_key_id=key.product_key_id, blind_index=index)
        acts: dict[str, Callable[[], Any]] = {
            "no stone": lambda: ProductKey.objects.filter(pk=key.pk).update(state=100),
            "left stock": lambda: ProductKey.objects.filter(pk=key.pk).update(state=100),
            "name": lambda: ProductKey.objects.filter(pk=key.pk).update(product_key_id="9" * 13),
            "secret": lambda: KeySecret.objects.filter(pk=key.pk).update(blind_index=b"1"),
            "secret twice": lambda: KeySecret.objects.filter(pk=key.pk).update(blind_index=b"1"),
            "end of the road": lambda: ProductKey.objects.filter(pk=key.pk).update(state=1),
            "one person": lambda: BatchStop.objects.update(decided_by=two[0].user_id, **decided),
            "decided": lambda: BatchStop.objects.update(state="given_back"),
        }
        who = two[0].user_id if guard == "one person" else None
        with pytest.raises(IntegrityError), transaction.atomic(), acting_as(who):
            acts[guard]()


def test_a_partner_sees_nothing_of_it(product: Product, two: tuple[Actor, Actor]) -> None:
    _stop(released(delivery(product.lpn, keys=1)), two[0])
    with partner_scope(make_partner().pk), connection.cursor() as cursor:
        for table in ("batchstop", "stoppedkey", "undonekey"):
            with pytest.raises(Exception, match="permission denied"), transaction.atomic():
                cursor.execute(f"SELECT 1 FROM licensing_{table}")


def test_the_other_deliveries_of_a_product_go_on(product: Product, two: tuple[Actor, Actor]) -> None:
    make_stock(product, 2)
    stop = _stop(released(delivery(product.lpn, keys=3)), two[0])
    assert order(make_partner(), product, 2).state == "allocated"
    assert _decide(undo_import, stop, two[1]) == 3
    assert _places() == {(11, "none"): 2, (100, "none"): 3}
