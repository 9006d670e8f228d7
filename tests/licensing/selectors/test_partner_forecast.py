"""How long a partner's keys last: his own reports, his own keys, his own queue."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, Order, ProductKey
from licensing.rules.forecast import Answer
from licensing.rules.key_states import KeyState
from licensing.selectors.partner_forecast import SPARE_DAYS, OwnForecast, own_forecasts
from partners.models import Partner
from tests.factories import AT, make_mar, make_partner
from tests.factories.exchange import make_builds, make_held_keys

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Berlin")
TODAY = AT.astimezone(ZONE).date()


def at(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 12, tzinfo=ZONE)


def house(*, days: int = 28, unspent: int = 9) -> Partner:
    """Return a partner who reported one PC a day for so long and holds so many unspent keys of the product."""
    make_mar()
    partner = make_partner()
    builds = make_builds(days + unspent, partner=partner, at=at(TODAY - timedelta(days=days)))
    with mar_scope():
        Order.objects.filter(partner=partner).update(placed_at=at(TODAY - timedelta(days=days)))
        for ago, build in enumerate(builds[:days], start=1):
            Build.objects.filter(pk=build.pk).update(reported_at=at(TODAY - timedelta(days=ago)))
        rest = builds[days:]
        Build.objects.filter(pk__in=[build.pk for build in rest]).update(state="reverted", ended_at=AT)
        ids = [build.key_id for build in rest]
        ProductKey.objects.filter(pk__in=ids).update(state=KeyState.RETRIEVED, is_disclosed=True)
    return partner


def forecast_of(partner: Partner) -> OwnForecast:
    with partner_scope(partner.pk):
        (found,) = own_forecasts(partner.pk, at=AT)
    return found


def test_keys_last_at_the_pace_of_his_own_reports_and_the_order_is_in_time() -> None:
    found = forecast_of(house())
    assert (found.forecast.answer, found.forecast.stock) == (Answer.DATED, 9)
    assert found.forecast.likely_on == TODAY + timedelta(days=8)
    assert found.forecast.early_on is not None
    assert found.order_by == max(found.forecast.early_on - timedelta(days=SPARE_DAYS), TODAY)
    assert 21 <= found.quantity <= 45


def test_other_partners_keys_and_reports_are_in_no_figure() -> None:
    partner = house()
    other = make_partner()
    make_held_keys(50, partner=other)
    make_builds(20, partner=other, at=AT - timedelta(days=3))
    assert forecast_of(partner).forecast.stock == 9
    with partner_scope(partner.pk):
        assert own_forecasts(other.pk, at=AT) == []


def test_new_partner_hears_that_too_little_is_known_and_is_told_no_quantity() -> None:
    found = forecast_of(house(days=5))
    assert (found.forecast.answer, found.quantity, found.order_by) == (Answer.TOO_LITTLE, 0, None)


@pytest.mark.parametrize("products", [1, 3])
def test_forecasts_need_the_same_queries_for_one_product_and_for_three(products: int) -> None:
    make_mar()
    partner = make_partner()
    for _ in range(products):
        make_held_keys(1, partner=partner)
    with partner_scope(partner.pk), CaptureQueriesContext(connection) as queries:
        assert len(own_forecasts(partner.pk, at=AT)) == products
    assert len(queries) == 3
