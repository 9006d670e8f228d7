"""The database's own word on whose a key is, against raw updates of the application's role."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.tenancy import mar_scope
from licensing.models import HoldLift, KeyAssignment, LabelDelivery, ProductKey, ReturnLine
from licensing.rules.key_states import KeyState
from licensing.services.recall import recall_key
from licensing.services.returns import ReturnAnswer, record_return_answers
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.returns import PORTAL, make_return, send_returns

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _row(key: ProductKey) -> dict[str, Any]:
    return ProductKey.objects.values().get(pk=key.pk)


@pytest.mark.parametrize("state", [KeyState.ASSIGNED, KeyState.RETRIEVED])
def test_a_key_does_not_pass_from_one_partner_to_another(state: KeyState) -> None:
    (key,), (other,) = make_held_keys(1, state=state), make_held_keys(1)
    changes: list[dict[str, Any]] = [
        {"partner_id": other.partner_id},
        {"order_line_id": other.order_line_id},
        {"partner_id": other.partner_id, "order_line_id": other.order_line_id},
    ]
    if state is KeyState.ASSIGNED:
        changes.append({**changes[-1], "state": KeyState.RETRIEVED, "is_disclosed": True})
    with mar_scope():
        before = _row(key)
        for change in changes:
            with pytest.raises(IntegrityError, match="by way of the stock alone"), transaction.atomic():
                ProductKey.objects.filter(pk=key.pk).update(**change)
        assert _row(key) == before


@pytest.mark.parametrize("column", ["product_id", "batch_id", "fulfilment_id", "last5"])
def test_what_a_key_is_does_not_change(column: str) -> None:
    (key,) = make_stock(make_product(), 1)
    (other,) = make_stock(make_product(code="OTHER", lpn="OTH-00001", name="Other"), 1)
    value = "XXXXX" if column == "last5" else getattr(other, column)
    with mar_scope(), pytest.raises(IntegrityError, match="what a key is"), transaction.atomic():
        ProductKey.objects.filter(pk=key.pk).update(**{column: value})


def test_a_key_that_somebody_has_seen_is_given_to_nobody_else_even_with_a_proof() -> None:
    (key,), (other,) = make_held_keys(1), make_held_keys(1)
    with mar_scope():
        recall_key(key.pk, reason="PC is gone", by=PORTAL, at=AT)
        HoldLift.objects.create(
            key=key, hold="quarantined", reason="a stray script", asked_by="a", lifted_by="b", lifted_at=AT
        )
        given = {"state": KeyState.ASSIGNED, "hold": "none"}
        for holder in (other.partner_id, make_partner().pk):
            with pytest.raises(IntegrityError, match="nobody else"), transaction.atomic():
                ProductKey.objects.filter(pk=key.pk).update(
                    **given, partner_id=holder, order_line_id=other.order_line_id
                )
        back = {"partner_id": key.partner_id, "order_line_id": key.order_line_id}
        assert ProductKey.objects.filter(pk=key.pk).update(**given, **back) == 1


@pytest.mark.parametrize("column", ["key_id", "order_line_id", "partner_id", "assigned_at"])
def test_which_key_was_sold_to_whom_does_not_change(column: str) -> None:
    (mine,), (theirs,) = make_held_keys(1), make_held_keys(1)
    with mar_scope():
        sold, other = (KeyAssignment.objects.get(key=key) for key in (mine, theirs))
        value = AT + timedelta(days=1) if column == "assigned_at" else getattr(other, column)
        with pytest.raises(IntegrityError, match="sold to whom"), transaction.atomic():
            KeyAssignment.objects.filter(pk=sold.pk).update(**{column: value})
        assert KeyAssignment.objects.filter(pk=sold.pk).update(ended_at=AT) == 1


def test_what_was_returned_and_answered_stands_and_never_goes_away() -> None:
    builds = make_builds(2)
    sent = send_returns([make_return([build.key]) for build in builds])
    with mar_scope():
        answered, waiting = sent.lines.order_by("pk")
        record_return_answers(
            sent.pk, answers=[ReturnAnswer(builds[0].key.product_key_id, "OP")], by=PORTAL, at=AT
        )
        for line, change in (
            (answered, {"answer_code": "PF"}),
            (answered, {"answered_at": None}),
            (waiting, {"previous_state": KeyState.FULFILLED}),
            (waiting, {"key_id": answered.key_id}),
        ):
            with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
                ReturnLine.objects.filter(pk=line.pk).update(**change)
        for rows in (ReturnLine.objects.all(), sent.lines.all(), LabelDelivery.objects.all()):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                rows._raw_delete(using="default")
