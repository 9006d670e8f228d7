"""Citizenship orders: the recipient, his class and evidence, the month's quota, and what an exception lifts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import (
    KeyAssignment,
    Order,
    Product,
    ProductKey,
    QuotaDraw,
    QuotaException,
)
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import KeyState
from licensing.selectors.citizenship import citizenship_facts
from licensing.selectors.order_wait import decision_now
from licensing.selectors.quota import drawn_of
from licensing.services.hand_over import reveal_key
from licensing.services.order_cancel import cancel_order
from licensing.services.order_queue import fill_backorders
from licensing.services.order_release import release_orders
from licensing.services.orders import OrderRefused, OrderRequest, place_order, preflight
from licensing.services.recall import recall_key
from licensing.services.replacements import Wanted, swap_key
from partners.models import Partner, Recipient, RecipientClass
from partners.selectors.mar import mar_zone
from partners.services.recipients import withdraw_recipient
from tests.factories import AT, actor_for, make_mar, make_member, make_product, make_stock
from tests.factories.quota import make_exception
from tests.factories.recipients import (
    BUYER,
    make_citizenship,
    make_draft,
    make_giver,
    make_recipient,
    make_submitted,
)
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import order as place
from tests.licensing.services.orders_kit import state_of

pytestmark = pytest.mark.django_db
DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)  # midnight in Berlin


@pytest.fixture
def giver() -> Partner:
    make_mar()
    return make_giver()


@pytest.fixture
def school(giver: Partner) -> Recipient:
    return make_recipient(giver)


def _limit(code: str, amount: int) -> None:
    """Lower a quota, so that a test needs few keys."""
    set_rule(f"citizenship.{code}", per_month=amount)


def _order(
    partner: Partner,
    product: Product,
    quantity: int,
    recipient: Recipient | UUID | None,
    *,
    at: datetime = AT,
) -> UUID:
    recipient_id = recipient.pk if isinstance(recipient, Recipient) else recipient
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk,
            request=OrderRequest(product.pk, quantity, recipient_id=recipient_id),
            idempotency_key=uuid4().hex,
            by=Actor.system("buyer"),
            at=at,
        ).order_id


def _refused(partner: Partner, product: Product, quantity: int, recipient: Any, *, at: datetime = AT) -> Any:
    """Return the one refusal, after seeing that it changed nothing."""
    with mar_scope():
        before = (Order.objects.count(), KeyAssignment.objects.count(), QuotaDraw.objects.count())
    with pytest.raises(OrderRefused) as caught:
        _order(partner, product, quantity, recipient, at=at)
    with mar_scope():
        assert (Order.objects.count(), KeyAssignment.objects.count(), QuotaDraw.objects.count()) == before
    (refusal,) = [each for each in caught.value.refusals if each.code != "out_of_stock"]
    for part in (refusal.what, refusal.rule, refusal.next_step, refusal.lifted_by):
        assert part != ""
    assert refusal.facts
    return refusal


def _call_back(partner: Partner, quantity: int, *, order_id: UUID, at: datetime = AT) -> None:
    """Have keys of an order taken and called back unused."""
    technician, admin = make_member("tpr_technician", partner=partner), actor_for(make_member("mar_admin"))
    with mar_scope():
        keys = list(
            ProductKey.objects.filter(order_line__order_id=order_id, state=KeyState.ASSIGNED)[:quantity]
        )
    for key in keys:
        device = DeviceIdentity("HP", "840", f"5CG{key.pk:06d}")
        with partner_scope(partner.pk):
            reveal_key(
                partner_id=partner.pk, product_key_id=key.product_key_id, device=device,
                reason="Station is down", by=actor_for(technician, partner=partner), at=at,
            )  # fmt: skip
        with mar_scope():
            recall_key(key.pk, reason="Not used", by=admin, at=at)


# The recipient


def test_the_order_keeps_its_recipient_and_the_recipient_his_last_order(
    giver: Partner, school: Recipient
) -> None:
    order_id = _order(giver, make_citizenship(stock=2), 2, school)
    with mar_scope():
        assert Order.objects.get(pk=order_id).recipient_id == school.pk
        assert Recipient.objects.get(pk=school.pk).last_order_at == AT


def test_a_commercial_order_keeps_no_recipient_and_costs_no_statement_more(
    giver: Partner, school: Recipient
) -> None:
    commercial, citizenship = make_product(), make_citizenship(stock=4)
    make_stock(commercial, 4)
    counts = []
    for product in (commercial, citizenship):
        _order(giver, product, 1, school)
        with CaptureQueriesContext(connection) as queries:
            order_id = _order(giver, product, 1, school)
        counts.append(len(queries))
        with mar_scope():
            kept = Order.objects.get(pk=order_id).recipient_id
        assert kept == (school.pk if product is citizenship else None)
    assert counts[1] - counts[0] == 1


def test_without_a_recipient_or_with_a_foreign_one_there_is_no_order(giver: Partner) -> None:
    product, foreign = (
        make_citizenship(stock=1),
        make_recipient(make_giver(), name="Other", town="Kiel", register_id=""),
    )
    for recipient in (None, foreign, uuid4()):
        refusal = _refused(giver, product, 1, recipient)
        assert (refusal.code, refusal.rule) == ("recipient_needed", "ORD-5")
        assert foreign.name not in str(refusal.facts)


def test_a_family_that_the_contract_lacks_stays_closed(school: Recipient, giver: Partner) -> None:
    with mar_scope():
        giver.family_grants.filter(family="citizenship").update(valid_before=AT)
    assert _refused(giver, make_citizenship(stock=1), 1, school).code == "family_not_allowed"


def test_only_an_approved_recipient_receives(giver: Partner) -> None:
    product = make_citizenship(stock=1)
    for recipient in (make_draft(giver), make_submitted(giver, name="Realschule Nord", register_id="")):
        refusal = _refused(giver, product, 1, recipient)
        assert (refusal.code, refusal.rule) == ("evidence_missing", "CIT-3")
        assert refusal.facts["Recipient id"] == recipient.pk


def test_a_withdrawn_recipient_receives_no_more(giver: Partner, school: Recipient) -> None:
    with partner_scope(giver.pk):
        withdraw_recipient(school.pk, by=BUYER, at=AT)
    assert _refused(giver, make_citizenship(stock=1), 1, school).rule == "CIT-3"


def test_evidence_expires_at_midnight_in_berlin_and_commercial_stays_open(giver: Partner) -> None:
    recipient = make_recipient(giver, until=date(2026, 11, 30))
    product, commercial = make_citizenship(stock=2), make_product()
    make_stock(commercial, 1)
    _order(giver, product, 1, recipient, at=DECEMBER - timedelta(seconds=1))
    refusal = _refused(giver, product, 1, recipient, at=DECEMBER)
    assert (refusal.code, refusal.rule) == ("evidence_missing", "CIT-2")
    assert refusal.facts["Recipient id"] == recipient.pk
    _order(giver, commercial, 1, None, at=DECEMBER)


def test_a_class_out_of_force_receives_nothing_from_that_instant(giver: Partner, school: Recipient) -> None:
    with mar_scope():
        RecipientClass.objects.filter(code="academic").update(valid_before=AT)
    product = make_citizenship(stock=1)
    assert _refused(giver, product, 1, school).rule == "CIT-4"
    _order(giver, product, 1, school, at=AT - timedelta(seconds=1))


@pytest.mark.parametrize("class_code", ["charity", "academic", "specially_approved"])
def test_office_goes_through_a_technology_access_programme_only(giver: Partner, class_code: str) -> None:
    windows, office = make_citizenship(stock=1), make_citizenship(office=True, stock=1)
    recipient = make_recipient(giver, class_code=class_code)
    tap = make_recipient(giver, class_code="tap", name="PCs for All", register_id="")
    _order(giver, windows, 1, recipient)
    assert _refused(giver, office, 1, recipient).rule == "CIT-4"
    _order(giver, office, 1, tap)


@pytest.mark.parametrize("claim", ["conflict", "lost"])
def test_an_organisation_in_conflict_waits(giver: Partner, school: Recipient, claim: str) -> None:
    with mar_scope():
        Recipient.objects.filter(pk=school.pk).update(claim=claim, is_protected=False)
    refusal = _refused(giver, make_citizenship(stock=1), 1, school)
    assert (refusal.code, refusal.rule) == ("recipient_conflict", "CIT-1")


# The month's quota


def test_250_pass_and_251_are_refused_with_figures_and_a_way_out(giver: Partner, school: Recipient) -> None:
    product = make_citizenship(stock=251)
    with partner_scope(giver.pk):
        asked = OrderRequest(product.pk, 250, recipient_id=school.pk)
        assert preflight(partner_id=giver.pk, request=asked, at=AT).may_pass
    refusal = _refused(giver, product, 251, school)
    assert (refusal.code, refusal.rule, refusal.fix_path) == ("cap_exceeded", "CIT-5", "/tpr/quota/new/")
    assert refusal.facts == {
        "Used": 0, "Quota": 250, "Remaining": 250, "Starts again on": date(2026, 12, 1), "Asked for": 251,
    }  # fmt: skip
    _order(giver, product, 250, school)
    refusal = _refused(giver, product, 1, school)
    assert (refusal.facts["Used"], refusal.facts["Remaining"]) == (250, 0)


def test_the_quota_is_one_for_all_windows_products_and_begins_anew_at_midnight_in_berlin(
    giver: Partner, school: Recipient
) -> None:
    _limit("windows", 3)
    eleven, ten = make_citizenship(stock=5), make_citizenship(generation="Windows 10", stock=5)
    last = DECEMBER - timedelta(seconds=1)
    _order(giver, eleven, 2, school, at=last)
    assert _refused(giver, ten, 2, school, at=last).rule == "CIT-5"
    _order(giver, ten, 1, school, at=last)
    assert _refused(giver, eleven, 1, school, at=last).rule == "CIT-5"
    _order(giver, eleven, 3, school, at=DECEMBER)


def test_the_quota_is_each_partners_own(giver: Partner, school: Recipient) -> None:
    _limit("windows", 1)
    product, other = make_citizenship(stock=2), make_giver()
    theirs = make_recipient(other, name="Other School", town="Kiel", register_id="")
    _order(giver, product, 1, school)
    _order(other, product, 1, theirs)


def test_commercial_orders_do_not_count_and_have_no_quota(giver: Partner, school: Recipient) -> None:
    _limit("windows", 1)
    commercial, product = make_product(), make_citizenship(stock=1)
    make_stock(commercial, 3)
    _order(giver, commercial, 3, None)
    _order(giver, product, 1, school)


def test_a_cancelled_order_gives_its_quota_back(giver: Partner, school: Recipient) -> None:
    _limit("windows", 2)
    product = make_citizenship(stock=2)
    order_id = _order(giver, product, 2, school)
    assert _refused(giver, product, 1, school).rule == "CIT-5"
    with mar_scope():
        cancel_order(order_id, reason="Mistake", by=actor_for(make_member("mar_admin")), at=AT)
    _order(giver, product, 2, school)


def test_a_key_called_back_unused_counts_no_more_in_its_month(giver: Partner, school: Recipient) -> None:
    _limit("windows", 1)
    product = make_citizenship(stock=2)
    _order(giver, product, 1, school)
    with partner_scope(giver.pk):
        key = ProductKey.objects.get(partner=giver)
        reveal_key(
            partner_id=giver.pk, product_key_id=key.product_key_id, device=DeviceIdentity("HP", "840", "5CG0001"),
            reason="Station is down", by=actor_for(make_member("tpr_technician", partner=giver), partner=giver), at=AT,
        )  # fmt: skip
    assert _refused(giver, product, 1, school).rule == "CIT-5"
    with mar_scope():
        recall_key(key.pk, reason="Not used", by=actor_for(make_member("mar_admin")), at=AT)
    _order(giver, product, 1, school)


def test_a_new_row_changes_the_quota_from_its_instant(giver: Partner, school: Recipient) -> None:
    _limit("windows", 1)
    set_rule("citizenship.windows", at=AT, per_month=2)
    product = make_citizenship(stock=3)
    refusal = _refused(giver, product, 2, school, at=AT - timedelta(seconds=1))
    assert (refusal.facts["Quota"], refusal.rule, refusal.rule_version) == (1, "CIT-5", "2")
    _order(giver, product, 2, school)


# Office beside Windows


def test_office_needs_as_many_windows_of_the_same_month(giver: Partner) -> None:
    tap = make_recipient(giver, class_code="tap")
    windows, office = make_citizenship(stock=5), make_citizenship(office=True, stock=5)
    assert _refused(giver, office, 1, tap).rule == "CIT-6"
    _order(giver, windows, 2, tap)
    refusal = _refused(giver, office, 3, tap)
    assert (refusal.code, refusal.rule, refusal.facts["Remaining"]) == ("cap_exceeded", "CIT-6", 2)
    _order(giver, office, 2, tap)
    assert _refused(giver, office, 1, tap).rule == "CIT-6"
    assert _refused(giver, office, 1, tap, at=DECEMBER).rule == "CIT-6"


def test_office_for_windows_that_wait_waits_with_them_and_never_stands_without_them(giver: Partner) -> None:
    tap = make_recipient(giver, class_code="tap")
    windows, office = make_citizenship(), make_citizenship(office=True, stock=5)
    buy = {"may_queue": True, "recipient_id": tap.pk}
    first, second = (place(giver, windows, size, **buy).order_id for size in (2, 1))
    refused = _refused(giver, office, 4, tap)
    assert (refused.rule, refused.facts["Windows that wait"]) == ("CIT-6", 3)
    held = [place(giver, office, size, recipient_id=tap.pk) for size in (2, 1)]
    assert {each.state for each in held} == {"held_compliance"}
    with pytest.raises(OrderRefused):
        place(giver, office, 1, recipient_id=tap.pk, may_wait=False)
    with mar_scope():
        assert Order.objects.get(pk=held[0].order_id).holds[0]["rule"] == "CIT-6"
        # What the Windows order was taken for ends with it: no Office is left over.
        cancel_order(second, reason="Mistake", by=actor_for(make_member("mar_admin")), at=AT)
        assert release_orders("sweep", partner_id=giver.pk, at=AT) == 0
    make_stock(windows, 2)
    assert fill_backorders(windows.pk, at=AT) == 1
    with mar_scope():
        assert [release_orders("sweep", partner_id=giver.pk, at=AT) for _beat in range(2)] == [1, 0]
    # Who ordered first comes first; they do not wait for each other.
    assert [state_of(each) for each in (first, second, *(one.order_id for one in held))] == [
        "allocated", "cancelled", "allocated", "held_compliance",
    ]  # fmt: skip


def test_office_has_a_quota_of_its_own(giver: Partner) -> None:
    _limit("office", 1)
    tap = make_recipient(giver, class_code="tap")
    windows, office = make_citizenship(stock=3), make_citizenship(office=True, stock=3)
    _order(giver, windows, 3, tap)
    assert _refused(giver, office, 2, tap).rule == "CIT-5"
    _order(giver, office, 1, tap)


def test_windows_are_not_cancelled_from_under_their_office(giver: Partner) -> None:
    tap = make_recipient(giver, class_code="tap")
    windows, office = make_citizenship(stock=2), make_citizenship(office=True, stock=2)
    first = _order(giver, windows, 1, tap)
    second = _order(giver, office, 1, tap)
    admin = actor_for(make_member("mar_admin"))
    with mar_scope():
        with pytest.raises(OrderRefused) as caught:
            cancel_order(first, reason="Mistake", by=admin, at=AT)
        assert caught.value.refusals[0].rule == "CIT-10"
        assert Order.objects.get(pk=first).state == "allocated"
        cancel_order(second, reason="Mistake", by=admin, at=AT)
        cancel_order(first, reason="Mistake", by=admin, at=AT)


def test_a_key_called_back_in_the_month_is_not_taken_away_twice(giver: Partner) -> None:
    tap, admin = make_recipient(giver, class_code="tap"), actor_for(make_member("mar_admin"))
    windows, office = make_citizenship(stock=5), make_citizenship(office=True, stock=2)
    first, _second = _order(giver, windows, 3, tap), _order(giver, windows, 2, tap)
    _call_back(giver, 1, order_id=first)
    _order(giver, office, 2, tap)
    with mar_scope():
        cancel_order(first, reason="Mistake", by=admin, at=AT)
        assert Order.objects.get(pk=first).state == "cancelled"


def test_without_office_an_order_with_a_key_called_back_is_cancelled(giver: Partner) -> None:
    tap, windows = make_recipient(giver, class_code="tap"), make_citizenship(stock=2)
    order_id = _order(giver, windows, 2, tap)
    _call_back(giver, 1, order_id=order_id)
    with mar_scope():
        cancel_order(order_id, reason="Mistake", by=actor_for(make_member("mar_admin")), at=AT)
        assert Order.objects.get(pk=order_id).state == "cancelled"


def test_a_cancellation_takes_the_credit_row_before_the_order(giver: Partner, school: Recipient) -> None:
    order_id = _order(giver, make_citizenship(stock=1), 1, school)
    with mar_scope(), CaptureQueriesContext(connection) as queries:
        cancel_order(order_id, reason="Mistake", by=actor_for(make_member("mar_admin")), at=AT)
    locks = [each["sql"] for each in queries if "FOR NO KEY UPDATE" in each["sql"]]
    tables = ("partners_creditposition", "licensing_order", "licensing_productkey")
    assert [next(table for table in tables if table in sql) for sql in locks][:3] == list(tables)


# Exceptions


@pytest.fixture
def allowed(giver: Partner, school: Recipient) -> tuple[Product, QuotaException]:
    """A quota of 2, used up, and an approved exception of 3 from 10 to 20 November."""
    _limit("windows", 2)
    product = make_citizenship(stock=10)
    exception = make_exception(
        giver, school, product, quantity=3, start=date(2026, 11, 10), end=date(2026, 11, 20)
    )
    _order(giver, product, 2, school, at=datetime(2026, 11, 9, 12, tzinfo=UTC))
    return product, exception


def test_an_exception_lifts_exactly_its_quantity(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, exception = allowed
    refusal = _refused(giver, product, 4, school)
    assert (refusal.facts["Remaining"], refusal.facts["Left of exceptions"]) == (3, 3)
    _order(giver, product, 2, school)
    assert _refused(giver, product, 2, school).facts["Remaining"] == 1
    _order(giver, product, 1, school)
    assert _refused(giver, product, 1, school).facts["Remaining"] == 0
    with mar_scope():
        draws = QuotaDraw.objects.filter(exception=exception).order_by("quantity")
        assert list(draws.values_list("quantity", flat=True)) == [1, 2]


def test_an_exception_lifts_exactly_its_period(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, _exception = allowed
    first, last = datetime(2026, 11, 9, 23, 0, tzinfo=UTC), datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert _refused(giver, product, 1, school, at=first - second).rule == "CIT-5"
    _order(giver, product, 1, school, at=first)
    _order(giver, product, 1, school, at=last)
    assert _refused(giver, product, 1, school, at=last + second).rule == "CIT-5"


def test_an_exception_lifts_exactly_its_product(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    assert _refused(giver, make_citizenship(generation="Windows 10", stock=1), 1, school).rule == "CIT-5"


def test_an_exception_lifts_for_its_partner_only(allowed: tuple[Product, QuotaException]) -> None:
    product, other = allowed[0], make_giver()
    theirs = make_recipient(other, name="Other School", town="Kiel", register_id="")
    _order(other, product, 2, theirs)
    assert _refused(other, product, 1, theirs).rule == "CIT-5"


def test_an_exception_that_is_not_approved_lifts_nothing(giver: Partner, school: Recipient) -> None:
    _limit("windows", 0)
    product = make_citizenship(stock=1)
    for state in ("requested", "packaged", "asked", "refused"):
        make_exception(giver, school, product, quantity=5, state=state)
    assert _refused(giver, product, 1, school).facts["Remaining"] == 0


def test_what_an_exception_bears_waits_as_a_whole_in_preflight_and_order_alike(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, _exception = allowed
    with mar_scope():
        free = ProductKey.objects.filter(product=product, state=1).order_by("pk").values("pk")[2:]
        ProductKey.objects.filter(pk__in=free).update(hold="quarantined")
    asked = OrderRequest(product.pk, 3, recipient_id=school.pk, may_split=True)
    with partner_scope(giver.pk):
        shown = preflight(partner_id=giver.pk, request=asked, at=AT)
        placed = place_order(
            partner_id=giver.pk, request=asked, idempotency_key="whole", by=Actor.system("test"), at=AT
        )
    assert (shown.state, shown.decision.now, shown.decision.later) == ("backordered", 0, 3)
    assert placed.state == shown.state
    with mar_scope():
        order = Order.objects.get(pk=placed.order_id)
        told = decision_now(order, AT)
    assert told is not None
    assert told.outcome == "queued"


def test_the_months_quota_is_used_before_the_exception_and_is_not_touched_by_it(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, _exception = allowed
    order_id = _order(giver, product, 3, school)
    with mar_scope():
        cancel_order(order_id, reason="Mistake", by=actor_for(make_member("mar_admin")), at=AT)
    _order(giver, product, 3, school)
    assert _refused(giver, product, 1, school).facts == {
        "Used": 2, "Quota": 2, "Remaining": 0, "Starts again on": date(2026, 12, 1), "Asked for": 1,
    }  # fmt: skip


def test_a_line_over_two_exceptions_uses_the_one_that_ends_first(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, first = allowed
    later = make_exception(
        giver, school, product, quantity=3, start=date(2026, 11, 1), end=date(2026, 12, 20)
    )
    _order(giver, product, 4, school)
    with mar_scope():
        drawn = dict(QuotaDraw.objects.values_list("exception_id", "quantity"))
    assert drawn == {first.pk: 3, later.pk: 1}
    _order(giver, product, 4, school, at=DECEMBER)
    assert _refused(giver, product, 1, school, at=DECEMBER).facts["Remaining"] == 0


def test_keys_called_back_under_an_exception_give_no_quota_to_another_product(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, exception = allowed
    other = make_citizenship(generation="Windows 10", stock=1)
    order_id = _order(giver, product, 3, school)
    _call_back(giver, 1, order_id=order_id)
    with mar_scope():
        assert drawn_of(exception) == 2
    assert _refused(giver, product, 2, school).facts["Left of exceptions"] == 1
    _call_back(giver, 2, order_id=order_id)
    with mar_scope():
        assert drawn_of(exception) == 0
    refusal = _refused(giver, other, 1, school)
    assert (refusal.facts["Used"], refusal.facts["Remaining"]) == (2, 0)
    _order(giver, product, 3, school)


def test_of_a_line_over_two_exceptions_the_one_that_ends_first_keeps_what_is_left(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException]
) -> None:
    product, first = allowed
    later = make_exception(
        giver, school, product, quantity=3, start=date(2026, 11, 1), end=date(2026, 12, 20)
    )
    _call_back(giver, 2, order_id=_order(giver, product, 4, school))
    with mar_scope():
        assert (drawn_of(first), drawn_of(later)) == (2, 0)
    assert _refused(giver, product, 5, school).facts["Left of exceptions"] == 4


@pytest.mark.parametrize(("at", "drawn"), [(DECEMBER - timedelta(seconds=1), 2), (DECEMBER, 3)])
def test_a_key_called_back_after_its_month_stays_borne_by_the_exception(
    giver: Partner, school: Recipient, allowed: tuple[Product, QuotaException], at: datetime, drawn: int
) -> None:
    product, exception = allowed
    _call_back(giver, 1, order_id=_order(giver, product, 3, school), at=at)
    with mar_scope():
        assert drawn_of(exception) == drawn


@pytest.mark.parametrize("days", [0, 30])
def test_a_swapped_key_counts_once_and_in_the_month_of_its_order(
    giver: Partner, school: Recipient, days: int
) -> None:
    product = make_citizenship(stock=4)
    _order(giver, product, 2, school)
    with partner_scope(giver.pk):
        key = ProductKey.objects.filter(state=11).order_by("id")[0]
        swap_key(
            partner_id=giver.pk, product_key_id=key.product_key_id, wanted=Wanted("Wrong edition"),
            by=Actor.system("test"), at=AT + timedelta(days=days),
        )  # fmt: skip
        counted = [
            citizenship_facts(
                partner_id=giver.pk, product_id=product.pk, kind="windows", recipient_id=school.pk, at=AT,
                zone=mar_zone(), counted_at=AT + timedelta(days=month),
            ).quota.windows
            for month in (0, 30)
        ]  # fmt: skip
    assert counted == [2, 0]
