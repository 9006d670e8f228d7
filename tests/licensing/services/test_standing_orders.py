"""Standing orders: each day once, as their owner, by that day's price; refused, missed, paused, ended."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid
from core.models import AuditEvent, OutboxItem, User
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, OrderLine, Product, StandingOrder, StandingRun
from licensing.selectors.standing_orders import lines_of, next_times
from licensing.services.standing_orders import (
    StandingLine,
    StandingWish,
    end_standing_order,
    make_standing_order,
    pause_standing_order,
    resume_standing_order,
    skip_next_time,
)
from licensing.services.standing_runs import run_standing_order
from licensing.tasks_standing import run_standing_orders, tell_standing_run
from partners.models import Membership, Partner
from partners.services.api_keys import create_api_key
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.prices import make_price, standard_book

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST = date(2026, 11, 18)  # a Wednesday; AT is the Sunday before
DUE = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


class Shop:
    """A partner with a buyer, a product and a standing order."""

    def __init__(self, *, stock: int = 50, **wish: Any) -> None:
        make_mar()
        self.partner: Partner = make_partner()
        self.product: Product = make_product(price="40.00")
        if stock:
            make_stock(self.product, stock)
        self.buyer: User = make_member("tpr_buyer", partner=self.partner)
        self.by = actor_for(self.buyer, partner=self.partner)
        self.order = self.make(**wish)

    def wish(self, **fields: Any) -> StandingWish:
        usual = {
            "name": "Shop stock", "lines": [StandingLine(self.product.code, 2)], "cadence": "weekly",
            "starts_on": FIRST, "time_of_day": time(8), "time_zone": "Europe/Berlin",
        }  # fmt: skip
        return StandingWish(**usual | fields)

    def make(self, *, by: Actor | None = None, key: str = "", **fields: Any) -> StandingOrder:
        with partner_scope(self.partner.pk):
            return make_standing_order(
                self.partner.pk, self.wish(**fields), idempotency_key=key, by=by or self.by, at=AT
            )

    def run(self, at: datetime = DUE) -> StandingRun | None:
        with partner_scope(self.partner.pk):
            return run_standing_order(self.order.pk, at=at)

    def act(self, service: Any, *arguments: Any, at: datetime = AT) -> None:
        with partner_scope(self.partner.pk):
            service(self.order.pk, *arguments, by=self.by, at=at)

    def now(self) -> StandingOrder:
        with mar_scope():
            return StandingOrder.objects.get(pk=self.order.pk)

    def ordered(self) -> list[tuple[str, int, str]]:
        with mar_scope():
            lines = OrderLine.objects.select_related("order").order_by("order__number")
            return [(line.order.reference, line.quantity, line.order.channel) for line in lines]

    def runs(self) -> list[tuple[str, str, int]]:
        with mar_scope():
            runs = StandingRun.objects.order_by("period")
            return [(run.period.isoformat(), run.outcome, run.missed) for run in runs]


def test_each_day_orders_once_as_its_owner_and_a_second_beat_orders_nothing() -> None:
    shop = Shop()
    assert shop.run(DUE - timedelta(seconds=1)) is None
    shop.run()
    assert shop.run() is None
    assert shop.ordered() == [("Shop stock", 2, "standing")]
    assert (shop.runs(), shop.now().next_on) == ([("2026-11-18", "placed", 0)], FIRST + 7 * DAY)
    with mar_scope():
        (order,) = Order.objects.all()
        ran = AuditEvent.objects.get(action="licensing.order.placed")
    assert (order.placed_by_id, ran.actor_id) == (str(shop.buyer.pk), str(shop.buyer.pk))


def test_several_lines_are_ordered_all_or_none() -> None:
    shop = Shop()
    scarce = make_product(price="10.00")
    shop.order = shop.make(lines=[StandingLine(shop.product.code, 2), StandingLine(scarce.code, 1)])
    shop.run()
    assert (shop.ordered(), shop.runs()) == ([], [("2026-11-18", "refused", 0)])
    make_stock(scarce, 1)
    shop.run(DUE + 7 * DAY)
    assert [row[1] for row in shop.ordered()] == [2, 1]


def test_price_is_that_of_the_day_and_the_page_says_it_before() -> None:
    shop = Shop()
    make_price(standard_book(), shop.product, "44.00", valid_from=DUE + DAY)
    with partner_scope(shop.partner.pk):
        ahead = next_times(shop.now(), lines_of(shop.now()))
    assert [(one.day, one.amount) for one in ahead] == [
        (FIRST, Decimal("80.00")),
        (FIRST + 7 * DAY, Decimal("88.00")),
        (FIRST + 14 * DAY, Decimal("88.00")),
    ]
    shop.run()
    shop.run(DUE + 7 * DAY)
    with mar_scope():
        prices = list(OrderLine.objects.order_by("order__number").values_list("unit_price", flat=True))
    assert prices == [Decimal("40.00"), Decimal("44.00")]


def test_days_missed_while_the_portal_was_away_are_ordered_once_and_it_says_so() -> None:
    shop = Shop()
    shop.run(DUE + 15 * DAY)
    assert shop.ordered() == [("Shop stock", 2, "standing")]
    assert (shop.runs(), shop.now().next_on) == ([("2026-12-02", "placed", 2)], FIRST + 21 * DAY)
    _mail(shop, "2 days before were missed")


def test_refused_day_is_left_out_and_the_mail_names_gate_and_next_step() -> None:
    shop = Shop(stock=0)
    shop.run()
    assert (shop.ordered(), shop.runs()) == ([], [("2026-11-18", "refused", 0)])
    assert (shop.now().state, shop.now().next_on) == ("active", FIRST + 7 * DAY)
    _mail(shop, "Rule ORD-8", "Let the order wait in the queue")


def test_held_day_waits_for_the_owner_and_is_ordered_when_he_resumes() -> None:
    shop = Shop(stock=0, if_refused="hold")
    shop.run()
    assert (shop.runs(), shop.now().state) == ([("2026-11-18", "held", 0)], "paused")
    assert shop.run(DUE + 7 * DAY) is None
    make_stock(shop.product, 9)
    shop.act(resume_standing_order, at=DUE + DAY)
    shop.run(DUE + DAY)
    assert (shop.runs(), shop.ordered()) == (
        [("2026-11-18", "placed", 0)],
        [("Shop stock", 2, "standing")],
    )
    assert shop.now().next_on == FIRST + 7 * DAY


@pytest.mark.parametrize("gone", ["inactive", "left", "role", "key"])
def test_owner_who_may_not_order_any_more_pauses_it_with_a_mail(gone: str) -> None:
    shop = Shop()
    with mar_scope():
        if gone == "inactive":
            User.objects.filter(pk=shop.buyer.pk).update(is_active=False)
        elif gone == "left":
            Membership.objects.filter(user=shop.buyer).update(is_active=False)
        elif gone == "role":
            Membership.objects.filter(user=shop.buyer).update(role="tpr_readonly")
    if gone == "key":
        shop.order = shop.make(by=_key(shop, "builds:write"))
    shop.run()
    assert (shop.ordered(), shop.runs()) == ([], [("2026-11-18", "stopped", 0)])
    assert (shop.now().state, shop.now().next_at) == ("paused", None)
    _mail(shop, "may not place orders any more")


def test_key_that_may_order_orders_as_itself() -> None:
    shop = Shop()
    by = _key(shop, "orders:write")
    shop.order = shop.make(by=by)
    shop.run()
    with mar_scope():
        assert [order.placed_by_id for order in Order.objects.all()] == [by.id]


def test_number_of_times_and_last_day_end_it() -> None:
    shop = Shop(times=2)
    shop.run()
    assert shop.now().state == "active"
    shop.run(DUE + 7 * DAY)
    assert (shop.now().state, shop.now().next_at, len(shop.ordered())) == ("ended", None, 2)
    once = shop.make(cadence="once", starts_on=FIRST + 30 * DAY)
    shop.order = once
    shop.run(DUE + 30 * DAY)
    assert shop.now().state == "ended"


def test_pause_leaves_days_out_and_skip_leaves_the_seen_one() -> None:
    shop = Shop()
    shop.act(pause_standing_order)
    assert shop.run() is None
    shop.act(resume_standing_order, at=DUE + DAY)
    assert shop.now().next_on == FIRST + 7 * DAY
    shop.act(skip_next_time, FIRST + 7 * DAY)
    with pytest.raises(DomainError, match="standing_order_state"):
        shop.act(skip_next_time, FIRST + 7 * DAY)
    assert shop.now().next_on == FIRST + 14 * DAY
    assert (shop.ordered(), shop.runs()) == ([], [("2026-11-25", "skipped", 0)])


def test_ended_one_stays_ended() -> None:
    shop = Shop()
    shop.act(end_standing_order)
    for service in (end_standing_order, pause_standing_order, resume_standing_order):
        with pytest.raises(DomainError, match="standing_order_state"):
            shop.act(service)
    assert shop.run() is None
    assert shop.ordered() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []}, {"lines": [StandingLine("NO-SUCH", 1)]}, {"name": " "}, {"time_zone": "Mars/Base"},
        {"cadence": "daily"}, {"starts_on": date(2026, 11, 1)}, {"if_refused": "repeat"}, {"times": 0},
        {"weekday": 9}, {"cadence": "monthly", "month_day": 0 - 1},
    ],
)  # fmt: skip
def test_wish_without_sense_is_refused_and_nothing_is_kept(wrong: dict[str, Any]) -> None:
    shop = Shop()
    with pytest.raises(Invalid):
        shop.make(**wrong)
    with mar_scope():
        assert StandingOrder.objects.count() == 1


def test_repeat_with_the_same_key_makes_one() -> None:
    shop = Shop()
    made = shop.make(key="k1")
    assert shop.make(key="k1").pk == made.pk
    with pytest.raises(DomainError, match="idempotency_key_reused"):
        shop.make(key="k1", name="Another")


def test_beat_runs_every_due_one_and_one_that_fails_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop()
    broken = shop.order
    shop.order = shop.make()
    with mar_scope():
        StandingOrder.objects.filter(pk=broken.pk).update(next_at=AT)
    from licensing import tasks_standing

    monkeypatch.setattr(tasks_standing.timezone, "now", lambda: DUE)
    real = run_standing_order

    def fail(standing_order_id: Any, *, at: datetime) -> Any:
        if standing_order_id == broken.pk:
            raise RuntimeError("broken")
        return real(standing_order_id, at=at)

    monkeypatch.setattr(tasks_standing, "run_standing_order", fail)
    assert run_standing_orders() == 1
    assert len(shop.ordered()) == 1


def test_database_refuses_to_change_what_was_made_and_what_became_of_a_day() -> None:
    shop = Shop()
    shop.run()
    with partner_scope(shop.partner.pk), pytest.raises(DatabaseError), transaction.atomic():
        StandingOrder.objects.update(cadence="once")
    with mar_scope():
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            StandingOrder.objects.update(time_of_day=time(9))
        with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
            StandingRun.objects.update(outcome="refused")
        with pytest.raises(IntegrityError, match="standing_run_once"), transaction.atomic():
            StandingRun.objects.create(
                standing_order=shop.order, partner=shop.partner, period=FIRST, ran_at=DUE, outcome="placed"
            )
        with pytest.raises(IntegrityError, match="standing_next_while_active"), transaction.atomic():
            StandingOrder.objects.update(next_at=None)
        with pytest.raises(IntegrityError, match="standing_has_one_owner"), transaction.atomic():
            StandingOrder.objects.create(
                partner=shop.partner, name="x", cadence="once", starts_on=FIRST, time_of_day=time(8),
                time_zone="UTC", if_refused="skip", state="paused", made_by="x", made_at=AT,
            )  # fmt: skip


def _key(shop: Shop, scope: str) -> Actor:
    with mar_scope():
        key, _secret = create_api_key(
            shop.partner.pk, name="ERP", scopes=[scope], daily_claims=10, by=Actor.system("test"), at=AT
        )
    return Actor(ActorKind.API_KEY, str(key.pk), key.name, partner_id=shop.partner.pk)


def _mail(shop: Shop, *words: str) -> None:
    with mar_scope():
        (item,) = OutboxItem.objects.filter(task="licensing.tell_standing_run")
    with partner_scope(shop.partner.pk):
        assert tell_standing_run.run(**item.arguments) == 1
    (sent,) = mail.outbox
    text = " ".join(str(sent.body).split())
    assert [word for word in words if word not in text] == []
