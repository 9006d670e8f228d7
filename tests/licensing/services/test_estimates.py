"""Estimates: ordered once, at the price that was seen, lapsed ones only after the difference was shown."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.models import Estimate, EstimateLine, Order, OrderLine, Product
from licensing.selectors.estimates import asking_products, repriced
from licensing.services.estimates import order_estimate, withdraw_estimate, write_estimate
from partners.models import Partner
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.prices import LONG_AGO, make_price, standard_book
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import GOOD, SCHEMA

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def _by(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.id)


def _estimate(partner: Partner, *lines: tuple[Product, int]) -> Estimate:
    with partner_scope(partner.pk):
        wanted = [(product.code, quantity) for product, quantity in lines]
        return write_estimate(partner.pk, wanted, reference="Tender 7", by=_by(partner), at=AT)


def _order(partner: Partner, estimate: Estimate, **more: Any) -> Estimate:
    with partner_scope(partner.pk):
        return order_estimate(estimate.pk, by=_by(partner), **{"at": AT + DAY} | more)


def _placed(partner: Partner) -> list[tuple[int, Decimal]]:
    with mar_scope():
        lines = OrderLine.objects.filter(partner=partner).order_by("order__number")
        return list(lines.values_list("quantity", "unit_price"))


def test_estimate_becomes_its_orders_once_and_all_or_none() -> None:
    make_mar()
    partner, pro, home = make_partner(), make_product(price="40.00"), make_product(price="20.00")
    make_stock(pro, 5)
    estimate = _estimate(partner, (pro, 2), (home, 3))
    with pytest.raises(DomainError) as caught:
        _order(partner, estimate)
    assert (caught.value.code, _placed(partner)) == ("out_of_stock", [])
    make_stock(home, 5)
    _order(partner, estimate)
    assert _placed(partner) == [(2, Decimal("40.00")), (3, Decimal("20.00"))]
    with pytest.raises(DomainError) as caught:
        _order(partner, estimate)
    assert (caught.value.code, len(_placed(partner))) == ("estimate_closed", 2)
    with mar_scope():
        assert EstimateLine.objects.filter(estimate=estimate, order__isnull=True).count() == 0
        with pytest.raises(IntegrityError, match="ordered or withdrawn once"), transaction.atomic():
            Estimate.objects.filter(pk=estimate.pk).update(converted_at=None)


def test_prices_hold_for_the_notice_of_a_rise_or_until_the_next_announced_change() -> None:
    make_mar(notice_days=20)
    partner, product = make_partner(), make_product(price="40.00")
    assert _estimate(partner, (product, 1)).valid_before == AT + 20 * DAY
    make_price(standard_book(), product, "44.00", valid_from=AT + 6 * DAY)
    assert _estimate(partner, (product, 1)).valid_before == AT + 6 * DAY


def test_an_estimate_over_a_threshold_holds_until_that_threshold_s_announced_change() -> None:
    make_mar(notice_days=20)
    partner, product = make_partner(), make_product(price="40.00")
    for amount, since in (("35.00", LONG_AGO), ("38.00", AT + 6 * DAY)):
        make_price(standard_book(), product, amount, min_quantity=5, valid_from=since)
    assert _estimate(partner, (product, 6)).valid_before == AT + 6 * DAY


def test_lapsed_estimate_shows_the_difference_before_it_is_ordered_at_today_s_price() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 5)
    make_price(standard_book(), product, "44.00", valid_from=AT + 6 * DAY)
    estimate = _estimate(partner, (product, 2))
    at = AT + 6 * DAY
    with partner_scope(partner.pk):
        (line,) = repriced(estimate, at)
    assert (line.before, line.after, line.difference) == (Decimal("40.00"), Decimal("44.00"), Decimal("8.00"))
    for accepted in (None, Decimal("87.99")):
        with pytest.raises(DomainError) as caught:
            _order(partner, estimate, at=at, accepted_total=accepted)
        assert caught.value.code == "estimate_repriced"
        assert caught.value.refusals[0].facts["Difference"] == "+8.00 EUR"
        assert _placed(partner) == []
    _order(partner, estimate, at=at, accepted_total=Decimal("88.00"))
    assert _placed(partner) == [(2, Decimal("44.00"))]


def test_running_estimate_is_ordered_at_a_price_that_has_fallen() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 5)
    estimate = _estimate(partner, (product, 2))
    make_price(standard_book(), product, "35.00", valid_from=AT + DAY)
    _order(partner, estimate, at=AT + 2 * DAY)
    assert _placed(partner) == [(2, Decimal("35.00"))]


@pytest.mark.parametrize("wrong", ["none", "twice", "unknown", "citizenship", "no_price", "nought"])
def test_estimate_without_sense_is_refused(wrong: str) -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    lines = {
        "none": [],
        "twice": [(product.code, 1), (product.code, 2)],
        "unknown": [("NO-SUCH", 1)],
        "citizenship": [(make_product(price="6.00", family="citizenship").code, 1)],
        "no_price": [(make_product(price=None).code, 1)],
        "nought": [(product.code, 0)],
    }[wrong]
    with partner_scope(partner.pk), pytest.raises(Invalid):
        write_estimate(partner.pk, lines, by=_by(partner), at=AT)
    with mar_scope():
        assert Estimate.objects.count() == 0


def test_a_product_for_a_named_recipient_leads_to_its_own_form() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="6.00", family="citizenship")
    with partner_scope(partner.pk), pytest.raises(Invalid, match="named recipient") as caught:
        write_estimate(partner.pk, [(product.code, 2)], by=_by(partner), at=AT)
    (refusal,) = caught.value.refusals
    assert (refusal.facts, refusal.fix_path) == ({"Product": product.name}, f"/tpr/order/{product.code}/")


@pytest.fixture
def asking() -> tuple[Partner, Product, Product]:
    """A partner, a product that asks for details, and one that asks for none."""
    make_mar()
    partner, asks, plain = make_partner(), make_product(price="40.00"), make_product(price="20.00")
    make_version(asks, required_fields=SCHEMA)
    for product in (asks, plain):
        make_stock(product, 5)
    return partner, asks, plain


def test_details_are_given_when_the_estimate_is_ordered(asking: Any) -> None:
    partner, asks, plain = asking
    estimate = _estimate(partner, (asks, 2), (plain, 1))
    _order(partner, estimate, details={asks.code: GOOD})
    with mar_scope():
        found = dict(OrderLine.objects.values_list("product_id", "details"))
    assert found == {asks.pk: GOOD, plain.pk: {}}


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({}, "details_invalid"),
        ({"asks": GOOD | {"certificate": ""}}, "details_invalid"),
        ({"asks": GOOD, "plain": GOOD}, "details_invalid"),
        ({"asks": GOOD, "NO-SUCH": {}}, "estimate_details"),
    ],
)
def test_without_fitting_details_nothing_of_the_estimate_is_ordered(
    asking: Any, details: dict[str, Any], code: str
) -> None:
    partner, asks, plain = asking
    estimate = _estimate(partner, (plain, 1), (asks, 2))
    codes = {"asks": asks.code, "plain": plain.code}
    with pytest.raises(DomainError) as caught:
        _order(partner, estimate, details={codes.get(name, name): one for name, one in details.items()})
    assert (caught.value.code, _placed(partner)) == (code, [])
    with mar_scope():
        assert Estimate.objects.get().state_at(AT) == "open"


def test_what_a_product_asks_for_is_that_of_the_day_of_the_order(asking: Any) -> None:
    partner, _asks, plain = asking
    estimate = _estimate(partner, (plain, 1))
    make_version(plain, required_fields=SCHEMA, since=AT + DAY)
    with partner_scope(partner.pk):
        before, then = (asking_products(estimate, at) for at in (AT + DAY - SECOND, AT + DAY))
    assert (before, [(product.code, schema) for product, schema in then]) == ([], [(plain.code, SCHEMA)])
    with pytest.raises(DomainError, match="details_invalid"):
        _order(partner, estimate, at=AT + DAY)
    _order(partner, estimate, at=AT + DAY, details={plain.code: GOOD})
    assert _placed(partner) == [(1, Decimal("20.00"))]


def test_withdrawn_estimate_is_not_ordered_and_a_stranger_finds_none() -> None:
    make_mar()
    partner, stranger, product = make_partner(), make_partner(), make_product(price="40.00")
    make_stock(product, 5)
    estimate = _estimate(partner, (product, 2))
    with pytest.raises(NotFound):
        _order(stranger, estimate)
    with partner_scope(partner.pk):
        withdraw_estimate(estimate.pk, by=_by(partner), at=AT)
    with pytest.raises(DomainError) as caught:
        _order(partner, estimate)
    assert caught.value.code == "estimate_closed"
    with mar_scope():
        assert Order.objects.count() == 0


def test_price_of_an_estimate_s_line_is_refused_to_change_by_the_database() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    estimate = _estimate(partner, (product, 2))
    with mar_scope(), pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        EstimateLine.objects.filter(estimate=estimate).update(unit_price=Decimal("1.00"))
