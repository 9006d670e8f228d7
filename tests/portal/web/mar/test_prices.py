"""Price books, deviations and parity by HTTP: two people, every deviation listed, one number of queries."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import PartnerPricing, Price, PriceDeviation
from tests.factories import AT, make_mar, make_member, make_partner, make_product
from tests.factories.prices import make_book, make_deviation, make_price, put_on_book, standard_book
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Any:
    make_mar()
    product = make_product(price="40.00")
    writer, approver = make_member("mar_finance"), make_member("mar_approver")
    return product, sign_in(Client(), writer), sign_in(Client(), approver)


def _day(days: int) -> str:
    found: date = timezone.now().date() + timedelta(days=days)
    return found.isoformat()


def test_price_is_written_and_announced_by_two_people(desk: Any) -> None:
    product, writer, approver = desk
    made = writer.post(
        "/mar/rules/prices/books/STANDARD-EUR/new/",
        {"product": product.pk, "amount": "44.00", "min_quantity": "1", "valid_on": _day(40)},
    )["Location"]
    assert writer.post(f"{made}announce/").status_code == 403
    assert writer.get(made).status_code == 200
    assert approver.post(f"{made}announce/").status_code == 302
    page = approver.get("/mar/rules/prices/books/STANDARD-EUR/").content.decode()
    assert ("€44.00" in page, "<svg" in page) == (True, True)
    assert approver.post(f"{made}withdraw/").status_code == 302
    with mar_scope():
        assert Price.objects.get(amount=Decimal("44.00")).state == "withdrawn"


def test_rise_without_notice_is_refused_with_its_rule_and_writes_nothing(desk: Any) -> None:
    product, writer, _approver = desk
    refused = writer.post(
        "/mar/rules/prices/books/STANDARD-EUR/new/",
        {"product": product.pk, "amount": "44.00", "min_quantity": "1", "valid_on": _day(5)},
    )
    assert (refused.status_code, b"PRC-5" in refused.content) == (409, True)
    with mar_scope():
        assert Price.objects.count() == 1


def test_partner_is_put_on_a_book_and_taken_off(desk: Any) -> None:
    _product, writer, approver = desk
    partner, book = make_partner(), make_book()
    made = writer.post(
        "/mar/rules/prices/partners/new/",
        {
            "partner": partner.pk,
            "book": book.pk,
            "valid_on": _day(0),
            "last_on": _day(90),
            "reason": "Former member",
        },
    )["Location"]
    assert approver.post(f"{made}approve/").status_code == 302
    assert writer.post(f"{made}end/").status_code == 302
    with mar_scope():
        assert PartnerPricing.objects.get().state_at(timezone.now()) == "ended"


def test_discount_needs_reason_and_approver_and_is_listed(desk: Any) -> None:
    product, writer, approver = desk
    partner = make_partner()
    asked = {
        "partner": partner.pk, "product": product.pk, "amount": "35.00", "quantity": "10", "valid_on": _day(0),
        "last_on": _day(30),
    }  # fmt: skip
    assert writer.post("/mar/rules/prices/deviations/new/", asked).status_code == 422
    made = writer.post("/mar/rules/prices/deviations/new/", asked | {"reason": "Tender of a school"})[
        "Location"
    ]
    assert approver.post(f"{made}approve/").status_code == 302
    auditor = sign_in(Client(), make_member("auditor"))
    page = auditor.get("/mar/rules/prices/deviations/").content.decode()
    assert ("Tender of a school" in page, "€35.00" in page) == (True, True)
    assert writer.post(f"{made}end/").status_code == 302
    with mar_scope():
        assert PriceDeviation.objects.get().state_at(timezone.now()) == "ended"


def test_parity_lists_what_each_pays_and_finds_rule_and_database_agreed(desk: Any) -> None:
    product, writer, _approver = desk
    member, favoured, _plain = make_partner(), make_partner(), make_partner()
    book = make_book()
    make_price(book, product, "31.00")
    put_on_book(member, book)
    make_deviation(
        favoured, product, "35.00", valid_from=AT - timedelta(days=1), valid_before=AT + timedelta(days=999)
    )
    page = writer.get(f"/mar/rules/prices/parity/?product={product.code}").content.decode()
    for shown in ("€31.00", "€35.00", "€40.00", "-€9.00", "agree for all 3 partners"):
        assert shown in page, shown


@pytest.mark.parametrize("path", ["", "partners/", "deviations/", "parity/", "books/STANDARD-EUR/"])
def test_list_asks_as_often_for_three_rows_as_for_one(desk: Any, path: str) -> None:
    product, writer, _approver = desk

    def add() -> None:
        partner, book = make_partner(), make_book()
        put_on_book(partner, book)
        make_deviation(partner, product, "35.00")
        make_price(standard_book(), product, "30.00", min_quantity=partner.pk.int % 100_000 + 2)

    counts = []
    for more in (1, 2):
        for _ in range(more):
            add()
        writer.get(f"/mar/rules/prices/{path}")
        with CaptureQueriesContext(connection) as asked:
            assert writer.get(f"/mar/rules/prices/{path}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
