"""Programme changes: written by one, published by another, told to all, and each date stops its own action."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound
from core.models import OutboxItem, User
from core.tenancy import mar_scope, partner_scope
from licensing.models import (
    ChangeNotice,
    ChangeReading,
    Device,
    KeyHandOver,
    Product,
    ProductKey,
    ProgrammeChange,
)
from licensing.rules.devices import DeviceIdentity
from licensing.selectors.programme_changes import (
    change_by_id,
    inbox_of,
    notices_of_change,
    stock_affected,
    unread_count,
)
from licensing.services.batches import BatchRefused, hand_over_batch
from licensing.services.builds import BuildFacts, report_build
from licensing.services.hand_over import HandOverRefused, claim_key, reveal_key
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from licensing.services.programme_changes import (
    ChangeRefused,
    WrittenChange,
    discard_change,
    publish_change,
    read_change,
    write_change,
)
from licensing.services.sales import SaleRefused, record_sale
from partners.models import ApiKey
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.exchange import make_builds, make_held_keys
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db

# Midnights in Berlin: winter, winter, summer.
ORDER_STOP = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
INSTALL_STOP = datetime(2027, 1, 31, 23, 0, tzinfo=UTC)
SELL_STOP = datetime(2027, 6, 30, 22, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WORDS = {"en": ("It ends", "The product ends in three steps.")}


def _write(product: Product, by: User, **changes: Any) -> ProgrammeChange:
    dates = {
        "order_stop_at": ORDER_STOP, "install_stop_at": INSTALL_STOP, "sell_through_stop_at": SELL_STOP, "texts": WORDS,
    } | changes  # fmt: skip
    with mar_scope():
        return write_change(WrittenChange(product.pk, **dates), by=actor_for(by), at=AT)


def _publish(change: ProgrammeChange, by: User, at: datetime = AT) -> ProgrammeChange:
    with mar_scope():
        return publish_change(change.pk, by=actor_for(by), at=at)


def _published(product: Product, **changes: Any) -> ProgrammeChange:
    return _publish(_write(product, make_member("mar_admin"), **changes), make_member("mar_approver"))


def _dates(product: Product) -> tuple[datetime | None, ...]:
    with mar_scope():
        product = Product.objects.get(pk=product.pk)
    return product.order_before, product.install_before, product.sell_before


class Shop:
    """A partner with keys, a station, a taken key and a built PC of one product."""

    def __init__(self) -> None:
        make_mar()
        self.partner, self.product = make_partner(), make_product()
        make_stock(self.product, 12)
        self.by = Actor(ActorKind.USER, "u1", "Technician", partner_id=self.partner.id)
        with mar_scope():
            self.station = ApiKey.objects.create(
                partner=self.partner, name="Line 1", prefix="rlp_live_x", secret_hash=uuid4().bytes * 2,
                scopes=["keys:claim"], created_by="Owner", created_at=AT,
            )  # fmt: skip
        self.order(AT, 8)
        self.taken = self.claim(AT, "SN-TAKEN", key="taken")

    def order(self, at: datetime, quantity: int = 1) -> Any:
        with partner_scope(self.partner.id):
            return place_order(
                partner_id=self.partner.id, request=OrderRequest(self.product.id, quantity),
                idempotency_key=uuid4().hex, by=self.by, at=at,
            )  # fmt: skip

    def claim(self, at: datetime, serial: str = "SN-NEW", key: str | None = None) -> Any:
        with partner_scope(self.partner.id):
            return claim_key(
                partner_id=self.partner.id, product_code=self.product.code,
                device=DeviceIdentity("LENOVO", "T490", serial), idempotency_key=key or uuid4().hex,
                station=self.station, by=self.by, at=at,
            )  # fmt: skip

    def reveal(self, at: datetime, serial: str = "SN-SEEN") -> Any:
        with mar_scope():
            free = ProductKey.objects.filter(partner=self.partner, state=11).order_by("id").first()
        with partner_scope(self.partner.id):
            return reveal_key(
                partner_id=self.partner.id, product_key_id=free.product_key_id,
                device=DeviceIdentity("LENOVO", "T490", serial), reason="Station is down", by=self.by, at=at,
            )  # fmt: skip

    def sell(self, day: date, at: datetime, device_id: Any = None) -> Device:
        with partner_scope(self.partner.id):
            return record_sale(
                device_id or self.taken.device_id, partner_id=self.partner.id, sold_on=day, country="DE",
                channel="shop", by=self.by, at=at,
            )  # fmt: skip

    def states(self) -> list[int]:
        with mar_scope():
            return sorted(ProductKey.objects.filter(product=self.product).values_list("state", flat=True))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_publishing_sets_the_dates_and_tells_every_partner_with_his_stock(shop: Shop) -> None:
    stranger = make_partner(families=("citizenship",))
    change = _write(shop.product, make_member("mar_admin"))
    assert _dates(shop.product) == (None, None, None)
    published = _publish(change, make_member("mar_approver"))
    assert _dates(shop.product) == (ORDER_STOP, INSTALL_STOP, SELL_STOP)
    assert (published.state, published.announced_at, published.free_keys) == ("published", AT, 4)
    with mar_scope():
        notices = list(ChangeNotice.objects.filter(change=change))
        assert [(n.partner_id, n.keys_assigned, n.keys_taken, n.devices_unsold) for n in notices] == [
            (shop.partner.pk, 7, 1, 0)
        ]
        assert not ChangeNotice.objects.filter(partner=stranger).exists()
        mails = OutboxItem.objects.filter(task="licensing.send_change_notice")
        assert [row.arguments["partner_id"] for row in mails] == [str(shop.partner.pk)]
    assert audited("licensing.change.published") == 1


def test_stock_affected_counts_assigned_taken_and_unsold(shop: Shop) -> None:
    partner = make_partner()
    builds = make_builds(3, partner=partner)
    product_id = builds[0].key.product_id
    with mar_scope():
        for build in builds:
            KeyHandOver.objects.create(
                partner=partner, key=build.key, device=build.device, channel="reveal", reason="Station is down",
                handed_by="Technician", handed_at=AT,
            )  # fmt: skip
        Device.objects.filter(pk=builds[0].device_id).update(sold_on="2026-11-01")
        (mine,) = stock_affected(product_id, partner_id=partner.pk)
    assert (mine.keys_assigned, mine.keys_taken, mine.devices_unsold, mine.total) == (0, 0, 2, 2)


def test_whoever_wrote_it_does_not_publish_it_and_nothing_changes(shop: Shop) -> None:
    writer = make_member("mar_admin")
    change = _write(shop.product, writer)
    with pytest.raises(ChangeRefused) as refused:
        _publish(change, writer)
    assert [one.rule for one in refused.value.refusals] == ["P-CHANGE-2"]
    assert _dates(shop.product) == (None, None, None)
    with mar_scope():
        assert ChangeNotice.objects.count() == 0
        with pytest.raises(IntegrityError, match="change_by_two_people"), transaction.atomic():
            ProgrammeChange.objects.filter(pk=change.pk).update(
                published_by=writer, announced_at=AT, free_keys=0
            )


@pytest.mark.parametrize(
    "changes",
    [
        {"order_stop_at": None, "install_stop_at": None, "sell_through_stop_at": None},
        {"order_stop_at": INSTALL_STOP, "install_stop_at": ORDER_STOP},
        {"install_stop_at": SELL_STOP, "sell_through_stop_at": INSTALL_STOP},
        {"order_stop_at": AT},
        {"texts": {}},
        {"texts": {"en": ("Title", " ")}},
    ],
)
def test_a_change_with_wrong_dates_or_without_words_is_refused(shop: Shop, changes: dict[str, Any]) -> None:
    with pytest.raises(ChangeRefused) as refused:
        _write(shop.product, make_member("mar_admin"), **changes)
    assert [one.rule for one in refused.value.refusals] == ["P-CHANGE-1"]
    with mar_scope():
        assert ProgrammeChange.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"order_stop_at": None, "install_stop_at": None, "sell_through_stop_at": None}, "change_has_a_date"),
        ({"order_stop_at": SELL_STOP}, "change_dates_in_order"),
        ({"install_stop_at": SELL_STOP + SECOND}, "change_dates_in_order"),
        ({"announced_at": AT}, "change_published_as_a_whole"),
    ],
)
def test_the_database_refuses_the_same(shop: Shop, wrong: dict[str, Any], constraint: str) -> None:
    change = _write(shop.product, make_member("mar_admin"))
    with mar_scope(), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ProgrammeChange.objects.filter(pk=change.pk).update(**wrong)


def test_what_was_announced_or_discarded_stands(shop: Shop) -> None:
    published = _published(shop.product)
    with pytest.raises(ChangeRefused) as refused:
        _publish(published, make_member("mar_approver"))
    assert [one.rule for one in refused.value.refusals] == ["P-CHANGE-3"]
    draft = _write(shop.product, make_member("mar_admin"))
    with mar_scope():
        discard_change(draft.pk, by=actor_for(make_member("mar_admin")), at=AT)
        with pytest.raises(ChangeRefused):
            discard_change(published.pk, by=actor_for(make_member("mar_admin")), at=AT)
        for one in (published, draft):
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                ProgrammeChange.objects.filter(pk=one.pk).update(order_stop_at=AT)


def test_a_later_change_moves_only_the_dates_it_names(shop: Shop) -> None:
    _published(shop.product)
    later = INSTALL_STOP + timedelta(days=30)
    _published(shop.product, order_stop_at=None, install_stop_at=later, sell_through_stop_at=None)
    assert _dates(shop.product) == (ORDER_STOP, later, SELL_STOP)


EARLIER, LATER = ORDER_STOP - timedelta(days=9), SELL_STOP + timedelta(days=9)


@pytest.mark.parametrize(
    ("named", "codes"),
    [
        ({"order_stop_at": INSTALL_STOP + SECOND}, ["change_order_stop"]),
        ({"order_stop_at": LATER}, ["change_order_stop"]),
        ({"install_stop_at": EARLIER}, ["change_install_stop"]),
        ({"install_stop_at": LATER}, ["change_install_stop"]),
        ({"sell_through_stop_at": EARLIER}, ["change_sell_through_stop"]),
        ({"install_stop_at": LATER, "sell_through_stop_at": LATER}, []),
        ({"order_stop_at": INSTALL_STOP}, []),
    ],
)
def test_a_date_goes_with_those_the_product_keeps(
    shop: Shop, named: dict[str, Any], codes: list[str]
) -> None:
    _published(shop.product)
    rest = {"order_stop_at": None, "install_stop_at": None, "sell_through_stop_at": None}
    if not codes:
        _published(shop.product, **rest | named)
        return
    with pytest.raises(ChangeRefused) as refused:
        _write(shop.product, make_member("mar_admin"), **rest | named)
    assert [(one.code, one.rule) for one in refused.value.refusals] == [(codes[0], "P-CHANGE-4")]
    assert _dates(shop.product) == (ORDER_STOP, INSTALL_STOP, SELL_STOP)


def test_a_product_does_not_end_before_it_is_on_sale(shop: Shop) -> None:
    with mar_scope():
        Product.objects.filter(pk=shop.product.pk).update(order_from=SELL_STOP)
    with pytest.raises(ChangeRefused) as refused:
        _write(shop.product, make_member("mar_admin"))
    assert [one.code for one in refused.value.refusals] == [
        "change_order_stop", "change_install_stop", "change_sell_through_stop",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "dates",
    [
        {"order_before": AT - timedelta(days=9000)},
        {"order_before": LATER, "install_before": ORDER_STOP},
        {"install_before": LATER, "sell_before": ORDER_STOP},
        {"order_before": LATER, "sell_before": ORDER_STOP},
    ],
)
def test_the_database_keeps_a_products_dates_in_order(shop: Shop, dates: dict[str, datetime]) -> None:
    with mar_scope(), pytest.raises(IntegrityError, match="product_windows_in_order"), transaction.atomic():
        Product.objects.filter(pk=shop.product.pk).update(**dates)


def test_a_draft_whose_dates_have_passed_meanwhile_is_not_published(shop: Shop) -> None:
    change = _write(shop.product, make_member("mar_admin"))
    with pytest.raises(ChangeRefused) as refused:
        _publish(change, make_member("mar_approver"), at=ORDER_STOP)
    assert [one.rule for one in refused.value.refusals] == ["P-CHANGE-1"]
    assert _dates(shop.product) == (None, None, None)


def test_a_partner_sees_no_draft_and_nobody_elses_notice(shop: Shop) -> None:
    draft = _write(shop.product, make_member("mar_admin"))
    other, reader = make_partner(), actor_for(make_member("tpr_owner", partner=shop.partner))
    published = _published(make_product())
    with partner_scope(shop.partner.pk):
        assert list(ProgrammeChange.objects.all()) == [published]
        assert {row.partner_id for row in ChangeNotice.objects.all()} == {shop.partner.pk}
        with pytest.raises(NotFound):
            read_change(draft.pk, partner_id=shop.partner.pk, by=reader, at=AT)
        assert not ChangeNotice.objects.filter(partner=other).exists()


def test_reading_is_noted_once_per_person_and_counts_the_partner_once(shop: Shop) -> None:
    change = _published(shop.product)
    owner, buyer = (make_member(role, partner=shop.partner) for role in ("tpr_owner", "tpr_buyer"))
    with partner_scope(shop.partner.pk):
        assert unread_count(shop.partner.pk, owner.pk) == 1
        for user, at in ((owner, AT), (owner, AT + SECOND), (buyer, AT + SECOND)):
            read_change(change.pk, partner_id=shop.partner.pk, by=actor_for(user), at=at)
        assert (unread_count(shop.partner.pk, owner.pk), unread_count(shop.partner.pk, buyer.pk)) == (0, 0)
        assert [(row.user_id, row.read_at) for row in ChangeReading.objects.order_by("read_at")] == [
            (owner.pk, AT), (buyer.pk, AT + SECOND),
        ]  # fmt: skip
    with mar_scope():
        shown = change_by_id(change.pk)
        assert (shown.told_count, shown.read_count) == (1, 1)
        (notice,) = notices_of_change(change.pk)
        assert (notice.read_at, notice.read_by) == (AT, owner.name)


def test_unread_changes_stand_first_in_the_inbox(shop: Shop) -> None:
    owner = make_member("tpr_owner", partner=shop.partner)
    old, new = _published(shop.product), _published(make_product())
    with partner_scope(shop.partner.pk):
        read_change(new.pk, partner_id=shop.partner.pk, by=actor_for(owner), at=AT)
        inbox = inbox_of(shop.partner.pk, owner.pk)
        assert [(row.change_id, row.is_read) for row in inbox] == [(old.pk, False), (new.pk, True)]


@pytest.mark.parametrize("quantity", [1, 3])
def test_the_badge_is_one_query_whatever_the_number(
    shop: Shop, quantity: int, django_assert_num_queries: Any
) -> None:
    owner = make_member("tpr_owner", partner=shop.partner)
    for _ in range(quantity):
        _published(make_product())
    with partner_scope(shop.partner.pk), django_assert_num_queries(1):
        assert unread_count(shop.partner.pk, owner.pk) == quantity


# The three dates: one second before, and at the moment. Each stops its own action and no other.


def test_the_order_stop_stops_ordering_and_nothing_else(shop: Shop) -> None:
    _published(shop.product)
    shop.order(ORDER_STOP - SECOND)
    before = shop.states()
    with pytest.raises(OrderRefused) as refused:
        shop.order(ORDER_STOP)
    assert [(one.rule, one.facts) for one in refused.value.refusals] == [
        ("ORD-3", {"No orders from": ORDER_STOP})
    ]
    assert shop.states() == before
    shop.claim(ORDER_STOP)
    shop.reveal(ORDER_STOP)
    assert shop.sell(date(2027, 1, 1), ORDER_STOP + timedelta(hours=9)).sold_on == date(2027, 1, 1)


def test_the_install_stop_stops_giving_out_keys_and_nothing_else(shop: Shop) -> None:
    # Without an order stop, so that ordering can be seen to go on.
    _published(shop.product, order_stop_at=None)
    shop.claim(INSTALL_STOP - SECOND, "SN-LAST")
    before = shop.states()
    for door in (shop.claim, shop.reveal):
        with pytest.raises(HandOverRefused) as refused:
            door(INSTALL_STOP)
        assert [(one.rule, one.facts) for one in refused.value.refusals] == [
            ("HND-9", {"No keys for PCs from": INSTALL_STOP})
        ]
    with partner_scope(shop.partner.id), pytest.raises(BatchRefused) as refused_batch:
        hand_over_batch(
            partner_id=shop.partner.id, product_id=shop.product.id, devices=[DeviceIdentity("HP", "840", "SN-B")],
            station=None, by=shop.by, at=INSTALL_STOP,
        )  # fmt: skip
    assert [one.rule for one in refused_batch.value.refusals] == ["HND-9"]
    assert shop.states() == before
    with mar_scope():
        assert not Device.objects.filter(serial="SN-NEW").exists()
    shop.order(INSTALL_STOP)
    assert shop.sell(date(2027, 2, 1), INSTALL_STOP + timedelta(hours=9)).sold_on == date(2027, 2, 1)


def test_a_key_taken_before_the_install_stop_is_given_again_and_reported_after_it(shop: Shop) -> None:
    _published(shop.product)
    again = shop.claim(INSTALL_STOP, "SN-TAKEN", key="taken")
    assert (again.is_repeat, again.product_key_id) == (True, shop.taken.product_key_id)
    with partner_scope(shop.partner.id):
        build_id = report_build(
            partner_id=shop.partner.id,
            facts=BuildFacts(shop.taken.product_key_id, _hash()), channel="api",
            by=shop.by, at=INSTALL_STOP,
        )  # fmt: skip
    assert build_id is not None


def test_the_sell_through_stop_stops_sales_from_its_day_and_nothing_else(shop: Shop) -> None:
    _published(shop.product, order_stop_at=None, install_stop_at=None)
    last_day, first_day = date(2027, 6, 30), date(2027, 7, 1)
    assert shop.sell(last_day, SELL_STOP - SECOND).sold_on == last_day
    with pytest.raises(SaleRefused) as refused:
        shop.sell(first_day, SELL_STOP)
    assert [(one.rule, one.facts) for one in refused.value.refusals] == [
        ("DEV-3", {"No sales from": SELL_STOP, "Sold on": first_day})
    ]
    with mar_scope():
        assert Device.objects.get(pk=shop.taken.device_id).sold_on == last_day
    # A sale of the day before may be noted later.
    assert shop.sell(last_day, SELL_STOP + timedelta(days=3)).sold_on == last_day
    shop.order(SELL_STOP)
    shop.claim(SELL_STOP)


def test_a_sale_in_the_future_is_refused_and_a_strangers_pc_is_not_found(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        shop.sell(date(2026, 11, 16), AT)
    assert [one.rule for one in refused.value.refusals] == ["DEV-4"]
    other = make_partner()
    with partner_scope(other.pk), pytest.raises(NotFound):
        record_sale(
            shop.taken.device_id, partner_id=other.pk, sold_on=date(2026, 11, 1), country="DE", channel="shop",
            by=shop.by, at=AT,
        )  # fmt: skip
    with mar_scope():
        assert Device.objects.get(pk=shop.taken.device_id).sold_on is None


def _hash() -> str:
    from licensing.exchange.samples import sample_hardware_hash

    return sample_hardware_hash("changes")


def test_held_keys_of_another_partner_are_not_mine(shop: Shop) -> None:
    make_held_keys(2, partner=make_partner())
    with partner_scope(shop.partner.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM licensing_productkey WHERE partner_id <> %s", [shop.partner.pk])
        assert cursor.fetchone()[0] == 0
        with pytest.raises(DomainError):
            shop.sell(date(2026, 11, 1), AT, device_id=uuid4())
