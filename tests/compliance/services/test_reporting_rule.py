"""Rule CMP-11: opens at its age, widens, ends exactly once, and leaves people's restrictions alone."""

from datetime import timedelta

import pytest

from compliance.services import reporting_rule
from compliance.services.reporting_rule import apply_reporting_rule, settle_expired
from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import ProductKey
from licensing.services.recall import recall_key
from partners.models import OrderBlock, Partner
from partners.services.partners import start_wind_down, terminate_partner
from partners.services.standing import restrict_partner, suspend_partner
from tests.compliance.world import STATION, oldest_taken, report, take_keys
from tests.factories import AT, actor_for, make_member, make_partner
from tests.factories.rules import set_rule
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


def _blocks(partner) -> list[tuple[str, bool]]:
    with mar_scope():
        rows = OrderBlock.objects.filter(partner=partner).order_by("since")
        return [(row.kind, row.lifted_at is None) for row in rows]


def _run(at=AT) -> int:
    with mar_scope():
        return apply_reporting_rule(at=at)


def _state(partner) -> str:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk).state


@pytest.mark.parametrize(
    ("days", "blocks"),
    [(29.99, []), (30, [("orders", True)]), (59.99, [("orders", True)]), (60, [("all", True)])],
)
def test_the_age_of_the_oldest_key_decides(days, blocks):
    partner = make_partner()
    take_keys(partner, 1, days_ago=days)
    _run()
    assert _blocks(partner) == blocks
    assert _state(partner) == ("restricted" if blocks else "active")


def test_a_restriction_carries_its_facts_and_ends_once_when_the_cause_ends():
    partner = make_partner()
    take_keys(partner, 2, days_ago=40)
    take_keys(partner, 1, days_ago=3)
    assert (_run(), _run()) == (1, 0)
    with mar_scope():
        block = OrderBlock.objects.get()
    assert block.facts == {
        "Keys over 30 days": 2,
        "Oldest taken on": f"{AT - timedelta(days=40):%Y-%m-%d}",
        "Age of the oldest, in days": 40,
    }  # fmt: skip
    assert (block.rule, block.is_by_rule, block.reason) == (
        "CMP-11", True, "2 keys were taken more than 30 days ago and are not reported.",
    )  # fmt: skip
    report(partner, oldest_taken(partner, 2))
    assert (_run(), _run(), _run(AT + timedelta(hours=1))) == (1, 0, 0)
    assert (_blocks(partner), _state(partner)) == ([("orders", False)], "active")
    assert (audited("partners.block.set"), audited("partners.block.lifted")) == (1, 1)
    assert len(queued("partners.send_restriction")) == 2


def test_calling_a_lost_key_back_ends_the_restriction():
    partner = make_partner()
    take_keys(partner, 1, days_ago=70)
    assert (_run(), _state(partner)) == (1, "restricted")
    with mar_scope():
        recall_key(ProductKey.objects.get(state=12).pk, reason="Lost", by=Actor.system("test"), at=AT)
    assert (_run(), _state(partner)) == (1, "active")


def test_it_widens_and_narrows_with_the_age():
    partner = make_partner()
    take_keys(partner, 1, days_ago=45)
    _run()
    _run(AT + timedelta(days=15))
    assert _blocks(partner) == [("orders", False), ("all", True)]
    take_keys(partner, 1, days_ago=0, at=AT - timedelta(days=20))
    report(partner, oldest_taken(partner, 1), at=AT + timedelta(days=15))
    _run(AT + timedelta(days=16))
    assert _blocks(partner) == [("orders", False), ("all", False), ("orders", True)]


def test_a_restriction_by_a_person_and_a_suspension_stay():
    partner = make_partner()
    take_keys(partner, 1, days_ago=40)
    with mar_scope():
        restrict_partner(partner.pk, kind="hand_over", reason="x", by=STATION, at=AT)
        suspend_partner(partner.pk, reason="y", extent="orders", by=STATION, at=AT)
    _run()
    report(partner, oldest_taken(partner, 1))
    _run(AT + timedelta(hours=1))
    assert sorted(_blocks(partner)) == [("hand_over", True), ("orders", False), ("orders", True)]
    assert _state(partner) == "suspended"


def test_whoever_is_gone_is_left_alone():
    partner = make_partner()
    take_keys(partner, 1, days_ago=40)
    with mar_scope():
        start_wind_down(partner.pk, reason="x", by=actor_for(make_member("mar_admin")), at=AT)
        terminate_partner(partner.pk, reason="x", by=actor_for(make_member("mar_approver")), at=AT)
    assert _run() == 0
    assert (_blocks(partner), _state(partner)) == ([], "terminated")


def test_a_last_key_reported_while_it_is_counted_opens_nothing(monkeypatch):
    partner = make_partner()
    monkeypatch.setattr(
        reporting_rule, "unreported_ages", lambda *_args, **_kwargs: {partner.pk: (0, 0, 1, 0)}
    )
    assert _run() == 0
    assert (_blocks(partner), _state(partner)) == ([], "active")


def test_a_later_rule_counts_from_its_day():
    partner = make_partner()
    take_keys(partner, 1, days_ago=20)
    set_rule("report.ageing", at=AT + timedelta(days=1), stop_orders_days=14)
    assert _run() == 0
    assert _run(AT + timedelta(days=1)) == 1


def test_a_suspension_nobody_confirmed_ends_by_the_hourly_round():
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="y", by=STATION, at=AT)
        assert settle_expired(at=AT + timedelta(hours=71)) == 0
        assert settle_expired(at=AT + timedelta(hours=72)) == 1
        assert settle_expired(at=AT + timedelta(hours=73)) == 0
    assert _state(partner) == "active"
