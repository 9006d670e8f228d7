"""A key that its partner gives back: no other way takes it, nobody else's key is taken for it, a lost one goes held."""

import pytest
from django.db import transaction
from django.db.models import Q

from core.tenancy import mar_scope, partner_scope
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.models import PartnerReturnLine, Product, ProductKey, ReturnRequest
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.hand_over import find_claimable_key
from licensing.services import bulk_hand_over, hand_over
from licensing.services.bulk_hand_over import _take
from licensing.services.delivery_keys import BulkRefused
from licensing.services.exchange import import_answer_file
from licensing.services.hand_over import claim_key, reveal_key
from licensing.services.holds import put_on_hold
from licensing.services.order_cancel import cancel_order
from licensing.services.partner_returns import ReturnRefused
from licensing.services.recall import KeyInReturn, recall_key
from licensing.services.return_bundles import send_bundle
from licensing.services.returns import send_return
from partners.services.api_keys import create_api_key
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.returns import PORTAL, make_return, send_returns

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def _states(keys: list[ProductKey]) -> list[int]:
    with mar_scope():
        found = dict(ProductKey.objects.values_list("pk", "state"))
    return [found[key.pk] for key in keys]


def _answer(sent: ReturnRequest, codes: dict[str, str]) -> int:
    lines = tuple(ReturnAckLine(key_id, code) for key_id, code in codes.items())
    data = write_return_ack(ReturnAckFile("r.xml", "1", AT, sent.rma_number, AT, "0000123456", "MAR", lines))
    with mar_scope():
        return import_answer_file(data, file_name="r.xml", by=PORTAL, at=AT).findings


def test_a_key_in_an_open_return_goes_no_other_way_and_nobody_else_gets_it() -> None:
    (assigned,), (handed,) = make_held_keys(1, state=KeyState.ASSIGNED), make_held_keys(1)
    (build,) = make_builds(1)
    returns = [make_return([key]) for key in (assigned, handed, build.key)]
    by = actor_for(make_member("mar_admin"))
    with mar_scope():
        order_id = ProductKey.objects.values_list("order_line__order_id", flat=True).get(pk=assigned.pk)
        ways = {
            assigned: lambda: cancel_order(order_id, reason="Not needed", by=by, at=AT),
            handed: lambda: recall_key(handed.pk, reason="Not needed", by=by, at=AT),
            build.key: lambda: send_return([build.key_id], return_type="ZOB", reason="Board", by=by, at=AT),
        }
        for (key, way), request in zip(ways.items(), returns, strict=True):
            with pytest.raises(KeyInReturn) as refused, transaction.atomic():
                way()
            assert refused.value.refusals[0].facts == {
                "Product key id": key.product_key_id, "Return": str(request),
            }  # fmt: skip
    assert _states([assigned, handed, build.key]) == [KeyState.ASSIGNED, KeyState.RETRIEVED, KeyState.BOUND]
    send_returns(returns)
    assert _states([assigned, handed, build.key]) == [KeyState.REPORTED_RETURN] * 3


def test_a_bundle_takes_no_key_that_is_another_partners_by_now() -> None:
    (wanted,), (theirs,) = (make_held_keys(1, state=KeyState.ASSIGNED) for _ in range(2))
    request = make_return([wanted])
    with mar_scope():
        PartnerReturnLine.objects.filter(request=request).update(key_id=theirs.pk)
        with pytest.raises(ReturnRefused) as refused:
            send_bundle([request.pk], by=PORTAL, at=AT)
        holder = ProductKey.objects.values_list("state", "partner_id").get(pk=theirs.pk)
    assert (refused.value.code, holder) == ("bundle_waits", (KeyState.ASSIGNED, theirs.partner_id))


@pytest.mark.parametrize("state", [KeyState.ASSIGNED, KeyState.RETRIEVED])
@pytest.mark.parametrize(("code", "ends_as"), [("QH", KeyState.RETURNED), ("PF", KeyState.FULFILLED)])
def test_a_lost_key_goes_back_without_credit_and_keeps_its_hold(
    state: KeyState, code: str, ends_as: KeyState
) -> None:
    (lost,), (good,) = make_held_keys(1, state=state), make_held_keys(1)
    with mar_scope():
        put_on_hold([lost.pk], hold=Hold.LOST_OR_STOLEN, reason="The van was broken into", by=PORTAL, at=AT)
    returns = [make_return([key], return_type="ZOE", is_without_credit=True) for key in (lost, good)]
    sent = send_returns(returns)
    assert _states([lost, good]) == [KeyState.REPORTED_RETURN] * 2
    assert _answer(sent, {lost.product_key_id: code, good.product_key_id: "QH"}) == 0
    with mar_scope():
        found = ProductKey.objects.values_list("state", "hold", "partner_id").get(pk=lost.pk)
    assert found == (ends_as, "lost_or_stolen", None)


def test_a_key_that_goes_back_is_handed_over_by_no_door() -> None:
    partner = make_partner()
    wanted, other = make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    make_return([wanted], "requested")
    partner_id, by = partner.pk, actor_for(make_member("tpr_owner", partner=partner))
    with partner_scope(partner_id):
        found = find_claimable_key(partner_id, wanted.product.code)
        assert found is not None
        assert found.pk == other.pk
        with pytest.raises(KeyInReturn), transaction.atomic():
            reveal_key(
                partner_id=partner_id, product_key_id=wanted.product_key_id, reason="Station is down", by=by, at=AT,
                device=DeviceIdentity("LENOVO", "20N2", "PF0ABCDE"),
            )  # fmt: skip
        product = Product.objects.get(pk=wanted.product_id)
        with pytest.raises(BulkRefused) as refused, transaction.atomic():
            _take(partner_id, product, 2)
    assert refused.value.refusals[0].facts == {"Assigned": 1, "PCs": 2}
    assert _states([wanted, other]) == [KeyState.ASSIGNED] * 2


def test_a_return_that_comes_between_the_look_for_a_key_and_its_lock_stops_both_doors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner = make_partner()
    (wanted,) = make_held_keys(1, partner=partner, state=KeyState.ASSIGNED)
    with mar_scope():
        station, _secret = create_api_key(
            partner.pk, name="Line 1", scopes=["keys:claim"], daily_claims=9, by=PORTAL, at=AT
        )
    make_return([wanted], "requested")
    # What a statement sees that began before the return was there.
    monkeypatch.setattr(hand_over, "find_claimable_key", lambda *_look: wanted)
    monkeypatch.setattr(bulk_hand_over, "GOES_BACK", Q(pk=None))
    with partner_scope(partner.pk):
        with pytest.raises(KeyInReturn), transaction.atomic():
            claim_key(
                partner_id=partner.pk, product_code=wanted.product.code, idempotency_key="1", station=station,
                device=DeviceIdentity("LENOVO", "20N2", "PF0ABCDE"), by=PORTAL, at=AT,
            )  # fmt: skip
        with pytest.raises(KeyInReturn), transaction.atomic():
            _take(partner.pk, Product.objects.get(pk=wanted.product_id), 1)
    assert _states([wanted]) == [KeyState.ASSIGNED]
