"""Tenancy: the login role sees nothing, a scope sees its own, and the scope before comes back."""

import pytest
from django.db import ProgrammingError, connection, transaction

from core.tenancy import current_scope, mar_scope, partner_scope
from licensing.models import Order
from partners.models import Partner
from tests.factories import AT, make_partner

pytestmark = pytest.mark.django_db


def _role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def test_query_on_a_tenant_table_outside_every_scope_raises() -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Order.objects.count()


def test_partner_scope_shows_own_rows_only() -> None:
    mine, other = make_partner(), make_partner()
    with partner_scope(mine.id):
        assert list(Partner.objects.values_list("id", flat=True)) == [mine.id]
    with mar_scope():
        assert Partner.objects.filter(id__in=[mine.id, other.id]).count() == 2


def test_partner_scope_refuses_to_write_for_another_partner() -> None:
    mine, other = make_partner(), make_partner()
    with (
        partner_scope(mine.id),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Order.objects.create(
            partner=other, state="allocated", channel="api", placed_by="x", placed_by_id="x", placed_at=AT
        )


def test_the_scope_before_comes_back_after_success_and_after_an_error() -> None:
    partner = make_partner()
    assert _role() == "portal_app"
    with mar_scope():
        with partner_scope(partner.id):
            assert _role() == "portal_tpr"
        assert _role() == "portal_mar"
        with pytest.raises(ZeroDivisionError), partner_scope(partner.id):
            _ = 1 / 0
        assert _role() == "portal_mar"
    assert _role() == "portal_app"
    assert current_scope() is None
