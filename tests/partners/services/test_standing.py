"""Restrictions, suspensions in three extents, the second person, grace, and the state that follows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.actor import Actor
from core.errors import Invalid
from core.tenancy import mar_scope, partner_scope
from licensing.models import Device, ProductKey
from licensing.selectors.hand_over import hand_over_blocks
from licensing.services.batches import Bound, Taken, report_batch
from licensing.services.orders import OrderRefused, OrderRequest, place_order, preflight
from licensing.services.returns import send_return
from partners.models import Grace, OrderBlock, Partner
from partners.rules.partner_states import ALWAYS, Act, Extent
from partners.selectors.standing import partner_standing, suspensions_to_review
from partners.services.graces import end_grace, give_grace
from partners.services.partners import EndsByAnother, record_unpaid, start_wind_down, terminate_partner
from partners.services.standing import (
    NeedsSuspension,
    NotConfirmed,
    NotKept,
    NotLifted,
    confirm_suspension,
    keep_suspension,
    lift_restriction,
    lift_suspension,
    restrict_partner,
    settle_standing,
    suspend_partner,
)
from partners.services.standing_state import PartnerCannotMove
from partners.tasks import send_grace, send_restriction
from tests.factories import (
    AT,
    actor_for,
    make_agreement,
    make_member,
    make_partner,
    make_product,
    make_stock,
    make_terms,
)
from tests.factories.exchange import make_held_keys
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db
PORTAL = Actor.system("rules")


@pytest.fixture
def admin():
    return actor_for(make_member("mar_admin", name="Marta"))


@pytest.fixture
def second():
    return actor_for(make_member("mar_approver", name="Jonas"))


def _stored(partner) -> Partner:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk)


def _gates(partner, product, at=AT):
    with partner_scope(partner.pk):
        found = preflight(partner_id=partner.pk, request=OrderRequest(product.pk, 1), at=at)
        return [gate.refusal for gate in found.gates if gate.refusal], hand_over_blocks(partner.pk, at)


def _order(partner, product, at=AT, key="k"):
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk, request=OrderRequest(product.pk, 1), idempotency_key=key,
            by=Actor.system("test"), at=at,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("extent", "stopped"),
    [
        (Extent.ORDERS, {Act.ORDER}),
        (Extent.HAND_OVER, {Act.TAKE_KEYS}),
        (Extent.ALL, {Act.ORDER, Act.TAKE_KEYS}),
    ],
)
@pytest.mark.parametrize("kind", ["suspension", "restriction"])
def test_each_extent_stops_its_own_act_at_the_gates_and_nothing_else(admin, extent, stopped, kind):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        if kind == "suspension":
            suspend_partner(partner.pk, reason="Labels are missing.", extent=extent, by=admin, at=AT)
        else:
            restrict_partner(
                partner.pk,
                kind=extent,
                reason="Labels are missing.",
                by=admin,
                at=AT,
                is_by_rule=extent == Extent.ALL,
            )
        standing = partner_standing(partner.pk, AT)
    assert standing.allowed == frozenset(Act) - stopped
    orders, hand_over = _gates(partner, product)
    assert [refusal.what for refusal in orders] == (["Labels are missing."] if Act.ORDER in stopped else [])
    assert (hand_over.what if hand_over else "") == (
        "Labels are missing." if Act.TAKE_KEYS in stopped else ""
    )
    if Act.ORDER in stopped:
        with pytest.raises(OrderRefused):
            _order(partner, product)
    else:
        assert _order(partner, product).is_new


def test_a_refusal_carries_rule_facts_since_still_allowed_next_step_and_who_lifts_it(admin):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        restrict_partner(
            partner.pk, kind=Extent.ALL, rule="CMP-11", reason="Reports are late.", facts={"Keys": 3},
            next_step="Report them.", by=PORTAL, at=AT, is_by_rule=True,
        )  # fmt: skip
    orders, hand_over = _gates(partner, product)
    for refusal in (orders[0], hand_over):
        assert (refusal.rule, refusal.next_step) == ("CMP-11", "Report them.")
        assert refusal.facts == {
            "Keys": 3, "Since": AT, "Still allowed": "report, return, pay, export, read"
        }  # fmt: skip
        assert refusal.lifted_by == "The end of its cause: the portal lifts it by itself"
        assert refusal.fix_path == "/tpr/standing/"


@pytest.mark.parametrize("extent", list(Extent))
def test_a_suspended_partner_can_always_report_return_pay_export_and_read(admin, extent):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="x", extent=extent, by=admin, at=AT)
        assert partner_standing(partner.pk, AT).allowed >= ALWAYS
    assert {Act.REPORT, Act.RETURN, Act.PAY, Act.EXPORT, Act.READ} == ALWAYS


def test_a_suspension_that_cannot_be_found_opens_no_door():
    partner, product = make_partner(state="suspended"), make_product()
    make_stock(product, 1)
    orders, hand_over = _gates(partner, product)
    assert [refusal.rule for refusal in orders] == ["ORD-1"]
    assert hand_over.rule == "HND-0"


def test_a_full_suspension_ends_after_72_hours_unless_a_second_person_confirms_it(admin, second):
    unconfirmed, confirmed = make_partner(), make_partner()
    end = AT + timedelta(hours=72)
    with mar_scope():
        for partner in (unconfirmed, confirmed):
            suspend_partner(partner.pk, reason="Theft.", by=admin, at=AT)
        block = OrderBlock.objects.get(partner=confirmed)
        confirm_suspension(block.pk, by=second, at=end - timedelta(seconds=1))
        for partner in (unconfirmed, confirmed):
            settle_standing(partner.pk, by=PORTAL, at=end - timedelta(seconds=1))
        assert _stored(unconfirmed).state == "suspended"
        for partner in (unconfirmed, confirmed):
            settle_standing(partner.pk, by=PORTAL, at=end)
    assert (_stored(unconfirmed).state, _stored(confirmed).state) == ("active", "suspended")
    assert audited("partners.suspension.confirmed") == 1


def test_nobody_confirms_his_own_suspension_nor_one_that_is_over(admin, second):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Theft.", by=admin, at=AT)
        block = OrderBlock.objects.get()
        for by, at in ((admin, AT), (second, AT + timedelta(hours=72))):
            with pytest.raises(NotConfirmed):
                confirm_suspension(block.pk, by=by, at=at)
        block.refresh_from_db()
    assert (block.until, block.confirmed_by) == (AT + timedelta(hours=72), "")


def test_the_database_refuses_a_suspension_confirmed_by_its_author(admin):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Theft.", by=admin, at=AT)
        with pytest.raises(IntegrityError, match="block_confirmed_by_another"), transaction.atomic():
            OrderBlock.objects.update(confirmed_by_id=admin.id)


def test_the_state_follows_the_restrictions_and_returns_with_the_last(admin):
    partner = make_partner()
    with mar_scope():
        first = restrict_partner(partner.pk, kind=Extent.ORDERS, reason="a", by=admin, at=AT)
        other = restrict_partner(partner.pk, kind=Extent.HAND_OVER, reason="b", by=admin, at=AT)
        assert _stored(partner).state == "restricted"
        suspend_partner(partner.pk, reason="c", by=admin, at=AT)
        lift_suspension(partner.pk, reason="d", by=admin, at=AT + timedelta(hours=1))
        assert _stored(partner).state == "restricted"
        lift_restriction(first.pk, by=admin, at=AT + timedelta(hours=2))
        assert _stored(partner).state == "restricted"
        lift_restriction(other.pk, by=admin, at=AT + timedelta(hours=3))
    assert _stored(partner).state == "active"


def test_a_restriction_with_an_end_stops_nothing_from_that_instant(admin):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    end = AT + timedelta(days=3)
    with mar_scope():
        restrict_partner(partner.pk, kind=Extent.ORDERS, reason="a", until=end, by=admin, at=AT)
    assert [r.rule for r in _gates(partner, product, end - timedelta(microseconds=1))[0]] == ["P-STATE-3"]
    assert _gates(partner, product, end)[0] == []
    with mar_scope():
        settle_standing(partner.pk, by=PORTAL, at=end)
        assert OrderBlock.objects.get().lift_reason == "Its time was over."
    assert _stored(partner).state == "active"


def test_what_a_rule_opened_is_not_ended_by_hand_but_by_the_rule(admin):
    partner = make_partner()
    with mar_scope():
        block = restrict_partner(
            partner.pk, kind=Extent.ORDERS, rule="CMP-11", reason="r", by=PORTAL, at=AT, is_by_rule=True
        )
        with pytest.raises(NotLifted):
            lift_restriction(block.pk, by=admin, at=AT)
        block.refresh_from_db()
        assert block.until is None
        lift_restriction(block.pk, reason="All reported.", by=PORTAL, at=AT + timedelta(days=1))
    assert _stored(partner).state == "active"


def test_a_rule_opens_one_restriction_however_often_it_looks():
    partner = make_partner()
    with mar_scope():
        fields = {
            "kind": "orders",
            "rule": "CMP-11",
            "reason": "r",
            "is_by_rule": True,
            "by": PORTAL,
            "at": AT,
        }
        restrict_partner(partner.pk, **fields)
        with pytest.raises(IntegrityError, match="block_by_rule_once"), transaction.atomic():
            restrict_partner(partner.pk, **fields)
        assert OrderBlock.objects.count() == 1


def test_a_written_restriction_is_not_rewritten():
    partner = make_partner()
    with mar_scope():
        restrict_partner(partner.pk, kind=Extent.ORDERS, reason="r", by=PORTAL, at=AT)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            OrderBlock.objects.update(reason="another")
    with partner_scope(partner.pk):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            OrderBlock.objects.update(until=AT)
        assert OrderBlock.objects.get().reason == "r"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE partners_partner SET state = 'suspended', state_since = %s", "has a suspension in force"),
        ("UPDATE partners_partner SET state = 'terminated', state_since = %s", "may not go from"),
    ],
)
def test_the_database_refuses_a_state_that_no_restriction_bears_out(statement, message):
    partner = make_partner()
    with (
        mar_scope(),
        pytest.raises(DatabaseError, match=message),
        connection.cursor() as cursor,
        transaction.atomic(),
    ):
        cursor.execute(statement, [AT])
    assert _stored(partner).state == "active"


@pytest.mark.parametrize(
    ("act", "message"), [(suspend_partner, "suspension is still"), (None, "restriction is still")]
)
def test_the_database_frees_nobody_while_something_is_in_force(admin, act, message):
    partner = make_partner()
    with mar_scope():
        if act:
            act(partner.pk, reason="x", by=admin, at=AT)
        else:
            restrict_partner(partner.pk, kind=Extent.ORDERS, reason="x", by=admin, at=AT)
        with pytest.raises(DatabaseError, match=message), transaction.atomic():
            Partner.objects.update(state="active", state_since=AT)
    assert _stored(partner).state != "active"


def test_grace_lifts_one_rule_and_ends_at_the_instant(admin):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    end = AT + timedelta(days=30)
    with mar_scope():
        restrict_partner(
            partner.pk, kind=Extent.ALL, rule="CMP-11", reason="r", by=PORTAL, at=AT, is_by_rule=True
        )
        give_grace(
            partner.pk, rule="CMP-11", reason="Flood.", valid_from=AT, valid_before=end, by=admin, at=AT
        )
    assert _gates(partner, product) == ([], None)
    last = end - timedelta(microseconds=1)
    assert _gates(partner, product, last) == ([], None)
    orders, hand_over = _gates(partner, product, end)
    assert ([refusal.rule for refusal in orders], hand_over.rule) == (["CMP-11"], "CMP-11")
    with mar_scope():
        assert partner_standing(partner.pk, last).allowed == frozenset(Act)
        assert Act.ORDER not in partner_standing(partner.pk, end).allowed


def test_grace_for_one_rule_leaves_another_standing(admin):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        restrict_partner(partner.pk, kind=Extent.ORDERS, reason="r", by=admin, at=AT)
        give_grace(
            partner.pk,
            rule="CMP-11",
            reason="x",
            valid_from=AT,
            valid_before=AT + timedelta(days=1),
            by=admin,
            at=AT,
        )
    assert [refusal.rule for refusal in _gates(partner, product)[0]] == ["P-STATE-3"]


def test_grace_for_terms_opens_their_gate_until_its_end(admin):
    partner, product = make_partner(accepts_terms=False), make_product()
    make_stock(product, 1)
    end = AT + timedelta(days=7)
    assert [refusal.rule for refusal in _gates(partner, product)[0]] == ["ORD-2"]
    with mar_scope():
        give_grace(
            partner.pk, rule="ORD-2", reason="Owner ill.", valid_from=AT, valid_before=end, by=admin, at=AT
        )
    assert _gates(partner, product)[0] == []
    assert [refusal.rule for refusal in _gates(partner, product, end)[0]] == ["ORD-2"]


@pytest.mark.parametrize(("graced", "left"), [("ORD-2", ["ORD-10"]), ("ORD-10", ["ORD-2"])])
def test_grace_for_the_terms_leaves_a_schedule_standing_and_the_other_way(admin, graced, left):
    partner, product = make_partner(accepts_terms=False), make_product()
    make_stock(product, 1)
    make_terms(
        agreement=make_agreement("WIN-COM", kind="schedule", title="Schedule", products=[product.code])
    )
    end = AT + timedelta(days=7)
    with mar_scope():
        give_grace(
            partner.pk, rule=graced, reason="Owner ill.", valid_from=AT, valid_before=end, by=admin, at=AT
        )
    assert [refusal.rule for refusal in _gates(partner, product)[0]] == left


@pytest.mark.parametrize(
    ("rule", "start", "end"),
    [("ORD-8", 0, 1), ("P-STATE-2", 0, 1), ("CMP-11", 0, 0), ("CMP-11", -2, -1), ("CMP-11", 0, 367)],
)
def test_a_grace_that_cannot_be_is_refused(admin, rule, start, end):
    partner = make_partner()
    with mar_scope(), pytest.raises(Invalid):
        give_grace(
            partner.pk, rule=rule, reason="x", valid_from=AT + timedelta(days=start),
            valid_before=AT + timedelta(days=end), by=admin, at=AT,
        )  # fmt: skip
    with mar_scope():
        assert Grace.objects.count() == 0


def test_a_grace_may_be_ended_early_once(admin):
    partner = make_partner()
    with mar_scope():
        grace = give_grace(
            partner.pk,
            rule="CMP-11",
            reason="x",
            valid_from=AT,
            valid_before=AT + timedelta(days=9),
            by=admin,
            at=AT,
        )
        end_grace(grace.pk, reason="Reported.", by=admin, at=AT + timedelta(days=2))
        again = end_grace(grace.pk, reason="Reported.", by=admin, at=AT + timedelta(days=3))
    assert again.valid_before == AT + timedelta(days=2)
    assert audited("partners.grace.ended") == 1


def test_the_database_refuses_a_grace_that_ends_before_it_begins(admin):
    partner = make_partner()
    with mar_scope():
        give_grace(
            partner.pk,
            rule="CMP-11",
            reason="x",
            valid_from=AT,
            valid_before=AT + timedelta(days=9),
            by=admin,
            at=AT,
        )
        with pytest.raises(IntegrityError, match="grace_ends_after"), transaction.atomic():
            Grace.objects.update(valid_before=AT - timedelta(days=1))


def test_the_owners_are_told_of_a_restriction_its_end_and_of_grace(admin):
    partner = make_partner()
    with mar_scope():
        block = restrict_partner(partner.pk, kind=Extent.ORDERS, reason="Late.", by=admin, at=AT)
        give_grace(
            partner.pk,
            rule="CMP-11",
            reason="x",
            valid_from=AT,
            valid_before=AT + timedelta(days=1),
            by=admin,
            at=AT,
        )
        send_restriction(**queued("partners.send_restriction")[0])
        send_grace(**queued("partners.send_grace")[0])
        lift_restriction(block.pk, by=admin, at=AT + timedelta(hours=1))
        send_restriction(**queued("partners.send_restriction")[1])
    assert [message.subject for message in mail.outbox] == [
        f"{partner.name} is restricted",
        f"{partner.name} has time until 2026-11-16 18:00 UTC",
        f"A restriction of {partner.name} has ended",
    ]
    assert "Still allowed: take keys, report, return, pay, export, read." in mail.outbox[0].body


def test_a_contract_is_ended_by_a_second_person(admin, second):
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    with mar_scope():
        start_wind_down(partner.pk, reason="Moves on.", by=admin, at=AT)
        with pytest.raises(EndsByAnother):
            terminate_partner(partner.pk, reason="Done.", by=admin, at=AT)
        with pytest.raises(DatabaseError, match="does not end it"), transaction.atomic():
            Partner.objects.update(state="terminated")
    assert _stored(partner).state == "winding_down"
    assert [refusal.rule for refusal in _gates(partner, product)[0]] == ["ORD-1"]
    assert _gates(partner, product)[1] is None
    with mar_scope():
        terminate_partner(partner.pk, reason="Done.", by=second, at=AT)
    assert _gates(partner, product)[1].rule == "HND-0"
    with mar_scope(), pytest.raises(PartnerCannotMove):
        suspend_partner(partner.pk, reason="x", by=admin, at=AT)


def test_a_suspended_partner_reports_has_keys_returned_and_pays(admin):
    partner = make_partner()
    waiting, denied = make_held_keys(1, partner=partner)[0], make_held_keys(1, partner=partner)[0]
    with mar_scope():
        for state in (3, 7, 10):
            ProductKey.objects.filter(pk=denied.pk).update(state=state)
        device = Device.objects.create(
            partner=partner, manufacturer="A", model="B", serial="C", manufacturer_norm="A", model_norm="B",
            serial_norm="C", created_at=AT,
        )  # fmt: skip
        suspend_partner(partner.pk, reason="x", by=admin, at=AT)
    taken = Taken(waiting.pk, waiting.product_key_id, device.pk)
    with partner_scope(partner.pk):
        builds = report_batch(partner_id=partner.pk, builds=[Bound(taken, "h" * 600, None)], by=PORTAL, at=AT)
    with mar_scope():
        send_return([denied.pk], return_type="ZOA", reason="Refused by Microsoft", by=admin, at=AT)
        record_unpaid(partner.pk, unpaid=Decimal(0), by=admin, at=AT)
        states = dict(ProductKey.objects.values_list("pk", "state"))
    assert (len(builds), states[waiting.pk], states[denied.pk]) == (1, 3, 8)
    assert audited("partners.credit.unpaid_recorded") == 1


def test_one_person_cannot_stop_both_without_end_by_a_restriction():
    partner = make_partner()
    with mar_scope(), pytest.raises(NeedsSuspension):
        restrict_partner(partner.pk, kind="all", reason="x", by=actor_for(make_member("mar_admin")), at=AT)
    with mar_scope():
        assert (OrderBlock.objects.count(), Partner.objects.get(pk=partner.pk).state) == (0, "active")


def test_a_confirmed_full_suspension_is_looked_at_every_thirty_days(admin, second):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Theft.", by=admin, at=AT)
        block = OrderBlock.objects.get()
        with pytest.raises(NotKept):
            keep_suspension(block.pk, reason="Too early.", by=second, at=AT)
        confirm_suspension(block.pk, by=second, at=AT)
        later = AT + timedelta(days=29)
        keep_suspension(block.pk, reason="The police still look.", by=second, at=later)
        block.refresh_from_db()
        assert (block.until, block.review_at) == (None, later + timedelta(days=30))
        assert not suspensions_to_review(block.review_at - timedelta(seconds=1)).exists()
        assert suspensions_to_review(block.review_at).get() == block
        lift_suspension(partner.pk, reason="Cleared.", by=admin, at=later)
        with pytest.raises(NotKept):
            keep_suspension(block.pk, reason="Again.", by=second, at=later)
        assert not suspensions_to_review(later + timedelta(days=31)).exists()
    assert audited("partners.suspension.kept") == 1


def test_the_database_refuses_an_endless_full_suspension(admin):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Theft.", by=admin, at=AT)
        with pytest.raises(IntegrityError, match="block_full_has_an_end_or_review"), transaction.atomic():
            OrderBlock.objects.update(until=None)
        assert OrderBlock.objects.get().until == AT + timedelta(hours=72)
