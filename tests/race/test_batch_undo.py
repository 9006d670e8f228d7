"""A delivery is stopped while it is ordered, and decided twice at once; with controls."""

from typing import Any

import pytest

from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import BatchStop, KeyAssignment, Product, ProductKey
from licensing.selectors.batch_stops import keys_out_of_stock
from licensing.services import batch_undo
from licensing.services.batch_undo import give_batch_back, stop_batch, undo_import
from tests.factories import AT, actor_for, make_member, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import order
from tests.race.at_once import at_once, reading_together

KEYS = 12


def _batch(product: Product, quantity: int = KEYS) -> Any:
    return make_stock(product, quantity)[0].batch_id


def _act(act: Any, target: Any, role: str = "mar_approver") -> Any:
    by = actor_for(make_member(role))
    return lambda: act(target, reason="Wrong product", by=by, at=AT)


def test_each_key_of_a_stopped_delivery_is_ordered_or_held_and_never_both(cloned_db: str) -> None:
    partners, product = [make_partner() for _ in range(4)], make_product()
    batch_id = _batch(product)
    stop = _act(stop_batch, batch_id)

    def stopping() -> None:
        with mar_scope():
            stop()

    ended = at_once(stopping, *(lambda p=p: order(p, product, 2) for p in partners))
    assert set(ended) <= {"done", "OrderRefused"}
    with mar_scope():
        assigned = KeyAssignment.objects.count()
        assert assigned % 2 == 0
        held = ProductKey.objects.filter(state=1, hold="quarantined", partner__isnull=True).count()
        assert (held, assigned, held + assigned) == (KEYS - assigned, keys_out_of_stock(batch_id), KEYS)


def _stopped(cloned_db: str) -> BatchStop:
    with mar_scope():
        return _act(stop_batch, _batch(make_product(), 2), "mar_stock")()


def test_of_two_decisions_at_once_one_counts(cloned_db: str) -> None:
    stop = _stopped(cloned_db)
    ended = at_once(_act(undo_import, stop.pk), _act(give_batch_back, stop.pk), scope=mar_scope)
    assert ended == ["StopRefused", "done"]
    with mar_scope():
        state = BatchStop.objects.get().state
        assert set(ProductKey.objects.values_list("state", flat=True)) == {100 if state == "undone" else 1}


def test_without_the_lock_the_second_meets_the_databases_guard(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both read the stop as open, and a trigger refuses the second decision."""
    stop = _stopped(cloned_db)
    monkeypatch.setattr(
        batch_undo, "lock_batch_stop", reading_together(lambda pk: BatchStop.objects.get(pk=pk))
    )
    ended = at_once(_act(undo_import, stop.pk), _act(give_batch_back, stop.pk), scope=mar_scope)
    assert ended == ["IntegrityError", "done"]
    with mar_scope(), pytest.raises(DomainError):
        _act(undo_import, stop.pk)()
