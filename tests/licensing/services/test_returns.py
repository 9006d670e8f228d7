"""Returns, recalls and cancelled assignments: what was seen once is never free again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.errors import NotFound
from core.tenancy import mar_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.exchange.xsd import validate
from licensing.models import (
    Build,
    ExchangeException,
    KeyAssignment,
    LedgerEntry,
    ProductKey,
    ReturnLine,
    ReturnRequest,
)
from licensing.rules.key_states import KeyState
from licensing.selectors.exchange import return_xml
from licensing.services.custody import KeyCannotMove
from licensing.services.exchange import import_answer_file
from licensing.services.recall import recall_key, unassign_keys
from licensing.services.returns import (
    NotReturnable,
    ReturnAnswer,
    ReturnInvalid,
    record_return_answers,
    send_return,
)
from licensing.tasks import tell_recall
from tests.factories import AT, make_mar, make_product, make_stock
from tests.factories.exchange import make_builds, make_held_keys
from tests.partners.samples import queued

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LATER = AT + timedelta(days=1)


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _keys_in_every_returnable_state() -> list[ProductKey]:
    (free,) = make_stock(make_product(), 1)
    bound, enabled, denied = (build.key for build in make_builds(3))
    (recalled,) = make_held_keys(1)
    with mar_scope():
        for key, state in ((enabled, KeyState.ACTIVATION_ENABLED), (denied, KeyState.ACTIVATION_DENIED)):
            ProductKey.objects.filter(pk=key.pk).update(state=KeyState.REPORTED_BOUND)
            ProductKey.objects.filter(pk=key.pk).update(state=state)
        recall_key(recalled.pk, reason="unused", by=BY, at=AT)
    return [free, recalled, bound, enabled, denied]


def _send(keys: list[ProductKey], **options: Any) -> ReturnRequest:
    with mar_scope():
        return send_return(
            [key.pk for key in keys],
            **{"return_type": "ZOB", "reason": "damaged", "by": BY, "at": AT} | options,
        )


def _states(keys: list[ProductKey]) -> list[tuple[int, int | None]]:
    with mar_scope():
        found = {key.pk: (key.state, key.previous_state) for key in ProductKey.objects.all()}
    return [found[key.pk] for key in keys]


def test_return_remembers_the_state_of_each_key_and_writes_a_valid_file() -> None:
    keys = _keys_in_every_returnable_state()
    request = _send(keys)
    assert _states(keys) == [(8, 1), (8, 1), (8, 3), (8, 9), (8, 10)]
    with mar_scope():
        lines = dict(ReturnLine.objects.values_list("key_id", "previous_state"))
        assert [lines[key.pk] for key in keys] == [1, 1, 3, 9, 10]
        rows = LedgerEntry.objects.filter(reason="return.sent").values_list("object_id", flat=True)
        assert list(rows) == [str(request.pk)] * 5
        xml = return_xml(request)
        assert xml == return_xml(request)
    assert validate(xml, "return_request") == []
    assert request.rma_number == f"RMA-2026-{request.number:06d}"


def test_answers_end_the_key_give_it_back_or_leave_it() -> None:
    keys = _keys_in_every_returnable_state()
    request = _send(keys)
    codes = ["OO", "PI", "QI", "PD", "XX"]
    answers = [ReturnAnswer(key.product_key_id, code) for key, code in zip(keys, codes, strict=True)]
    with mar_scope():
        booking = record_return_answers(request.pk, answers=answers, by=BY, at=LATER)
    assert _states(keys) == [(5, 1), (1, None), (5, 3), (9, None), (8, 10)]
    assert (booking.matched, [note.finding.value for note in booking.notes]) == (4, ["unknown_return_code"])
    with mar_scope():
        assert ProductKey.objects.get(pk=keys[1].pk).hold == "quarantined"
        assert Build.objects.get(key=keys[2]).state == "reverted", "a dead key's build is not sent any more"
        open_line = ReturnLine.objects.get(answered_at__isnull=True)
        assert (open_line.key_id, open_line.answer_code) == (keys[4].pk, "XX")
        objects = dict(
            LedgerEntry.objects.filter(reason="return.answered").values_list("key_id", "object_id")
        )
        lines = dict(ReturnLine.objects.exclude(pk=open_line.pk).values_list("key_id", "pk"))
        assert objects == {key_id: str(line_id) for key_id, line_id in lines.items()}
        # The unknown one is answered at last.
        record_return_answers(
            request.pk, answers=[ReturnAnswer(keys[4].product_key_id, "OQ")], by=BY, at=LATER
        )
    assert _states(keys)[4] == (5, 10)


def test_answer_file_is_told_from_a_build_answer_and_booked() -> None:
    key = make_stock(make_product(), 1)[0]
    request = _send([key])
    lines = (ReturnAckLine(key.product_key_id, "OP"), ReturnAckLine("9999999999999", "OP"))
    data = write_return_ack(ReturnAckFile("u", "1", AT, request.rma_number, AT, "0000123456", "MAR", lines))
    with mar_scope():
        done = import_answer_file(data, file_name="r.xml", by=BY, at=LATER)
        again = import_answer_file(data, file_name="r.xml", by=BY, at=LATER)
        assert (done.matched, done.findings, done.moved, again.is_new) == (1, 1, {"Returned": 1}, False)
        assert ExchangeException.objects.get().product_key_id == "9999999999999"
    assert _states([key]) == [(5, 1)]


def test_assignment_stays_for_billing() -> None:
    (build,) = make_builds(1)
    request = _send([build.key])
    with mar_scope():
        record_return_answers(
            request.pk, answers=[ReturnAnswer(build.key.product_key_id, "OO")], by=BY, at=LATER
        )
        assert KeyAssignment.objects.get(key=build.key).ended_at is None


@pytest.mark.parametrize("state", [KeyState.ASSIGNED, KeyState.RETRIEVED])
def test_key_in_other_states_is_not_returned_and_nothing_changes(state: KeyState) -> None:
    good = make_stock(make_product(), 1)[0]
    (key,) = make_held_keys(1, state=state)
    with pytest.raises(NotReturnable):
        _send([good, key])
    assert _states([good, key]) == [(1, None), (state, None)]
    with mar_scope():
        assert ReturnRequest.objects.count() == 0


def test_lost_key_goes_without_credit_only_and_a_disputed_one_not_at_all() -> None:
    lost, disputed = (build.key for build in make_builds(2))
    with mar_scope():
        ProductKey.objects.filter(pk=lost.pk).update(hold="lost_or_stolen")
        ProductKey.objects.filter(pk=disputed.pk).update(hold="disputed")
    for key, options in ((lost, {}), (disputed, {}), (disputed, {"is_without_credit": True})):
        with pytest.raises(NotReturnable):
            _send([key], **options)
    _send([lost], return_type="ZOE", is_without_credit=True)
    assert _states([lost]) == [(8, 3)]


@pytest.mark.parametrize("options", [{}, {"return_type": "ZOE", "is_without_credit": True}])
def test_a_key_kept_for_an_order_is_not_returned(options: dict[str, Any]) -> None:
    key = make_stock(make_product(), 1)[0]
    with mar_scope():
        ProductKey.objects.filter(pk=key.pk).update(hold="reserved")
    with pytest.raises(NotReturnable):
        _send([key], **options)
    assert _states([key]) == [(1, None)]


@pytest.mark.parametrize(("return_type", "without_credit"), [("ZOE", False), ("ZOF", False), ("XXX", True)])
def test_return_type_must_be_offered(return_type: str, without_credit: bool) -> None:
    key = make_stock(make_product(), 1)[0]
    with pytest.raises(ReturnInvalid):
        _send([key], return_type=return_type, is_without_credit=without_credit)


def test_empty_return_is_refused() -> None:
    with pytest.raises(ReturnInvalid):
        _send([])


def test_unassigned_key_is_free_again_and_its_assignment_ended() -> None:
    keys = make_held_keys(2, state=KeyState.ASSIGNED)
    with mar_scope():
        unassign_keys([key.pk for key in keys], order_id="O-1", by=BY, at=LATER)
        for key in ProductKey.objects.filter(pk__in=[key.pk for key in keys]):
            assert (key.state, key.hold, key.partner_id, key.order_line_id) == (1, "none", None, None)
        assert set(KeyAssignment.objects.values_list("ended_at", flat=True)) == {LATER}
        rows = LedgerEntry.objects.filter(reason="order.cancelled")
        assert set(rows.values_list("partner_id", "object_id")) == {(keys[0].partner_id, "O-1")}


def test_disclosed_key_of_a_cancelled_order_goes_into_quarantine() -> None:
    plain, seen = make_held_keys(2, state=KeyState.ASSIGNED)
    with mar_scope():
        ProductKey.objects.filter(pk=seen.pk).update(is_disclosed=True)
        unassign_keys([plain.pk, seen.pk], order_id="O-1", by=BY, at=LATER)
        holds = dict(ProductKey.objects.values_list("pk", "hold"))
    assert (holds[plain.pk], holds[seen.pk]) == ("none", "quarantined")


def test_handed_over_key_is_not_unassigned() -> None:
    assigned = make_held_keys(1, state=KeyState.ASSIGNED)[0]
    handed = make_held_keys(1)[0]
    with mar_scope(), pytest.raises(KeyCannotMove):
        unassign_keys([assigned.pk, handed.pk], order_id="O-1", by=BY, at=LATER)
    assert _states([assigned, handed]) == [(11, None), (12, None)]


def test_recalled_key_is_quarantined_and_leaves_its_partner() -> None:
    (key,) = make_held_keys(1)
    with mar_scope():
        recall_key(key.pk, reason="customer gone", by=BY, at=LATER)
        key.refresh_from_db()
        assert (key.state, key.hold, key.partner_id, key.is_disclosed) == (1, "quarantined", None, True)
        assert KeyAssignment.objects.get().ended_at == LATER
        row = LedgerEntry.objects.get(reason="key.recalled")
        assert (row.from_state, row.to_state, row.hold) == (12, 1, "quarantined")
        with pytest.raises(KeyCannotMove):
            recall_key(key.pk, reason="again", by=BY, at=LATER)
        with pytest.raises(NotFound):
            recall_key(0, reason="none", by=BY, at=LATER)


def test_database_never_lets_a_disclosed_key_be_free() -> None:
    handed, recalled = make_held_keys(2)
    with mar_scope():
        with pytest.raises(IntegrityError, match="key_disclosed_is_never_free"), transaction.atomic():
            ProductKey.objects.filter(pk=handed.pk).update(
                state=KeyState.FULFILLED, partner=None, order_line=None
            )
        recall_key(recalled.pk, reason="unused", by=BY, at=LATER)
        with pytest.raises(IntegrityError, match="proof of who lifted it"), transaction.atomic():
            ProductKey.objects.filter(pk=recalled.pk).update(hold="none")


def test_partner_is_told_of_a_recall_unless_many_go_at_once(mailoutbox: list[Any]) -> None:
    told, silent = make_held_keys(1), make_held_keys(1)
    with mar_scope():
        recall_key(told[0].pk, reason="PC was scrapped", by=BY, at=LATER)
        recall_key(silent[0].pk, reason="End of contract", by=BY, at=LATER, tells_partner=False)
    (work,) = queued("licensing.tell_recall")
    assert work["product_key_id"] == told[0].product_key_id
    assert tell_recall(**work) == len(mailoutbox)
    assert "PC was scrapped" in mailoutbox[0].body
