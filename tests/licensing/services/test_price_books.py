"""Prices are written by one, announced by another, in time; partners see what comes and what it means."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import DomainError, Invalid
from core.models import OutboxItem, User
from core.tenancy import mar_scope, partner_scope
from licensing.models import Price, PriceBook, Product
from licensing.selectors.prices import price_for
from licensing.selectors.prices_ahead import ladders, next_changes, prices_ahead
from licensing.services.price_books import (
    NewBook,
    NewPrice,
    announce_price,
    discard_price,
    open_book,
    withdraw_price,
    write_price,
)
from partners.models import Partner
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.prices import LONG_AGO, make_book, make_price, put_on_book, standard_book
from tests.licensing.services.test_priced_orders import _order
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
NOTICE = timedelta(days=30)


def _write(
    product: Product, by: User, amount: str = "44.00", *, days: int = 31, at: datetime = AT, **more: Any
) -> Price:
    with mar_scope():
        wanted = NewPrice(standard_book().pk, product.pk, Decimal(amount), AT + timedelta(days=days), **more)
        return write_price(wanted, by=actor_for(by), at=at)


def _announce(price: Price, by: User, *, at: datetime = AT) -> None:
    with mar_scope():
        announce_price(price.pk, by=actor_for(by), at=at)


def _amount(partner: Partner, product: Product, at: datetime) -> Decimal:
    with partner_scope(partner.pk):
        found = price_for(partner.pk, product.pk, 1, at)
        assert found is not None
        return found.amount


def _live(product: Product) -> list[tuple[Decimal, datetime | None]]:
    with mar_scope():
        live = Price.objects.filter(product=product, announced_at__isnull=False, withdrawn_at=None)
        return list(live.order_by("valid_from").values_list("amount", "valid_before"))


def test_price_is_written_by_one_announced_by_another_and_counts_from_its_instant() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    price = _write(product, writer)
    with partner_scope(partner.pk):
        assert prices_ahead(partner.pk, AT) == []
    _announce(price, approver)
    begins = AT + timedelta(days=31)
    assert _amount(partner, product, begins - timedelta(microseconds=1)) == Decimal("40.00")
    assert _amount(partner, product, begins) == Decimal("44.00")
    assert _live(product) == [(Decimal("40.00"), begins), (Decimal("44.00"), None)]
    assert audited("licensing.price.announced") == 1
    with mar_scope():
        assert OutboxItem.objects.filter(task="licensing.tell_price").count() == 1


def test_writer_does_not_announce_his_own_price() -> None:
    make_mar()
    product, writer = make_product(price="40.00"), make_member("mar_approver")
    price = _write(product, writer)
    with pytest.raises(DomainError) as caught:
        _announce(price, writer)
    assert (caught.value.code, caught.value.refusals[0].rule) == ("needs_another_person", "PRC-6")
    assert _live(product) == [(Decimal("40.00"), None)]


@pytest.mark.parametrize(
    ("amount", "days", "code"),
    [
        ("44.00", 30, ""),
        ("44.00", 29, "price_too_soon"),
        ("39.99", 0, ""),
        ("40.00", 1, ""),
        ("39.99", -1, "price_too_soon"),
    ],
)
def test_rise_has_its_notice_and_a_fall_needs_none(amount: str, days: int, code: str) -> None:
    make_mar()
    product, writer = make_product(price="40.00"), make_member("mar_finance")
    if not code:
        assert _write(product, writer, amount, days=days).state == "draft"
        return
    with pytest.raises(DomainError) as caught:
        _write(product, writer, amount, days=days)
    assert caught.value.code == code
    assert _live(product) == [(Decimal("40.00"), None)]


@pytest.mark.parametrize(("days", "code"), [(29, "price_too_soon"), (30, "")])
def test_first_price_of_a_book_is_held_against_the_standard_book_that_counted_till_then(
    days: int, code: str
) -> None:
    make_mar()
    partner, product, book = make_partner(), make_product(price="40.00"), make_book()
    put_on_book(partner, book)
    writer = make_member("mar_finance")

    def write(amount: str) -> Price:
        with mar_scope():
            wanted = NewPrice(book.pk, product.pk, Decimal(amount), AT + timedelta(days=days))
            return write_price(wanted, by=actor_for(writer), at=AT)

    assert _amount(partner, product, AT) == Decimal("40.00")
    assert write("40.00").state == "draft"
    if not code:
        assert write("40.01").state == "draft"
        return
    with pytest.raises(DomainError) as caught:
        write("40.01")
    assert caught.value.code == code
    assert caught.value.refusals[0].facts["Price before"] == "40.00"


def test_notice_is_counted_from_the_announcement_not_from_the_draft() -> None:
    make_mar()
    product, writer, approver = (
        make_product(price="40.00"),
        make_member("mar_finance"),
        make_member("mar_approver"),
    )
    price = _write(product, writer, days=31)
    with pytest.raises(DomainError) as caught:
        _announce(price, approver, at=AT + timedelta(days=2))
    assert caught.value.code == "price_too_soon"
    assert _live(product) == [(Decimal("40.00"), None)]


def test_withdrawn_price_never_counts_and_one_in_force_stays() -> None:
    make_mar()
    product, writer, approver = (
        make_product(price="40.00"),
        make_member("mar_finance"),
        make_member("mar_approver"),
    )
    price = _write(product, writer)
    _announce(price, approver)
    with mar_scope():
        withdraw_price(price.pk, by=actor_for(writer), at=AT + timedelta(days=1))
    assert _live(product) == [(Decimal("40.00"), None)]
    lower = _write(product, writer, "38.00", days=1)
    _announce(lower, approver)
    with mar_scope(), pytest.raises(DomainError) as caught:
        withdraw_price(lower.pk, by=actor_for(writer), at=AT + timedelta(days=1))
    assert caught.value.code == "price_in_force"
    assert len(_live(product)) == 2


def test_second_price_of_the_same_moment_is_refused() -> None:
    make_mar()
    product, writer, approver = (
        make_product(price="40.00"),
        make_member("mar_finance"),
        make_member("mar_approver"),
    )
    first, second = _write(product, writer), _write(product, writer, "45.00")
    _announce(first, approver)
    with pytest.raises(DomainError) as caught:
        _announce(second, approver)
    assert caught.value.code == "price_there"
    with mar_scope():
        discard_price(second.pk, by=actor_for(writer), at=AT)
        with pytest.raises(DomainError) as caught:
            announce_price(second.pk, by=actor_for(approver), at=AT)
    assert caught.value.code == "price_not_a_draft"
    assert len(_live(product)) == 2


def test_book_is_opened_once_for_a_tier_and_never_a_second_standard() -> None:
    make_product()
    with mar_scope():
        by = actor_for(make_member("mar_admin"))
        book = open_book(NewBook("gold-eur", "Gold", "tier", "EUR", tier="gold"), by=by, at=AT)
        assert (book.code, book.valid_from) == ("GOLD-EUR", AT)
        for wrong in (
            NewBook("GOLD-EUR", "Other", "group", "EUR"),
            NewBook("GOLD-2", "Gold again", "tier", "EUR", tier="gold"),
            NewBook("STANDARD-2", "Second", "standard", "EUR"),
            NewBook("NO-TIER", "Which tier", "tier", "EUR"),
        ):
            with pytest.raises(Invalid):
                open_book(wrong, by=by, at=AT)
        assert PriceBook.objects.count() == 2


def test_partner_sees_each_change_with_what_it_means_for_his_last_90_days() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 10)
    _order(partner, product, 3)
    _order(partner, product, 4, at=AT - timedelta(days=91))
    book = make_book()
    make_price(book, product, "31.00")
    make_price(standard_book(), product, "44.00", valid_from=AT + timedelta(days=20))
    put_on_book(partner, book, since=AT - timedelta(days=1), until=AT + timedelta(days=10))
    with partner_scope(partner.pk):
        found = prices_ahead(partner.pk, AT)
    assert [(one.at - AT, one.before, one.after, one.ordered, one.effect) for one in found] == [
        (timedelta(days=10), Decimal("31.00"), Decimal("40.00"), 3, Decimal("27.00")),
        (timedelta(days=20), Decimal("40.00"), Decimal("44.00"), 3, Decimal("12.00")),
    ]


def test_announced_price_of_a_threshold_is_seen_before_it_is_reached_and_told_once() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    begins = AT + timedelta(days=20)
    for least, amount, since in ((5, "35.00", LONG_AGO), (5, "38.00", begins), (9, "30.00", LONG_AGO)):
        make_price(standard_book(), product, amount, min_quantity=least, valid_from=since)
    with partner_scope(partner.pk):
        found = prices_ahead(partner.pk, AT)
        assert next_changes(partner.pk, AT) == {}
    assert [(one.quantity, one.at, one.before, one.after, one.effect) for one in found] == [
        (5, begins, Decimal("35.00"), Decimal("38.00"), None)
    ]
    make_price(standard_book(), product, "38.00", valid_from=begins, min_quantity=1)
    with partner_scope(partner.pk):
        told = [(one.quantity, one.before, one.after) for one in prices_ahead(partner.pk, AT)]
    assert told == [(1, Decimal("40.00"), Decimal("38.00")), (5, Decimal("35.00"), Decimal("38.00"))]


def test_new_year_s_return_to_the_first_threshold_is_announced_too() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_price(standard_book(), product, "30.00", min_quantity=5)
    make_stock(product, 10)
    _order(partner, product, 5)
    with partner_scope(partner.pk):
        (found,) = prices_ahead(partner.pk, AT)
        steps = ladders(partner.pk, [product.pk], AT)[product.pk]
    assert (found.at, found.before, found.after) == (
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
        Decimal("30.00"),
        Decimal("40.00"),
    )
    assert [(step.min_quantity, step.is_reached, step.missing) for step in steps] == [
        (1, True, 0),
        (5, True, 0),
    ]
