"""A partner takes his return back: until somebody has decided, once, and its keys are free for another one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerReturn, PartnerReturnLine, ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.partner_returns import (
    ReturnRefused,
    approve_return,
    check_return,
    close_return,
    refuse_return,
)
from licensing.services.return_withdrawal import withdraw_return
from tests.factories import AT, make_mar, make_partner
from tests.factories.exchange import make_builds
from tests.factories.returns import PORTAL, ask_return, make_return, send_returns
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)
BUYER = Actor(ActorKind.USER, "u1", "Buyer")


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _withdraw(request: PartnerReturn) -> None:
    with partner_scope(request.partner_id):
        withdraw_return(request.pk, partner_id=request.partner_id, by=BUYER, at=LATER)


def _stands(request: PartnerReturn) -> tuple[object, ...]:
    with mar_scope():
        found = PartnerReturn.objects.get(pk=request.pk)
        open_lines = PartnerReturnLine.objects.filter(request=request, ended_at__isnull=True).count()
        return found.state, str(found.withdrawn_by), found.withdrawn_at, open_lines


@pytest.mark.parametrize("state", ["requested", "checked"])
def test_an_undecided_return_is_taken_back_and_its_keys_are_free_for_another(state: str) -> None:
    builds = make_builds(2)
    keys = [build.key for build in builds]
    request = make_return(keys, state)
    _withdraw(request)
    assert _stands(request) == ("withdrawn", BUYER.label, LATER, 0)
    with mar_scope():
        assert set(ProductKey.objects.values_list("state", flat=True)) == {KeyState.BOUND}
    assert audited("licensing.partner_return.withdrawn") == 1
    assert ask_return(keys).state == "requested"


def test_a_repeat_changes_nothing() -> None:
    (build,) = make_builds(1)
    request = ask_return([build.key])
    _withdraw(request)
    with partner_scope(request.partner_id):
        again = LATER + timedelta(days=1)
        withdraw_return(request.pk, partner_id=request.partner_id, by=PORTAL, at=again)
    assert _stands(request) == ("withdrawn", BUYER.label, LATER, 0)
    assert audited("licensing.partner_return.withdrawn") == 1


@pytest.mark.parametrize(
    ("state", "next_step", "lifted_by"),
    [
        ("approved", "it can still refuse the return until it is sent", "The MAR, until it is sent"),
        ("sent", "Wait for Microsoft’s answer", "Nobody: Microsoft has it"),
        ("refused", "its keys are free for another return", "Nobody: it is over"),
    ],
)
def test_once_decided_it_stays_and_the_refusal_says_the_way_on(
    state: str, next_step: str, lifted_by: str
) -> None:
    (build,) = make_builds(1)
    request = make_return([build.key], "checked" if state == "refused" else "approved")
    if state == "sent":
        send_returns([request])
    elif state == "refused":
        with mar_scope():
            refuse_return(request.pk, note="Sold already", by=PORTAL, at=AT)
    before = _stands(request)
    with pytest.raises(ReturnRefused) as caught:
        _withdraw(request)
    (refusal,) = caught.value.refusals
    assert (refusal.code, refusal.rule, refusal.lifted_by) == ("return_decided", "RET-13", lifted_by)
    assert next_step in refusal.next_step
    assert refusal.facts["Decided"] == AT
    assert (_stands(request), audited("licensing.partner_return.withdrawn")) == (before, 0)


def test_another_partners_return_is_like_none() -> None:
    (build,) = make_builds(1)
    request, stranger = ask_return([build.key]), make_partner()
    with partner_scope(stranger.pk), pytest.raises(NotFound):
        withdraw_return(request.pk, partner_id=stranger.pk, by=BUYER, at=LATER)
    assert _stands(request) == ("requested", "", None, 1)


def test_nobody_decides_on_a_withdrawn_return_and_the_check_leaves_it_alone() -> None:
    (build,) = make_builds(1)
    request = ask_return([build.key])
    _withdraw(request)
    with mar_scope():
        assert check_return(request.pk, by=PORTAL, at=LATER).state == "withdrawn"
        for decide in (approve_return, refuse_return):
            with pytest.raises(ReturnRefused, match="return_state"):
                decide(request.pk, note="Too late for it", by=PORTAL, at=LATER)
        with pytest.raises(ReturnRefused):
            close_return(request.pk, by=PORTAL, at=LATER)
    assert _stands(request) == ("withdrawn", BUYER.label, LATER, 0)
    assert queued("licensing.tell_return") == []


@pytest.mark.parametrize(
    ("state", "change", "message"),
    [
        ("approved", "state = 'withdrawn', withdrawn_at = now(), withdrawn_by = 'x'", "may not go from approved"),
        ("checked", "state = 'withdrawn', withdrawn_at = now()", "return_withdrawn_by_someone"),
        ("checked", "state = 'withdrawn', withdrawn_by = 'x'", "return_withdrawn_by_someone"),
        ("checked", "withdrawn_at = now(), withdrawn_by = 'x'", "return_withdrawn_by_someone"),
    ],
)  # fmt: skip
def test_the_database_withdraws_only_what_nobody_decided_and_by_someone(
    state: str, change: str, message: str
) -> None:
    (build,) = make_builds(1)
    request = make_return([build.key], state)
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match=message),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE licensing_partnerreturn SET {change} WHERE id = %s", [request.pk])
