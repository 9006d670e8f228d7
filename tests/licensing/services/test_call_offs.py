"""Call-offs: marked with their arithmetic, counted as arriving, received by their delivery, ended by a person."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from core.actor import Actor
from core.errors import DomainError
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.models import CallOff, Fulfilment, KeyBatch, Order, Product, SupplyTerms
from licensing.rules.call_off import Terms
from licensing.selectors.call_offs import proposal_of, state_on
from licensing.selectors.order_wait import queue_place
from licensing.selectors.stock_forecast import arrivals
from licensing.services.call_offs import (
    NewCallOff,
    assign_delivery,
    close_call_off,
    mark_called_off,
    move_call_off,
    set_supply_terms,
    settle_call_offs,
)
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload, release_batch
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import order

pytestmark = pytest.mark.django_db
TODAY = AT.date()
SOON = TODAY + timedelta(days=10)
BY = Actor.system("test")


@pytest.fixture
def product() -> Product:
    make_mar()
    return make_product()


def called(product: Product, *, quantity: int = 5, reference: str = "CO-7") -> CallOff:
    by = actor_for(make_member("mar_stock"))
    return mark_called_off(product.pk, NewCallOff(reference, quantity, SOON), by=by, at=AT)


def deliver(product: Product, keys: int, reference: str, *, seed: str = "co", form: str = "xml") -> None:
    content = sample_delivery(
        form, keys=keys, part_numbers=[product.lpn], sold_to_id="0000123456", seed=seed, at=AT,
        call_off_reference=reference,
    )  # fmt: skip
    with mar_scope():
        batch = receive_upload(
            [content], file_name=f"{seed}.{form}", by=actor_for(make_member("mar_stock")), at=AT
        )
    validate_batch(batch.pk, at=AT)
    with mar_scope():
        release_batch(batch.pk, by=actor_for(make_member("mar_approver")), at=AT)
        assert complete_release(batch.pk, at=AT)


def test_call_off_counts_as_arriving_until_its_deliveries_are_released(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
        assert [(one.expected_on, one.quantity) for one in arrivals()[product.pk]] == [(SOON, 5)]
    deliver(product, 2, "CO-7", seed="first")
    with mar_scope():
        call_off.refresh_from_db()
        assert (call_off.state, call_off.received, call_off.rest) == ("open", 2, 3)
        assert arrivals()[product.pk][0].quantity == 3
    deliver(product, 3, "CO-7", seed="second")
    with mar_scope():
        call_off.refresh_from_db()
        assert (call_off.state, call_off.received, call_off.ended_at) == ("received", 5, AT)
        assert arrivals() == {}
        assert {part["call_off"] for batch in KeyBatch.objects.all() for part in batch.contents} == {"CO-7"}


def test_delivery_of_another_call_off_changes_nothing(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
    deliver(product, 2, "CO-8")
    with mar_scope():
        call_off.refresh_from_db()
        assert (call_off.state, call_off.received) == ("open", 0)


def test_undone_delivery_puts_its_keys_on_the_way_again(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
    deliver(product, 5, "CO-7")
    with mar_scope():
        Fulfilment.objects.filter(product=product).update(undone_at=AT)
        assert settle_call_offs([product.pk], by=BY, at=AT) == 1
        call_off.refresh_from_db()
        assert (call_off.state, call_off.rest, call_off.ended_at) == ("open", 5, None)


def test_delivery_that_names_no_call_off_is_assigned_by_a_person(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
    deliver(product, 5, "", form="csv")
    with mar_scope():
        number = Fulfilment.objects.get().number
        assign_delivery(call_off.pk, number=number, by=BY, at=AT)
        call_off.refresh_from_db()
        assert call_off.state == "received"
        with pytest.raises(DomainError):
            assign_delivery(call_off.pk, number=number, by=BY, at=AT)


def test_call_off_keeps_the_arithmetic_of_its_moment(product: Product) -> None:
    make_stock(product, 2)
    with mar_scope():
        set_supply_terms(product.pk, Terms(21, 14, 50, 100), by=BY, at=AT - timedelta(days=1))
        set_supply_terms(product.pk, Terms(7, 7, 10, 20), by=BY, at=AT + timedelta(seconds=1))
        call_off = called(product)
        assert call_off.arithmetic["terms"]["lead_time_days"] == 21
        assert (call_off.arithmetic["free"], call_off.proposed) == (2, 0)
        assert proposal_of(product, at=AT + timedelta(days=1)).proposal.terms.pack_size == 10
        assert proposal_of(make_product(), at=AT).proposal.terms.is_set is False


def test_late_call_off_says_so_and_is_moved_or_closed_with_a_reason(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
        assert [state_on(call_off, on) for on in (SOON, SOON + timedelta(days=1))] == ["open", "late"]
        move_call_off(call_off.pk, expected_on=SOON + timedelta(days=4), by=BY, at=AT)
        close_call_off(call_off.pk, reason="Microsoft cancelled it.", by=BY, at=AT)
        call_off.refresh_from_db()
        assert (call_off.state, call_off.expected_on) == ("closed", SOON + timedelta(days=4))
        assert arrivals() == {}
        actions = AuditEvent.objects.filter(action__startswith="licensing.stock.").values_list(
            "action", flat=True
        )
        assert [action.split(".")[-1] for action in actions.order_by("id")] == [
            "called_off", "call_off_moved", "call_off_closed",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (NewCallOff(" ", 5, SOON), "call_off_bounds"),
        (NewCallOff("CO-9", 0, SOON), "call_off_bounds"),
        (NewCallOff("CO-9", 5, TODAY - timedelta(days=2)), "call_off_day"),
        (NewCallOff("CO-9", 5, date(2099, 1, 1)), "call_off_day"),
        (NewCallOff("CO-7", 5, SOON), "call_off_known"),
    ],
)
def test_what_cannot_be_called_off_is_refused_and_nothing_is_kept(
    product: Product, wanted: NewCallOff, code: str
) -> None:
    with mar_scope():
        called(product)
        with pytest.raises(DomainError) as refused:
            mark_called_off(product.pk, wanted, by=BY, at=AT)
        assert refused.value.code == code
        assert CallOff.objects.count() == 1


def test_ended_call_off_takes_no_step_and_an_end_needs_its_reason(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
        with pytest.raises(DomainError) as refused:
            close_call_off(call_off.pk, reason=" no ", by=BY, at=AT)
        assert refused.value.code == "reason_missing"
        close_call_off(call_off.pk, reason="Cancelled there.", by=BY, at=AT)
        for act in (
            lambda: close_call_off(call_off.pk, reason="Cancelled there.", by=BY, at=AT),
            lambda: move_call_off(call_off.pk, expected_on=SOON, by=BY, at=AT),
        ):
            with pytest.raises(DomainError) as again:
                act()
            assert again.value.code == "call_off_ended"


@pytest.mark.parametrize(
    "terms", [Terms(0, 7, 1, 1), Terms(7, 366, 1, 1), Terms(7, 7, 0, 1), Terms(7, 7, 1, 0)]
)
def test_terms_out_of_their_bounds_are_refused(product: Product, terms: Terms) -> None:
    with mar_scope():
        with pytest.raises(DomainError) as refused:
            set_supply_terms(product.pk, terms, by=BY, at=AT)
        assert refused.value.code == "supply_terms_bounds"
        assert not SupplyTerms.objects.exists()


def test_database_holds_call_offs_and_terms_within_their_bounds(product: Product) -> None:
    with mar_scope():
        call_off = called(product)
        called(product, reference="CO-8")
        rows = CallOff.objects.filter(pk=call_off.pk)
        for name, fields in (
            ("call_off_once", {"call_off_reference": "CO-8"}),
            ("call_off_whole", {"quantity": 0}),
            ("call_off_ended_whole", {"state": "closed"}),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                rows.update(**fields)
        with pytest.raises(IntegrityError, match="supply_terms_bounds"), transaction.atomic():
            SupplyTerms.objects.create(
                product=product, lead_time_days=0, review_days=1, pack_size=1, minimum=1, valid_from=AT,
                written_by="test", written_at=AT,
            )  # fmt: skip


def test_waiting_order_of_a_partner_is_told_the_day_of_what_is_on_its_way(product: Product) -> None:
    partner = make_partner()
    placed = order(partner, product, 4, may_queue=True)
    with partner_scope(partner.pk):
        before = queue_place(Order.objects.get(pk=placed.order_id), AT)
    with mar_scope():
        called(product)
    with partner_scope(partner.pk):
        place = queue_place(Order.objects.get(pk=placed.order_id), AT)
        with pytest.raises(ProgrammingError), transaction.atomic():
            CallOff.objects.count()
    assert before is not None
    assert place is not None
    assert (before.expected_on, place.expected_on) == (None, SOON)
