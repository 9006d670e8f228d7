"""A partner's own book and his discounts: two people, a reason, a time, and never backwards."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import DomainError, Invalid
from core.models import User
from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerPricing, PriceBook, PriceDeviation, Product
from licensing.selectors.prices import price_for
from licensing.services.price_agreements import (
    NewDeviation,
    NewPricing,
    approve_deviation,
    approve_pricing,
    end_deviation,
    end_pricing,
    write_deviation,
    write_pricing,
)
from partners.models import Partner
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product
from tests.factories.prices import make_book, make_deviation, make_price, put_on_book

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def _pricing(partner: Partner, book: PriceBook, by: User, *, until: datetime | None = None) -> PartnerPricing:
    with mar_scope():
        wanted = NewPricing(partner.pk, book.pk, AT, until, "Was a direct member before")
        return write_pricing(wanted, by=actor_for(by), at=AT)


def _deviation(partner: Partner, product: Product, by: User, **changes: Any) -> PriceDeviation:
    wanted = {
        "partner_id": partner.pk, "product_id": product.pk, "amount": Decimal("35.00"), "quantity": 10,
        "valid_from": AT, "valid_before": AT + 30 * DAY, "reason": "A tender of 10 PCs",
    } | changes  # fmt: skip
    with mar_scope():
        return write_deviation(NewDeviation(**wanted), by=actor_for(by), at=AT)


def _amount(partner: Partner, product: Product, at: datetime) -> Decimal | None:
    with partner_scope(partner.pk):
        found = price_for(partner.pk, product.pk, 1, at)
        return found.amount if found else None


def test_partner_pays_by_the_book_from_the_approval_until_it_ends() -> None:
    partner, product, book = make_partner(), make_product(price="40.00"), make_book()
    make_price(book, product, "31.00")
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    pricing = _pricing(partner, book, writer)
    assert _amount(partner, product, AT + DAY) == Decimal("40.00")
    with mar_scope():
        with pytest.raises(DomainError) as caught:
            approve_pricing(pricing.pk, by=actor_for(writer), at=AT + DAY)
        assert caught.value.code == "needs_another_person"
        approve_pricing(pricing.pk, by=actor_for(approver), at=AT + DAY)
    assert _amount(partner, product, AT) == Decimal("40.00")
    assert _amount(partner, product, AT + DAY) == Decimal("31.00")
    with mar_scope():
        # What he pays becomes dearer by it, so it ends with the notice of a dearer price: 30 days.
        for day in (3, 4):
            ended = end_pricing(pricing.pk, by=actor_for(writer), at=AT + day * DAY)
            assert ended.valid_before == AT + 33 * DAY
        with pytest.raises(DomainError):
            end_pricing(pricing.pk, by=actor_for(writer), at=AT + 33 * DAY)
    assert _amount(partner, product, AT + 33 * DAY - SECOND) == Decimal("31.00")
    assert _amount(partner, product, AT + 33 * DAY) == Decimal("40.00")


def test_place_that_makes_nothing_cheaper_ends_at_once_and_never_after_its_own_end() -> None:
    partner, product, writer = make_partner(), make_product(price="40.00"), make_member("mar_finance")
    dear, cheap = make_book(), make_book()
    make_price(dear, product, "45.00")
    make_price(cheap, product, "35.00")
    first = put_on_book(partner, dear, until=AT + 5 * DAY)
    second = put_on_book(partner, cheap, since=AT + 5 * DAY, until=AT + 9 * DAY)
    with mar_scope():
        assert end_pricing(first.pk, by=actor_for(writer), at=AT + DAY).valid_before == AT + DAY
        assert end_pricing(second.pk, by=actor_for(writer), at=AT + 6 * DAY).valid_before == AT + 9 * DAY
    assert _amount(partner, product, AT + DAY) == Decimal("40.00")


def test_dearer_book_comes_with_the_notice_of_a_dearer_price() -> None:
    make_mar(notice_days=20)
    partner, product, book = make_partner(), make_product(price="40.00"), make_book()
    make_price(book, product, "41.00")
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    for days, is_refused in ((20 - 1, True), (20, False)):
        with mar_scope():
            wanted = NewPricing(partner.pk, book.pk, AT + days * DAY, None, "Another road to the market")
            pricing = write_pricing(wanted, by=actor_for(writer), at=AT)
        if is_refused:
            with mar_scope(), pytest.raises(DomainError) as caught:
                approve_pricing(pricing.pk, by=actor_for(approver), at=AT)
            assert (caught.value.code, caught.value.refusals[0].rule) == ("price_too_soon", "PRC-5")
            with mar_scope():
                assert PartnerPricing.objects.get(pk=pricing.pk).approved_at is None
        else:
            with mar_scope():
                approve_pricing(pricing.pk, by=actor_for(approver), at=AT)
    assert _amount(partner, product, AT + 20 * DAY) == Decimal("41.00")


def test_second_book_at_the_same_time_is_refused_by_service_and_database() -> None:
    partner, first, second = make_partner(), make_book(), make_book()
    put_on_book(partner, first, until=AT + 5 * DAY)
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    pricing = _pricing(partner, second, writer)
    with mar_scope():
        with pytest.raises(DomainError) as caught:
            approve_pricing(pricing.pk, by=actor_for(approver), at=AT)
        assert caught.value.code == "pricing_overlaps"
        with pytest.raises(IntegrityError, match="one book at a time"), transaction.atomic():
            PartnerPricing.objects.filter(pk=pricing.pk).update(approved_by=approver, approved_at=AT)
    put_on_book(partner, second, since=AT + 5 * DAY)
    with mar_scope():
        assert PartnerPricing.objects.filter(partner=partner, approved_at__isnull=False).count() == 2


def test_book_of_another_currency_is_refused() -> None:
    partner, writer = make_partner(), make_member("mar_finance")
    with pytest.raises(Invalid):
        _pricing(partner, make_book(currency="PLN"), writer)
    with mar_scope():
        assert PartnerPricing.objects.count() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("40.00")},
        {"amount": Decimal("-1.00")},
        {"quantity": 0},
        {"reason": "  "},
        {"valid_before": AT},
        {"valid_from": AT - 2 * DAY},
    ],
)
def test_discount_without_sense_is_refused(changes: dict[str, Any]) -> None:
    partner, product, writer = make_partner(), make_product(price="40.00"), make_member("mar_finance")
    with pytest.raises(Invalid) as caught:
        _deviation(partner, product, writer, **changes)
    assert caught.value.refusals[0].rule == "PRC-7"
    with mar_scope():
        assert PriceDeviation.objects.count() == 0


def test_discount_counts_from_another_person_s_approval_until_it_is_ended() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    deviation = _deviation(partner, product, writer)
    assert _amount(partner, product, AT + DAY) == Decimal("40.00")
    with mar_scope():
        with pytest.raises(DomainError) as caught:
            approve_deviation(deviation.pk, by=actor_for(writer), at=AT + DAY)
        assert caught.value.code == "needs_another_person"
        approve_deviation(deviation.pk, by=actor_for(approver), at=AT + DAY)
    assert _amount(partner, product, AT) == Decimal("40.00")
    assert _amount(partner, product, AT + DAY) == Decimal("35.00")
    with mar_scope():
        end_deviation(deviation.pk, by=actor_for(writer), at=AT + 2 * DAY)
    assert _amount(partner, product, AT + 2 * DAY) == Decimal("40.00")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("1.00")},
        {"quantity": 999},
        {"reason": "Another"},
        {"valid_before": AT + 300 * DAY},
        {"valid_from": AT - 9 * DAY},
        {"approved_at": None, "approved_by": None},
    ],
)
def test_approved_discount_is_never_changed_for_the_better(change: dict[str, Any]) -> None:
    deviation = make_deviation(make_partner(), make_product(price="40.00"), "35.00")
    with mar_scope(), pytest.raises(IntegrityError), transaction.atomic():
        PriceDeviation.objects.filter(pk=deviation.pk).update(**change)


@pytest.mark.parametrize("model", [PartnerPricing, PriceDeviation])
def test_database_refuses_one_person_for_both(model: Any) -> None:
    partner, product, writer = make_partner(), make_product(price="40.00"), make_member("mar_finance")
    written = (
        _deviation(partner, product, writer)
        if model is PriceDeviation
        else _pricing(partner, make_book(), writer)
    )
    with mar_scope(), pytest.raises(IntegrityError, match="by_two_people"), transaction.atomic():
        model.objects.filter(pk=written.pk).update(approved_by=writer, approved_at=AT)
