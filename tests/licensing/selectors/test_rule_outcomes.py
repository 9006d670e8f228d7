"""What a simulation counts for a partner is what the services then do, key by key and PC by PC."""

from datetime import timedelta
from typing import Any

import pytest

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyHandOver, LabelUse, LedgerEntry, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.labels import is_spoilage_high
from licensing.rules.partner_returns import forecast_all
from licensing.rules.replacements import Terms
from licensing.selectors.labels import label_months
from licensing.selectors.partner_returns import keys_to_return
from licensing.selectors.replacements import plan_for
from licensing.selectors.rule_outcomes import outcomes_of_licensing
from licensing.services.devices import refuse_second_key
from licensing.services.holds import put_on_hold
from licensing.services.labels import spoil_label
from licensing.services.recall import recall_key
from partners.models import Partner
from tests.compliance.world import take_keys
from tests.factories import AT, make_mar, make_partner
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.labels import BY, make_labels
from tests.factories.returns import enable, make_return
from tests.factories.rules import set_rule

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SYSTEM = Actor.system("test")


def _told(partner: Partner, aspect: str, at: Any = AT) -> str:
    with mar_scope():
        (found,) = [
            one.value
            for one in outcomes_of_licensing(at, at)
            if one.id == str(partner.pk) and one.aspect == aspect
        ]
    return found


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


@pytest.mark.parametrize(("days", "closed"), [(9, 0), (10, 0), (11, 1), (41, 2)])
def test_pcs_without_a_second_key(partner: Partner, days: int, closed: int) -> None:
    take_keys(partner, 1, days_ago=40)
    recent, called_back = (take_keys(partner, 1, days_ago=10)[0] for _ in range(2))
    with mar_scope():
        recall_key(called_back.key_id, reason="Never used", by=SYSTEM, at=AT)
    set_rule("device.second_key", days=days)
    refused = set()
    with partner_scope(partner.pk):
        for device_id in KeyHandOver.objects.values_list("device_id", flat=True):
            try:
                refuse_second_key(partner_id=partner.pk, device_id=device_id, at=AT)
            except DomainError:
                refused.add(device_id)
    assert (len(refused), recent.device_id in refused) == (closed, days > 10)
    assert _told(partner, "device.closed") == str(closed)


@pytest.mark.parametrize(("days", "open_"), [(29, 0), (30, 3)])
def test_keys_that_can_go_back_for_a_credit(partner: Partner, days: int, open_: int) -> None:
    builds = make_builds(2, partner=partner)
    keys = [*make_held_keys(3, partner=partner), *(build.key for build in builds)]
    enable([keys[3]])
    with mar_scope():
        ProductKey.objects.filter(pk=keys[4].pk).update(state=KeyState.REPORTED_BOUND)
        put_on_hold([keys[1].pk], hold=Hold.DISPUTED, reason="Whose is it?", by=SYSTEM, at=AT)
    make_return([keys[2]], "checked")
    more = make_held_keys(1, partner=partner, state=KeyState.ASSIGNED)
    set_rule("return.window", days=days)
    with partner_scope(partner.pk):
        found = keys_to_return(partner.pk, [key.product_key_id for key in [*keys, *more]])
    forecasts = forecast_all(
        [each.facts for each in found], return_type="ZOB", is_without_credit=False, at=AT, days=days
    )
    going = [
        each for each in forecasts if not each.stop and each.days_left is not None and each.days_left >= 0
    ]
    assert len(going) == open_
    assert _told(partner, "return.open") == str(open_)


@pytest.mark.parametrize(("days", "free"), [(9, 0), (10, 0), (11, 1)])
def test_keys_replaced_as_goodwill(partner: Partner, days: int, free: int) -> None:
    keys = [build.key for build in make_builds(3, partner=partner)]
    enable(keys)
    ids = [key.pk for key in keys]
    with mar_scope():
        ProductKey.objects.filter(pk__in=ids).update(state_since=AT - 10 * DAY)
        LedgerEntry.objects.bulk_create(
            LedgerEntry(
                **row | {"id": None, "to_state": KeyState.ACTIVATION_ENABLED, "recorded_at": AT - 10 * DAY}
            )
            for key_id in ids
            for row in LedgerEntry.objects.filter(key_id=key_id).order_by("id").values()[:1]
        )
        put_on_hold([keys[1].pk], hold=Hold.DISPUTED, reason="Whose is it?", by=SYSTEM, at=AT)
    make_return([keys[2]], "checked")
    set_rule("return.goodwill", days=days)
    with mar_scope():
        plans = [plan_for(key, AT) for key in ProductKey.objects.filter(pk__in=ids)]
    assert sum(plan.terms is Terms.GOODWILL and not plan.stop for plan in plans) == free
    assert _told(partner, "return.goodwill") == str(free)


@pytest.mark.parametrize(("percent", "months"), [(100, 0), (5, 1)])
def test_months_with_too_many_spoiled_labels(partner: Partner, percent: int, months: int) -> None:
    issue = make_labels(partner)
    with partner_scope(partner.pk):
        spoil_label(partner.pk, serial=issue.first_serial, reason="Torn at the edge", by=BY, at=AT)
        assert LabelUse.objects.count() == 1
    set_rule("label.use", spoilage_percent=percent)
    with mar_scope():
        found = label_months([partner.pk], AT - 90 * DAY)[partner.pk]
    assert sum(is_spoilage_high(one.spoiled, one.used, percent=percent) for one in found) == months
    assert _told(partner, "label.question") == str(months)
