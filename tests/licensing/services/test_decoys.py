"""Decoys: in every delivery, in no count, on no road out of stock, and unknown to a copy of the database."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.locks import lock_free_keys
from licensing.models import CorrectionRequest, Decoy, DecoyCount, LedgerEntry, Product, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.decoys import is_decoy
from licensing.selectors.ledger_accounts import read_books
from licensing.selectors.metrics import free_keys_by_product
from licensing.selectors.order_facts import free_stock
from licensing.selectors.stock import free_total, stock_lines
from licensing.services.corrections import ask_for_correction, decide_correction
from licensing.services.custody import Step, move_keys
from licensing.services.decoys import retire_decoys
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.import_release import complete_release
from licensing.services.imports import release_batch
from licensing.services.incidents import report_incident
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from licensing.services.recall import recall_key, unassign_keys
from licensing.services.replacements import ReplacementRefused, Wanted, swap_key
from licensing.services.returns import send_return
from reporting.services.invariants import check_all
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product
from tests.factories.decoys import without_decoys
from tests.licensing.services.test_imports import checked, delivery, released

pytestmark = pytest.mark.django_db
OFFICE = Actor.system("office")
KEYS = 6


@pytest.fixture
def product() -> Product:
    make_mar()
    made = make_product()
    released(delivery(made.lpn, keys=KEYS))
    return made


def the_decoy() -> ProductKey:
    with mar_scope():
        return next(key for key in ProductKey.objects.order_by("id") if is_decoy(key.pk))


def in_quarantine() -> ProductKey:
    decoy = the_decoy()
    with mar_scope():
        put_on_hold([decoy.pk], hold=Hold.QUARANTINED, reason="looked at", by=OFFICE, at=AT)
        decoy.refresh_from_db()
    return decoy


def buy(product: Product, quantity: int, **options: int) -> list[ProductKey]:
    partner = make_partner(credit="99999999.00", monthly_quantity=100_000)
    by = Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk)
    with partner_scope(partner.pk):
        order = place_order(
            partner_id=partner.pk, request=OrderRequest(product.pk, quantity, **options),
            idempotency_key=uuid4().hex, by=by, at=AT,
        )  # fmt: skip
        return list(ProductKey.objects.filter(order_line__order_id=order.order_id))


def test_a_delivery_gets_decoys_that_look_like_its_keys(product: Product) -> None:
    with mar_scope():
        keys = list(ProductKey.objects.all())
        first_rows = list(
            LedgerEntry.objects.values_list("from_state", "to_state", "hold", "reason").order_by().distinct()
        )
    told = {
        (k.state, k.hold, k.state_since, k.is_disclosed, k.partner_id, k.batch_id, k.fulfilment_id)
        for k in keys
    }
    assert len(told) == 1
    assert first_rows == [(None, KeyState.FULFILLED, "none", "fulfilment.released")]
    assert {len(key.product_key_id) for key in keys} == {13}
    with mar_scope():
        assert 1 <= sum(is_decoy(key.pk) for key in keys) <= 2
    assert len({key.position for key in keys}) == len(keys)


def test_no_role_of_a_request_reads_the_marks(product: Product) -> None:
    for enter in (mar_scope, lambda: partner_scope(uuid4())):
        with pytest.raises(DatabaseError), transaction.atomic(), enter():
            Decoy.objects.count()
        with pytest.raises(DatabaseError), transaction.atomic(), enter():
            Decoy.objects.create(mark=b"x")


def test_a_connection_without_the_key_learns_nothing_and_moves_nothing(product: Product) -> None:
    decoy = the_decoy()
    for text in ("", "00" * 160):
        with mar_scope(), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.decoy_key', %s, true)", [text])
            with (
                pytest.raises(DatabaseError, match="does not carry the key of the decoys"),
                transaction.atomic(),
            ):
                put_on_hold([decoy.pk], hold=Hold.DISPUTED, reason="mine", by=OFFICE, at=AT)
            transaction.set_rollback(True)


def test_every_count_leaves_decoys_out(product: Product) -> None:
    with mar_scope():
        line = next(each for each in stock_lines() if each.product == product)
        assert (line.received, line.free, line.held, line.is_balanced) == (KEYS, KEYS, 0, True)
        assert (free_total(), free_stock(product.pk), free_keys_by_product()) == (
            KEYS,
            KEYS,
            {product.code: KEYS},
        )
        assert without_decoys(ProductKey.objects.all()).count() == KEYS
        books = read_books()
        assert books.problems == ()
        assert {each.account: each.by_keys for each in books.balances} == {"stock": KEYS, "supplier": -KEYS}
        assert [outcome.examples for outcome in check_all(at=AT) if not outcome.holds] == []
    in_quarantine()
    with mar_scope():
        line = next(each for each in stock_lines() if each.product == product)
        assert (line.free, line.held, line.is_balanced) == (KEYS, 0, True)
        assert read_books().problems == ()
        assert {each.account: each.by_keys for each in read_books().balances}["stock"] == KEYS


def test_who_counts_the_decoys_changes_no_number(product: Product) -> None:
    with mar_scope(), pytest.raises(DatabaseError), transaction.atomic():
        DecoyCount.objects.update(free=7)


def test_orders_reservations_and_swaps_take_every_real_key_and_no_decoy(product: Product) -> None:
    taken = buy(product, 2) + buy(product, 2, reserve_minutes=60) + buy(product, 2)
    with pytest.raises(OrderRefused):
        buy(product, 1)
    with mar_scope():
        assert not any(is_decoy(key.pk) for key in taken)
        assert free_stock(product.pk) == 0
        assert {key.state for key in ProductKey.objects.all() if is_decoy(key.pk)} == {KeyState.FULFILLED}


@pytest.mark.parametrize("state", [KeyState.ASSIGNED, KeyState.RETRIEVED])
def test_a_swap_finds_no_key_where_decoys_alone_are_left(product: Product, state: KeyState) -> None:
    key = buy(product, KEYS)[0]
    with mar_scope():
        ProductKey.objects.filter(pk=key.pk).update(state=state, is_disclosed=state is KeyState.RETRIEVED)
    partner_id = key.partner_id
    assert partner_id is not None
    with partner_scope(partner_id), pytest.raises(ReplacementRefused) as refused, transaction.atomic():
        swap_key(
            partner_id=partner_id, product_key_id=key.product_key_id, wanted=Wanted("the wrong one", None),
            by=OFFICE, at=AT,
        )  # fmt: skip
    assert refused.value.code == "no_key_for_swap"


def _to(state: KeyState) -> Callable[[ProductKey], object]:
    step = Step("test", "", OFFICE, AT)
    return lambda key: move_keys([key.pk], to=state, sources=[KeyState.FULFILLED], step=step)


FREE_ROADS: dict[str, Callable[[ProductKey], object]] = {
    "assignment": _to(KeyState.ASSIGNED),
    "return to Microsoft": lambda key: send_return([key.pk], return_type="ZOA", reason="x", by=OFFICE, at=AT),
    "incident": lambda key: report_incident(
        [key.product_key_id], partner_id=None, kind="stolen", facts="the van was empty", due_on=AT.date(),
        by=OFFICE, at=AT,
    ),
    "hold": lambda key: put_on_hold([key.pk], hold=Hold.DISPUTED, reason="not ours", by=OFFICE, at=AT),
    "recall": lambda key: recall_key(key.pk, reason="not needed", by=OFFICE, at=AT),
}  # fmt: skip


@pytest.mark.parametrize("road", FREE_ROADS)
def test_a_free_decoy_takes_no_road(product: Product, road: str) -> None:
    decoy = the_decoy()
    with mar_scope(), pytest.raises(DomainError), transaction.atomic():
        FREE_ROADS[road](decoy)
    _stands(decoy, Hold.NONE)


def _release(key: ProductKey) -> None:
    asking, deciding = make_member("mar_stock"), make_member("mar_approver")
    asked = ask_for_correction(
        key.pk, kind=CorrectionRequest.Kind.RELEASE, facts="it was never seen", proof="file 7",
        by=actor_for(asking), at=AT,
    )  # fmt: skip
    decide_correction(asked.pk, is_approved=True, note="looked at", by=actor_for(deciding), at=AT)


HELD_ROADS: dict[str, Callable[[ProductKey], object]] = {
    "return to Microsoft": FREE_ROADS["return to Microsoft"],
    "assignment": FREE_ROADS["assignment"],
}


@pytest.mark.parametrize("road", HELD_ROADS)
def test_a_decoy_in_quarantine_takes_no_road(product: Product, road: str) -> None:
    decoy = in_quarantine()
    with mar_scope(), pytest.raises(DomainError), transaction.atomic():
        HELD_ROADS[road](decoy)
    _stands(decoy, Hold.QUARANTINED)


@pytest.mark.parametrize("lift", [
    lambda key: lift_hold([key.pk], hold=Hold.QUARANTINED, reason="fine", asked_by="another", by=OFFICE, at=AT),
    _release,
])  # fmt: skip
def test_a_decoy_leaves_quarantine_as_any_key_does_and_no_count_tells(
    product: Product, lift: Callable[[ProductKey], object]
) -> None:
    decoy = in_quarantine()
    with mar_scope():
        lift(decoy)
        assert free_stock(product.pk) == KEYS
    _stands(decoy, Hold.NONE)


def test_a_decoy_leaves_quarantine_only_with_a_proof(product: Product) -> None:
    decoy = in_quarantine()
    with mar_scope(), pytest.raises(IntegrityError, match="only with the proof"), transaction.atomic():
        ProductKey.objects.filter(pk=decoy.pk).update(hold="none")
    _stands(decoy, Hold.QUARANTINED)


@pytest.mark.parametrize(
    "change", [{"state": 11}, {"hold": "reserved"}, {"hold": "lost_or_stolen"}, {"state": 8}]
)
def test_the_database_moves_no_decoy_by_a_raw_update(product: Product, change: dict[str, object]) -> None:
    decoy = the_decoy()
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match="this key stays where it is"),
        transaction.atomic(),
    ):
        ProductKey.objects.filter(pk=decoy.pk).update(**change)
    _stands(decoy, Hold.NONE)


def _stands(decoy: ProductKey, hold: Hold) -> None:
    with mar_scope():
        now = ProductKey.objects.get(pk=decoy.pk)
        assert (now.state, now.hold, now.partner_id) == (KeyState.FULFILLED, hold, None)
        assert read_books().problems == ()


def test_a_decoy_makes_way_for_a_real_key_of_its_id(product: Product) -> None:
    decoy = the_decoy()
    rows = delivery(product.lpn, keys=1, file_format="csv", seed="late").decode().split("\r\n")
    rows[1] = rows[1].replace(rows[1].split(",")[0], decoy.product_key_id)
    batch = checked("\r\n".join(rows).encode())
    assert (batch.state, batch.errors) == ("ready", [])
    with mar_scope():
        release_batch(batch.pk, by=actor_for(make_member("mar_approver")), at=AT)
        assert complete_release(batch.pk, at=AT)
        real = ProductKey.objects.get(product_key_id=decoy.product_key_id)
        assert not is_decoy(real.pk)
        assert is_decoy(decoy.pk)
        assert free_stock(product.pk) == KEYS + 1
        assert read_books().problems == ()


def test_a_pool_is_filled_with_real_keys_alone(product: Product) -> None:
    with mar_scope():
        ids = lock_free_keys(product.pk, pool=0, most=None)
        assert len(ids) == KEYS
        assert not any(is_decoy(key_id) for key_id in ids)


def test_decoys_that_the_stock_was_sold_past_go_to_quarantine(product: Product) -> None:
    with mar_scope():
        decoys = [key for key in ProductKey.objects.order_by("position") if is_decoy(key.pk)]
        first_real = without_decoys(ProductKey.objects.all()).order_by("position")[0].position
        ahead = [key for key in decoys if key.position < first_real]
        assert retire_decoys(product.pk, by=OFFICE, at=AT) == len(ahead)
    buy(product, KEYS)
    with mar_scope():
        assert retire_decoys(product.pk, by=OFFICE, at=AT) == len(decoys) - len(ahead)
        assert retire_decoys(product.pk, by=OFFICE, at=AT) == 0
        assert {key.hold for key in ProductKey.objects.filter(pk__in=[d.pk for d in decoys])} == {
            "quarantined"
        }
        assert read_books().problems == ()
        assert free_stock(product.pk) == 0


@pytest.mark.parametrize(
    "question", ["licensing_decoy_moved(1, 'none', 'undone')", "licensing_decoys_free(1)"]
)
def test_a_partner_asks_nothing_of_decoys(question: str) -> None:
    partner = make_partner()
    with (
        partner_scope(partner.pk),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT {question}")


def test_who_mixes_a_key_with_one_that_cannot_go_learns_nothing_of_it(product: Product) -> None:
    """A refusal of two keys is the same whether the other one is real or a decoy, and nothing moves."""
    decoy = the_decoy()
    with mar_scope():
        real, stuck = ProductKey.objects.exclude(pk=decoy.pk).order_by("id")[:2]
        put_on_hold([stuck.pk], hold=Hold.DISPUTED, reason="Whose is it?", by=OFFICE, at=AT)
        told = []
        for key in (real, decoy):
            ids = [key.pk, stuck.pk]
            for act in (
                lambda ids: send_return(ids, return_type="ZOA", reason="Not needed", by=OFFICE, at=AT),
                lambda ids: put_on_hold(
                    ids, hold=Hold.LOST_OR_STOLEN, reason="A van is gone", by=OFFICE, at=AT
                ),
                lambda ids: unassign_keys(ids, order_id="x", by=OFFICE, at=AT),
            ):
                with pytest.raises(DomainError) as refused, transaction.atomic():
                    act(ids)
                told.append((refused.value.code, refused.value.refusals[0].facts))
    assert told[:3] == told[3:]
    assert told[0][1] == {"Keys": 2, "Not now": stuck.product_key_id}
