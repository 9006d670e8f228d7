"""A partner's return from the wish to the answer, in one bundle with another partner's."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.models import (
    ExchangeException,
    Fulfilment,
    KeyAssignment,
    KeySettlement,
    PartnerReturn,
    PartnerReturnLine,
    ProductKey,
    ReturnRequest,
)
from licensing.rules.key_states import KeyState
from licensing.services.exchange import import_answer_file
from licensing.services.partner_returns import (
    ReturnRefused,
    ReturnWish,
    approve_return,
    check_return,
    close_return,
    preview_return,
    refuse_return,
    request_return,
)
from licensing.services.return_bundles import send_bundle
from licensing.tasks import tell_return
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.returns import PORTAL, ask_return, enable, make_return, send_returns
from tests.factories.rules import set_rule
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _states(keys: list[ProductKey]) -> list[int]:
    with mar_scope():
        found = dict(ProductKey.objects.values_list("pk", "state"))
    return [found[key.pk] for key in keys]


def _fresh(request: PartnerReturn) -> PartnerReturn:
    with mar_scope():
        return PartnerReturn.objects.get(pk=request.pk)


def _settled() -> list[tuple[str, str, Decimal, Decimal]]:
    with mar_scope():
        rows = KeySettlement.objects.order_by("product_key_id")
        return list(rows.values_list("product_key_id", "answer_code", "credit_due", "charge_due"))


def _answer(sent: ReturnRequest, codes: dict[str, str], name: str = "r.xml") -> int:
    lines = tuple(ReturnAckLine(key_id, code) for key_id, code in codes.items())
    data = write_return_ack(ReturnAckFile(name, "1", AT, sent.rma_number, AT, "0000123456", "MAR", lines))
    with mar_scope():
        return import_answer_file(data, file_name=name, by=PORTAL, at=LATER).findings


def test_request_keeps_forecast_clock_and_own_number_and_is_checked_by_rule() -> None:
    builds = make_builds(2)
    keys = [build.key for build in builds]
    request = ask_return(keys, reference="OUR-77")
    with mar_scope():
        assert check_return(request.pk, by=PORTAL, at=AT).state == "checked"
        lines = list(request.lines.values_list("product_key_id", "forecast_code", "return_before"))
    delivered = AT - timedelta(days=0)
    assert [line[:2] for line in lines] == [(key.product_key_id, "OP") for key in keys]
    assert all(line[2] <= delivered + timedelta(days=365) for line in lines)
    assert (str(request), request.reference) == (f"R-{request.number:06d}", "OUR-77")
    assert audited("licensing.partner_return.requested") == 1


def test_the_window_is_that_of_the_rule_in_force_at_its_second() -> None:
    (build,) = make_builds(1)
    with mar_scope():
        received = Fulfilment.objects.get(keys=build.key).received_at
    begins = received + timedelta(days=9)
    set_rule("return.window", at=begins, days=9)
    wish = ReturnWish((build.key.product_key_id,), "ZOB", "Board failed")
    second = timedelta(seconds=1)
    with partner_scope(build.partner_id):
        for at, code, left in (
            (begins - second, "OP", 356), (begins, "OP", 0), (begins + second, "PI", -1)
        ):  # fmt: skip
            (found,) = preview_return(build.partner_id, wish, at=at)
            assert (found.code, found.days_left) == (code, left)
    assert "9 days" in str(found.sentence)


def test_what_microsoft_would_refuse_waits_for_a_person_with_a_note() -> None:
    (build,) = make_builds(1)
    enable([build.key])
    request = ask_return([build.key], return_type="ZOA")
    person = actor_for(make_member("mar_admin"))
    with mar_scope():
        assert check_return(request.pk, by=PORTAL, at=AT).state == "requested"
        with pytest.raises(ReturnRefused):
            check_return(request.pk, by=person, at=AT)
        assert check_return(request.pk, note="Sold by mistake", by=person, at=AT).state == "checked"
        with pytest.raises(ReturnRefused):
            check_return(request.pk, note="Once more", by=person, at=AT)
        assert check_return(request.pk, by=PORTAL, at=LATER).checked_at == AT


def test_same_idempotency_key_makes_one_return() -> None:
    (build,) = make_builds(1)
    partner_id = build.partner_id
    wish = ReturnWish((build.key.product_key_id,), "ZOB", "Board failed")
    with partner_scope(partner_id):
        first, second = (
            request_return(partner_id=partner_id, wish=wish, idempotency_key="k", by=PORTAL, at=AT)
            for _ in range(2)
        )
        assert (first.return_id, first.is_new, second.is_new) == (second.return_id, True, False)
        assert PartnerReturn.objects.count() == 1


def test_any_key_that_cannot_go_stops_the_request_and_is_named() -> None:
    good, other = make_builds(2)
    foreign = make_builds(1)[0]
    ask_return([other.key])
    ids = (good.key.product_key_id, other.key.product_key_id, foreign.key.product_key_id, "3399999999999")
    with partner_scope(good.partner_id), pytest.raises(ReturnRefused) as refused:
        request_return(
            partner_id=good.partner_id, wish=ReturnWish(ids, "ZOB", "Board failed"),
            idempotency_key="k", by=PORTAL, at=AT,
        )  # fmt: skip
    facts = refused.value.refusals[0].facts
    assert facts["Keys that cannot go"] == 3
    words = [str(text) for text in facts.values()]
    assert words[2:] == ["Not one of your keys."] * 2, "a stranger's key is like none at all"
    with mar_scope():
        assert PartnerReturn.objects.count() == 1


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (ReturnWish((), "ZOB", "Board failed"), "return_size"),
        (ReturnWish(("1",) * 5001, "ZOB", "Board failed"), "return_size"),
        (ReturnWish(("1",), "ZOE", "Board failed"), "return_type"),
        (ReturnWish(("1",), "ZOX", "Board failed", is_without_credit=True), "return_type"),
        (ReturnWish(("1",), "ZOB", " x "), "reason_missing"),
    ],
)
def test_unsound_wish_is_refused(wish: ReturnWish, code: str) -> None:
    partner = make_partner()
    with partner_scope(partner.pk), pytest.raises(Invalid) as refused:
        request_return(partner_id=partner.pk, wish=wish, idempotency_key="k", by=PORTAL, at=AT)
    assert refused.value.code == code
    with mar_scope():
        assert PartnerReturn.objects.count() == 0


def test_preview_changes_nothing() -> None:
    (build,) = make_builds(1)
    wish = ReturnWish((build.key.product_key_id, "3399999999999"), "ZOB", "")
    with partner_scope(build.partner_id):
        shown = preview_return(build.partner_id, wish, at=AT)
    assert [(each.code, str(each.stop)) for each in shown] == [("OP", ""), ("", "Not one of your keys.")]
    with mar_scope():
        assert PartnerReturn.objects.count() == 0


def test_refused_return_frees_its_keys_for_another_one() -> None:
    (build,) = make_builds(1)
    request = make_return([build.key], "checked")
    with mar_scope():
        with pytest.raises(ReturnRefused):
            refuse_return(request.pk, note=" ", by=PORTAL, at=AT)
        refuse_return(request.pk, note="The PC was sold", by=PORTAL, at=AT)
        assert len(queued("licensing.tell_return")) == 1
        with pytest.raises(ReturnRefused):
            approve_return(request.pk, note="", by=PORTAL, at=AT)
        with pytest.raises(NotFound):
            approve_return(uuid4(), note="", by=PORTAL, at=AT)
    assert (_fresh(request).state, _states([build.key])) == ("refused", [KeyState.BOUND])
    assert ask_return([build.key]).state == "requested"


def test_two_partners_go_in_one_bundle_and_unreported_keys_are_called_back() -> None:
    (assigned,) = make_held_keys(1, state=KeyState.ASSIGNED)
    (handed,) = make_held_keys(1)
    (build,) = make_builds(1)
    returns = [make_return([key]) for key in (assigned, handed, build.key)]
    sent = send_returns(returns)
    assert {(_fresh(each).state, _fresh(each).rma_number) for each in returns} == {("sent", sent.rma_number)}
    assert _states([assigned, handed, build.key]) == [KeyState.REPORTED_RETURN] * 3
    with mar_scope():
        lines = dict(sent.lines.values_list("key_id", "previous_state"))
        holds = dict(ProductKey.objects.values_list("pk", "hold"))
    assert [lines[key.pk] for key in (assigned, handed, build.key)] == [1, 1, 3]
    assert [holds[key.pk] for key in (assigned, handed)] == ["none", "quarantined"]


def test_bundle_is_of_one_kind_and_approved_and_leaves_out_what_is_under_way() -> None:
    first, second = make_builds(2)
    damaged, tested = make_return([first.key]), make_return([second.key], return_type="ZOD")
    with mar_scope():
        with pytest.raises(ReturnRefused):
            send_bundle([damaged.pk, tested.pk], by=PORTAL, at=AT)
        with pytest.raises(ReturnRefused):
            send_bundle([], by=PORTAL, at=AT)
        ProductKey.objects.filter(pk=first.key_id).update(state=KeyState.REPORTED_BOUND)
        with pytest.raises(ReturnRefused) as refused:
            send_bundle([damaged.pk], by=PORTAL, at=AT)
        assert refused.value.code == "bundle_waits"
        assert ReturnRequest.objects.count() == 0
    third = make_builds(1)[0]
    send_returns([damaged, make_return([third.key])])
    assert _fresh(damaged).state == "approved"


def test_answers_close_the_returns_and_settle_each_key_once() -> None:
    credited, refused, without = (build.key for build in make_builds(3))
    enable([credited, refused])
    (handed,) = make_held_keys(1)
    returns = [make_return([credited, refused]), make_return([without]), make_return([handed])]
    sent = send_returns(returns)
    ids = [key.product_key_id for key in (credited, refused, without, handed)]
    codes = dict(zip(ids, ("OP", "PI", "QI", "QI"), strict=True))
    assert _answer(sent, codes) == 0
    assert _states([credited, refused, without]) == [5, KeyState.ACTIVATION_ENABLED, 5]
    assert [_fresh(each).state for each in returns] == [
        "answered_credit", "answered_no_credit", "answered_no_credit",
    ]  # fmt: skip
    owed = sorted([(ids[0], "OP", 40, 0), (ids[2], "QI", 0, 0), (ids[3], "QI", 0, 40)])
    assert _settled() == owed
    assert len(queued("licensing.tell_return")) == 3
    # The same again, and another word for a line that is answered: nothing moves, nothing is owed twice.
    assert _answer(sent, codes, "again.xml") == 0
    assert _answer(sent, {ids[0]: "PI"}, "other.xml") == 1
    assert (_settled(), _states([credited])) == (owed, [5])


def test_missing_and_extra_line_become_two_cases_while_the_others_close() -> None:
    first, second = (build.key for build in make_builds(2))
    whole, waiting = make_return([first]), make_return([second])
    sent = send_returns([whole, waiting])
    assert _answer(sent, {first.product_key_id: "OP", "9999999999999": "OP"}) == 2
    with mar_scope():
        cases = ExchangeException.objects.order_by("kind").values_list("kind", "product_key_id")
        assert list(cases) == [("missing_answer", second.product_key_id), ("unmatched", "9999999999999")]
    assert [_fresh(each).state for each in (whole, waiting)] == ["answered_credit", "sent"]
    # A second file without the key opens no second case; the one that brings it closes the case.
    assert _answer(sent, {first.product_key_id: "OP"}, "2.xml") == 0
    assert _answer(sent, {second.product_key_id: "OP"}, "3.xml") == 0
    with mar_scope():
        assert ExchangeException.objects.get(kind="missing_answer").closing_note == "Answered since."
    assert _fresh(waiting).state == "answered_credit"


def test_unknown_code_leaves_the_return_open_with_a_case() -> None:
    (build,) = make_builds(1)
    request = make_return([build.key])
    assert _answer(send_returns([request]), {build.key.product_key_id: "ZZ"}) == 1
    assert (_fresh(request).state, _states([build.key]), _settled()) == ("sent", [8], [])


def test_answered_return_is_closed_once() -> None:
    (build,) = make_builds(1)
    request = make_return([build.key])
    with mar_scope(), pytest.raises(ReturnRefused):
        close_return(request.pk, by=PORTAL, at=AT)
    _answer(send_returns([request]), {build.key.product_key_id: "OP"})
    with mar_scope():
        close_return(request.pk, by=PORTAL, at=LATER)
        with pytest.raises(ReturnRefused):
            close_return(request.pk, by=PORTAL, at=LATER)
    assert _fresh(request).state == "closed"


def test_mail_of_an_answer_names_no_key(mailoutbox: list[Any]) -> None:
    (build,) = make_builds(1)
    request = make_return([build.key])
    _answer(send_returns([request]), {build.key.product_key_id: "OP"})
    assert tell_return(return_id=str(request.pk)) == 1
    mail = mailoutbox[0]
    assert build.key.product_key_id not in f"{mail.subject} {mail.body}"


@pytest.mark.parametrize("column", ["state = 'sent'", "reason = 'Another'", "state = 'closed'"])
def test_database_keeps_the_steps_and_what_was_asked(column: str) -> None:
    (build,) = make_builds(1)
    request = ask_return([build.key])
    with mar_scope(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE licensing_partnerreturn SET {column} WHERE id = %s", [request.pk])


def test_database_refuses_a_return_that_begins_approved_or_changes_what_is_owed() -> None:
    (build,) = make_builds(1)
    request = make_return([build.key])
    copy = {
        name: getattr(request, name)
        for name in ("partner_id", "return_type", "reason", "requested_at", "channel")
    }
    with mar_scope():
        with pytest.raises(IntegrityError, match="begins as a request"), transaction.atomic():
            PartnerReturn.objects.create(**copy, state="approved")
        with pytest.raises(IntegrityError, match="return_type_without_credit"), transaction.atomic():
            PartnerReturn.objects.create(**copy | {"return_type": "ZOE"})
        line = PartnerReturnLine.objects.get()
        other = PartnerReturn.objects.create(**copy)
        with pytest.raises(IntegrityError, match="key_in_one_open_return"), transaction.atomic():
            PartnerReturnLine.objects.create(
                request=other, partner_id=line.partner_id, key_id=line.key_id, product_id=line.product_id
            )
    _answer(send_returns([request]), {build.key.product_key_id: "OP"})
    with mar_scope():
        with pytest.raises(IntegrityError, match="stands as it is"), transaction.atomic():
            KeySettlement.objects.update(credit_due=99)
        assert KeySettlement.objects.update(invoiced_at=LATER) == 1
        with pytest.raises(IntegrityError, match="settlement_credit_or_charge"), transaction.atomic():
            KeySettlement.objects.create(
                partner_id=request.partner_id, key=make_builds(1)[0].key, cause="swap", credit_due=1,
                charge_due=1, currency="EUR", settled_at=AT,
            )  # fmt: skip


def test_stranger_sees_no_return() -> None:
    (build,) = make_builds(1)
    request = ask_return([build.key])
    with partner_scope(make_partner().pk):
        assert PartnerReturn.objects.filter(pk=request.pk).count() == 0
        assert PartnerReturnLine.objects.count() == 0


def test_assignment_of_a_returned_key_ends_only_when_it_was_called_back() -> None:
    (handed,) = make_held_keys(1)
    (build,) = make_builds(1)
    send_returns([make_return([handed]), make_return([build.key])])
    with mar_scope():
        ended = dict(KeyAssignment.objects.values_list("key_id", "ended_at"))
    assert (ended[handed.pk], ended[build.key_id]) == (AT, None)
