"""A wrong key: swapped before the report with balance 0, replaced after it by rule, never charged twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from core.errors import Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.models import (
    Build,
    KeyAssignment,
    KeyHandOver,
    KeyReplacement,
    KeySettlement,
    LedgerEntry,
    PartnerReturn,
    ProductKey,
)
from licensing.rules.key_states import TRANSITIONS, Hold, KeyState
from licensing.rules.replacements import REPLACEABLE, SWAPPABLE, Terms, UsedKey, stop_of, terms_of
from licensing.selectors.hand_over import earlier_hand_over
from licensing.services.exchange import import_answer_file
from licensing.services.holds import put_on_hold
from licensing.services.orders import OrderRefused
from licensing.services.partner_returns import ReturnRefused, approve_return, refuse_return
from licensing.services.replacements import ReplacementRefused, Wanted, swap_key
from licensing.services.return_withdrawal import withdraw_return
from partners.models import CreditPosition
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.returns import PORTAL, ask_return, enable, make_return, send_returns

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
WHY = "Home was ordered, Pro is needed"


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _swap(
    key: ProductKey, *, at: Any = AT, product_id: int | None = None, reason: str = WHY
) -> KeyReplacement:
    partner_id: Any = key.partner_id
    with partner_scope(partner_id):
        return swap_key(
            partner_id=partner_id, product_key_id=key.product_key_id, wanted=Wanted(reason, product_id),
            by=PORTAL, at=at,
        )  # fmt: skip


def _open_amount(partner_id: Any) -> Decimal:
    with mar_scope():
        rows = KeyAssignment.objects.filter(partner_id=partner_id, ended_at__isnull=True)
        credit = KeySettlement.objects.filter(partner_id=partner_id).aggregate(n=Sum("credit_due"))["n"] or 0
        return (rows.aggregate(n=Sum("unit_price"))["n"] or Decimal(0)) - credit


def _key(product_key_id: str) -> ProductKey:
    with mar_scope():
        return ProductKey.objects.get(product_key_id=product_key_id)


@pytest.mark.parametrize(
    ("state", "hold"), [(KeyState.ASSIGNED, "none"), (KeyState.RETRIEVED, "quarantined")]
)
def test_swap_leaves_balance_zero_and_what_was_seen_in_quarantine(state: KeyState, hold: str) -> None:
    (key,) = make_held_keys(1, state=state)
    make_stock(key.product, 1)
    before = _open_amount(key.partner_id)
    made = _swap(key)
    old, new = _key(key.product_key_id), _key(made.new_product_key_id)
    assert (old.state, old.hold, old.partner_id) == (KeyState.FULFILLED, hold, None)
    assert (new.state, new.partner_id, new.order_line_id) == (
        KeyState.ASSIGNED, key.partner_id, key.order_line_id,
    )  # fmt: skip
    assert (_open_amount(key.partner_id), made.kind, made.is_same_line) == (before, "swap", True)
    with mar_scope():
        assert LedgerEntry.objects.get(key=new, to_state=KeyState.ASSIGNED).reason == "key.given_instead"


def test_swap_of_a_billed_key_credits_it() -> None:
    (key,) = make_held_keys(1)
    make_stock(key.product, 1)
    with mar_scope():
        KeyAssignment.objects.update(billed_at=AT)
    before = _open_amount(key.partner_id)
    _swap(key)
    with mar_scope():
        assert KeySettlement.objects.get().credit_due == Decimal(40)
    assert _open_amount(key.partner_id) == before - Decimal(40), "the new key is still to be billed"


def test_swap_without_stock_changes_nothing() -> None:
    (key,) = make_held_keys(1)
    with pytest.raises(ReplacementRefused) as refused:
        _swap(key)
    assert refused.value.code == "no_key_for_swap"
    assert _key(key.product_key_id).state == KeyState.RETRIEVED
    with mar_scope():
        assert KeyReplacement.objects.count() == 0


def test_swap_for_a_product_that_cannot_be_ordered_says_what_stands_against_it() -> None:
    (key,) = make_held_keys(1)
    other = make_product(price="40.00")
    make_stock(other, 1)
    with mar_scope():
        CreditPosition.objects.filter(partner_id=key.partner_id).update(limit=Decimal("1.00"))
        before = ProductKey.objects.order_by("pk").values_list("pk", "state", "hold", "partner_id")
        stood = list(before)
    with pytest.raises(OrderRefused) as refused:
        _swap(key, product_id=other.pk)
    assert [refusal.rule for refusal in refused.value.refusals] == ["ORD-7"]
    with mar_scope():
        assert list(before.all()) == stood
        assert KeyReplacement.objects.count() == 0


def test_swap_needs_a_reason_and_an_own_key_of_the_same_family() -> None:
    (key,) = make_held_keys(1)
    foreign = make_partner()
    other = make_product(code="OTHER", lpn="OTH-00001", family="citizenship", name="Other")
    with pytest.raises(Invalid):
        _swap(key, reason="no")
    with pytest.raises(ReplacementRefused) as refused:
        _swap(key, product_id=other.pk)
    assert refused.value.code == "other_family"
    with partner_scope(foreign.pk), pytest.raises(NotFound):
        swap_key(
            partner_id=foreign.pk, product_key_id=key.product_key_id, wanted=Wanted(WHY), by=PORTAL, at=AT
        )


@pytest.mark.parametrize("state", ["bound", "enabled"])
def test_reported_key_is_not_swapped(state: str) -> None:
    (build,) = make_builds(1)
    make_stock(build.key.product, 1)
    if state == "enabled":
        enable([build.key])
    with pytest.raises(ReplacementRefused) as refused:
        _swap(build.key)
    assert refused.value.code == "not_swapped"


def _handed(build: Build) -> Build:
    with mar_scope():
        KeyHandOver.objects.create(
            partner_id=build.partner_id, key=build.key, device=build.device, channel="claim", handed_by="Station",
            handed_at=AT,
        )  # fmt: skip
    return build


def _enabled(days_ago: int) -> Build:
    build = _handed(make_builds(1)[0])
    enable([build.key])
    make_stock(build.key.product, 2)
    with mar_scope():
        LedgerEntry.objects.create(
            key=build.key, product=build.key.product, partner_id=build.partner_id, from_state=7, to_state=9,
            reason="cbr.answered", actor_kind="system", actor_id="x", actor_label="x",
            recorded_at=AT - days_ago * DAY,
        )  # fmt: skip
    return build


def _replaced(build: Build) -> KeyReplacement:
    make_return([build.key], kind="wrong_key", replacement_product_id=build.key.product_id)
    with mar_scope():
        return KeyReplacement.objects.select_related("request").get(
            old_product_key_id=build.key.product_key_id
        )


def test_replacement_inside_the_window_is_free_and_microsofts_credit_is_not_paid_twice() -> None:
    build = _enabled(days_ago=10)
    before = _open_amount(build.partner_id)
    made = _replaced(build)
    assert (made.kind, _open_amount(build.partner_id)) == ("goodwill", before)
    sent = send_returns([made.request])  # type: ignore[list-item]
    line = ReturnAckLine(build.key.product_key_id, "OP")
    data = write_return_ack(ReturnAckFile("u", "1", AT, sent.rma_number, AT, "0000123456", "MAR", (line,)))
    with mar_scope():
        import_answer_file(data, file_name="r.xml", by=PORTAL, at=AT + DAY)
        assert KeySettlement.objects.get().cause == "swap"
    assert _open_amount(build.partner_id) == before


def test_replaced_pc_may_take_its_new_key_at_once() -> None:
    build = _enabled(days_ago=10)
    with partner_scope(build.partner_id):
        assert earlier_hand_over(build.device_id) is not None
    _replaced(build)
    with partner_scope(build.partner_id):
        assert earlier_hand_over(build.device_id) is None


USED = UsedKey(KeyState.ACTIVATION_ENABLED, enabled_at=AT)


@pytest.mark.parametrize(
    ("used", "at", "terms"),
    [
        (UsedKey(KeyState.RETRIEVED), AT, Terms.SWAP),
        (USED, AT + 90 * DAY - timedelta(seconds=1), Terms.GOODWILL),
        (USED, AT + 90 * DAY, Terms.CHARGED),
        (UsedKey(KeyState.ACTIVATION_DENIED), AT, Terms.GOODWILL),
        (UsedKey(KeyState.ACTIVATION_ENABLED, enabled_at=AT, had_goodwill=True), AT, Terms.CHARGED),
    ],
)
def test_terms(used: UsedKey, at: Any, terms: Terms) -> None:
    assert terms_of(used, at=at, goodwill=90 * DAY) == terms


@pytest.mark.parametrize("state", list(KeyState))
def test_every_state_says_what_is_possible(state: KeyState) -> None:
    assert bool(stop_of(UsedKey(state))) is (state not in SWAPPABLE | REPLACEABLE)
    assert stop_of(UsedKey(state, hold=Hold.DISPUTED))


def test_outside_the_window_the_new_key_is_ordered_and_charged() -> None:
    build = _enabled(days_ago=91)
    before = _open_amount(build.partner_id)
    made = _replaced(build)
    with mar_scope():
        price = made.new_assignment.unit_price
        assert KeySettlement.objects.count() == 0
    assert (made.kind, made.is_same_line) == ("charged", False)
    assert _open_amount(build.partner_id) == before + price > before


def test_one_goodwill_for_a_pc_and_goodwill_names_it() -> None:
    made = _replaced(_enabled(days_ago=1))
    (first,), (second,) = make_held_keys(1), make_held_keys(1)
    with mar_scope():
        old, new = KeyAssignment.objects.get(key=first), KeyAssignment.objects.get(key=second)
        row = {
            "partner_id": first.partner_id, "kind": "goodwill", "old_assignment": old, "new_assignment": new,
            "old_product_key_id": "1", "new_product_key_id": "2", "is_same_line": False, "reason": "x", "made_at": AT,
        }  # fmt: skip
        for wrong, name in (
            ({"device_id": made.device_id}, "one_goodwill_for_a_pc"),
            ({}, "goodwill_names_its_pc"),
            ({"kind": "swap", "new_product_key_id": "1"}, "replacement_is_another_key"),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                KeyReplacement.objects.create(**row | wrong)


def test_database_gives_a_key_instead_only_to_the_partner_at_hand() -> None:
    (key,) = make_held_keys(1)
    with mar_scope():
        assignment = KeyAssignment.objects.get()
    with (
        mar_scope(acting_for=make_partner().pk),
        pytest.raises(Exception, match="not the current partner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT licensing_replace(%s, %s)", [assignment.pk, AT])
    with (
        partner_scope(key.partner_id),  # type: ignore[arg-type]
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT licensing_replace(%s, %s)", [assignment.pk, AT])


def test_no_path_leads_out_of_returned() -> None:
    reached, seen = {KeyState.RETURNED}, set()
    while reached:
        state = reached.pop()
        seen.add(state)
        reached |= {after for before, after in TRANSITIONS if before is state} - seen
    assert seen == {KeyState.RETURNED}


@pytest.mark.parametrize("state", [state for state in KeyState if state is not KeyState.RETURNED])
def test_database_never_gives_a_returned_key_out_again(state: KeyState) -> None:
    (build,) = make_builds(1)
    with mar_scope():
        for step in (KeyState.REPORTED_RETURN, KeyState.RETURNED):
            ProductKey.objects.filter(pk=build.key_id).update(state=step, previous_state=KeyState.BOUND)
        with pytest.raises(IntegrityError, match="may not go from 5"), transaction.atomic():
            ProductKey.objects.filter(pk=build.key_id).update(state=state)


def test_key_in_a_return_is_not_replaced() -> None:
    build = _enabled(days_ago=1)
    make_return([build.key])
    with pytest.raises((ReplacementRefused, ReturnRefused)):
        _swap(build.key)


def test_a_key_frozen_since_the_request_is_not_replaced() -> None:
    build = _enabled(days_ago=1)
    request = make_return([build.key], "checked", replacement_product_id=build.key.product_id)
    make_stock(build.key.product, 1)
    with mar_scope():
        put_on_hold([build.key_id], hold=Hold.DISPUTED, reason="Whose is it?", by=PORTAL, at=AT)
        with pytest.raises(ReplacementRefused) as refused, transaction.atomic():
            approve_return(request.pk, note="", by=PORTAL, at=AT)
        request.refresh_from_db()
        assert (refused.value.code, request.state) == ("not_replaced", "checked")
        assert KeyReplacement.objects.count() + KeySettlement.objects.count() == 0


def test_a_return_for_which_a_key_was_given_is_neither_refused_nor_taken_back_any_more() -> None:
    build = _enabled(days_ago=1)
    make_stock(build.key.product, 1)
    request = make_return([build.key], replacement_product_id=build.key.product_id)
    with mar_scope():
        assert KeyReplacement.objects.count() == 1
        with pytest.raises(ReturnRefused) as refused, transaction.atomic():
            refuse_return(request.pk, note="Changed our mind", by=PORTAL, at=AT)
        request.refresh_from_db()
    assert (refused.value.code, request.state) == ("return_was_replaced", "approved")
    with partner_scope(build.partner_id), pytest.raises(ReturnRefused) as refused:
        withdraw_return(request.pk, partner_id=build.partner_id, by=PORTAL, at=AT)
    (refusal,) = refused.value.refusals
    assert (refusal.code, refusal.lifted_by) == ("return_decided", "Nobody: one PC is licensed once")


@pytest.mark.parametrize("state", ["assigned", "bound", "lost"])
def test_a_return_with_another_key_is_asked_for_only_where_one_can_be_given(state: str) -> None:
    if state == "lost":
        key = _enabled(days_ago=1).key
        with mar_scope():
            put_on_hold([key.pk], hold=Hold.LOST_OR_STOLEN, reason="Gone", by=PORTAL, at=AT)
    else:
        key = make_held_keys(1, state=KeyState.ASSIGNED)[0] if state == "assigned" else make_builds(1)[0].key
    with pytest.raises(ReturnRefused) as refused:
        ask_return([key], replacement_product_id=key.product_id, return_type="ZOE", is_without_credit=True)
    assert refused.value.refusals[0].facts["Keys that cannot go"] == 1
    with mar_scope():
        assert PartnerReturn.objects.count() == 0
