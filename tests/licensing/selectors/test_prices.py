"""Which price wins: the written rule and the database's function give the same answer over any books."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.tenancy import mar_scope, partner_scope
from licensing.models import Price, PriceBook, Product
from licensing.selectors.prices import price_for, prices_by_rule
from partners.models import Partner
from tests.factories import AT, make_partner, make_product
from tests.factories.prices import make_book, make_deviation, make_price, put_on_book, standard_book

pytestmark = pytest.mark.django_db

DAYS = st.integers(-3, 3).map(lambda days: AT + timedelta(days=days))
AMOUNTS = st.decimals("0.00", "99.99", places=2).map(str)
THRESHOLDS = st.sampled_from([1, 2, 5, 10])
EMPTY = {"prices": (), "pricings": (), "deviations": (), "tier": "starter"}
WORLDS = st.fixed_dictionaries(
    {
        "prices": st.lists(
            st.tuples(st.sampled_from(["standard", "tier", "group", "other"]), AMOUNTS, THRESHOLDS, DAYS),
            max_size=8,
            unique_by=lambda price: (price[0], price[2], price[3]),
        ),
        "pricing": st.none() | st.tuples(st.sampled_from(["group", "tier"]), DAYS, st.none() | st.just(AT)),
        "deviations": st.lists(st.tuples(AMOUNTS, st.integers(1, 6), DAYS), max_size=3),
        "tier": st.sampled_from(["starter", "gold"]),
        "group_ends": st.none() | DAYS,
    }
)


def _build(world: dict, partner: Partner, product: Product) -> None:
    ends = world["group_ends"]
    books = {
        "standard": standard_book(),
        "tier": make_book("tier", tier="gold"),
        "group": make_book("group", valid_before=ends),
        "other": make_book("group", currency="PLN"),
    }
    for book, amount, least, begins in world["prices"]:
        make_price(books[book], product, amount, min_quantity=least, valid_from=begins)
    if world["pricing"]:
        book, since, until = world["pricing"]
        if until is None or until > since:
            put_on_book(partner, books[book], since=since, until=until)
    for amount, quantity, begins in world["deviations"]:
        make_deviation(partner, product, amount, quantity=quantity, valid_from=begins)
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(tier=world["tier"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=WORLDS, quantity=st.integers(1, 12), days=st.integers(-4, 4))
def test_function_and_rule_agree(world: dict, quantity: int, days: int) -> None:
    point = transaction.savepoint()
    make_product()  # opens the standard book
    partner, product = make_partner(accepts_terms=False), make_product(price=None)
    _build(world, partner, product)
    at = AT + timedelta(days=days)
    with mar_scope():
        by_rule = prices_by_rule([partner.pk], product.pk, quantity, at)[partner.pk]
        assert price_for(partner.pk, product.pk, quantity, at) == by_rule
    with partner_scope(partner.pk):
        assert price_for(partner.pk, product.pk, quantity, at) == by_rule
    transaction.savepoint_rollback(point)


def _amount(partner: Partner, product: Product, quantity: int = 1, *, days: int = 0) -> Decimal | None:
    with partner_scope(partner.pk):
        found = price_for(partner.pk, product.pk, quantity, AT + timedelta(days=days))
        return found.amount if found else None


def test_former_member_keeps_his_book_until_the_day_and_then_pays_the_standard_by_itself() -> None:
    member, other, product = make_partner(), make_partner(), make_product(price="40.00")
    book = make_book()
    make_price(book, product, "31.00")
    put_on_book(member, book, until=AT + timedelta(days=10))
    assert [_amount(member, product, days=day) for day in (0, 9, 10)] == [
        Decimal("31.00"),
        Decimal("31.00"),
        Decimal("40.00"),
    ]
    assert _amount(other, product) == Decimal("40.00")


def test_a_group_s_book_is_not_there_for_a_partner_who_is_not_on_it() -> None:
    member, other, product = make_partner(), make_partner(), make_product(price="40.00")
    book = make_book()
    make_price(book, product, "31.00")
    put_on_book(member, book)
    for partner, sees in ((member, 1), (other, 0)):
        with partner_scope(partner.pk):
            assert PriceBook.objects.filter(pk=book.pk).count() == sees
            assert Price.objects.filter(book=book).count() == sees


def test_discount_is_for_one_partner_one_product_and_whole_orders_only() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_deviation(partner, product, "35.00", quantity=10)
    assert _amount(partner, product, 10) == Decimal("35.00")
    assert _amount(partner, product, 11) == Decimal("40.00")
    assert _amount(partner, make_product(price="40.00")) == Decimal("40.00")
    assert _amount(make_partner(), product) == Decimal("40.00")
    assert _amount(partner, product, days=30) == Decimal("40.00")


def test_the_next_announced_price_ends_the_one_before_and_a_withdrawal_reopens_it() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    later = make_price(standard_book(), product, "44.00", valid_from=AT + timedelta(days=5))
    latest = make_price(standard_book(), product, "46.00", valid_from=AT + timedelta(days=9))
    assert [_amount(partner, product, days=day) for day in (4, 5, 8, 9)] == [
        Decimal("40.00"), Decimal("44.00"), Decimal("44.00"), Decimal("46.00"),
    ]  # fmt: skip
    with mar_scope():
        Price.objects.filter(pk=later.pk).update(withdrawn_at=AT)
        ends = Price.objects.filter(product=product, withdrawn_at=None).order_by("valid_from")
        assert list(ends.values_list("valid_before", flat=True)) == [latest.valid_from, None]
    assert _amount(partner, product, days=5) == Decimal("40.00")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("1.00")},
        {"valid_from": AT - timedelta(days=500)},
        {"valid_before": AT},
        {"min_quantity": 3},
        {"announced_at": None},
        {"withdrawn_at": AT},
        {"discarded_at": AT},
    ],
)
def test_announced_price_is_never_changed(change: dict) -> None:
    product = make_product(price=None)
    make_product()
    price = make_price(standard_book(), product, "40.00")
    with mar_scope(), pytest.raises(IntegrityError), transaction.atomic():
        Price.objects.filter(pk=price.pk).update(**change)
    with mar_scope():
        assert Price.objects.get(pk=price.pk).amount == Decimal("40.00")
