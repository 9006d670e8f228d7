"""A partner's own price is its own: no other role may read it, not even an empty table of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction

from core.errors import Invalid
from core.tenancy import mar_scope, partner_scope
from licensing.models import ResalePrice
from licensing.selectors.margins import margins_of
from licensing.services.resale import set_resale_price
from tests.factories import AT, make_partner, make_product
from tests.factories.prices import make_price, standard_book
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT amount FROM licensing_resaleprice",
        "SELECT count(*) FROM licensing_resaleprice",
        "INSERT INTO licensing_resaleprice SELECT * FROM licensing_resaleprice",
        "UPDATE licensing_resaleprice SET amount = 1",
        "DELETE FROM licensing_resaleprice",
    ],
)
def test_mar_has_no_right_at_all(statement: str) -> None:
    partner, product = make_partner(), make_product()
    with partner_scope(partner.pk):
        set_resale_price(partner.pk, product.pk, Decimal("55.00"), at=AT)
    with (
        mar_scope(acting_for=partner.pk),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_another_partner_sees_nothing_and_no_log_tells_of_it() -> None:
    partner, other, product = make_partner(), make_partner(), make_product()
    with partner_scope(partner.pk):
        set_resale_price(partner.pk, product.pk, Decimal("55.00"), at=AT)
    with partner_scope(other.pk):
        assert ResalePrice.objects.count() == 0
        assert margins_of(other.pk, AT)[0].own is None
    assert audited("licensing.resale.set") == 0


def test_margin_is_own_price_less_cost_now_and_from_the_announced_change() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_price(standard_book(), product, "44.00", valid_from=AT + timedelta(days=5))
    with partner_scope(partner.pk):
        set_resale_price(partner.pk, product.pk, Decimal("50.00"), at=AT)
        set_resale_price(partner.pk, product.pk, Decimal("55.00"), at=AT)
        (margin,) = margins_of(partner.pk, AT)
        assert (margin.left, margin.left_ahead) == (Decimal("15.00"), Decimal("11.00"))
        set_resale_price(partner.pk, product.pk, None, at=AT)
        (margin,) = margins_of(partner.pk, AT)
        assert (margin.own, margin.left) == (None, None)


def test_amount_below_nought_is_refused() -> None:
    partner, product = make_partner(), make_product()
    with partner_scope(partner.pk):
        with pytest.raises(Invalid):
            set_resale_price(partner.pk, product.pk, Decimal("-0.01"), at=AT)
        assert ResalePrice.objects.count() == 0
