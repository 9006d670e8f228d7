"""A partner's limits: lower at once, higher by two people, and what was held goes on."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import DomainError, Invalid, NotFound
from core.models import AuditEvent, OutboxItem, User
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import LimitChange, OrderLimit, SaleCountry
from licensing.selectors.limits import limit_now, sale_countries
from licensing.selectors.sale_countries import sold_outside
from licensing.services.limits import LimitRefused, approve_limit, change_limit, discard_limit
from licensing.services.order_release import release_orders
from licensing.services.sales import record_sale
from partners.models import CreditPosition, Partner
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.exchange import make_builds
from tests.licensing.services.orders_kit import order, state_of
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner(credit="100.00", monthly_quantity=50)


@pytest.fixture
def desk() -> User:
    return make_member("mar_finance")


@pytest.fixture
def approver() -> User:
    return make_member("mar_approver")


def _change(partner: Partner, by: User, kind: str = "credit", after: Any = 200, **more: Any) -> LimitChange:
    wanted = {"reason": "A tender was won.", "at": AT} | more
    with mar_scope():
        return change_limit(partner.pk, kind=kind, after=Decimal(after), by=actor_for(by), **wanted)


def _approve(change: LimitChange, by: User) -> LimitChange:
    with mar_scope():
        return approve_limit(change.pk, by=actor_for(by), at=LATER)


def _now(partner: Partner, kind: str = "credit", country: str = "") -> Decimal:
    with mar_scope():
        return limit_now(partner.pk, kind, country)


def _refused(call: Any) -> str:
    with mar_scope():
        before = list(LimitChange.objects.order_by("pk").values())
    with pytest.raises(DomainError) as caught:
        call()
    with mar_scope():
        assert list(LimitChange.objects.order_by("pk").values()) == before
    (refusal,) = caught.value.refusals
    assert refusal.what != refusal.next_step != ""
    assert refusal.facts
    return refusal.code


@pytest.mark.parametrize(
    ("kind", "country", "lower", "higher"),
    [("credit", "", 40, 300), ("monthly", "", 10, 90), ("country", "FR", 0, 1)],
)
def test_lower_counts_at_once_and_higher_when_another_person_approves(
    partner: Partner, desk: User, approver: User, kind: str, country: str, lower: int, higher: int
) -> None:
    before = _now(partner, kind, country)
    raised = _change(partner, desk, kind, higher, country=country)
    assert (raised.state, _now(partner, kind, country)) == ("proposed", before)
    assert _refused(lambda: _approve(raised, desk)) == "limit_needs_second_person"
    assert _now(partner, kind, country) == before
    assert _approve(raised, approver).state == "in_force"
    assert _now(partner, kind, country) == higher
    assert _change(partner, desk, kind, lower, country=country, at=LATER).state == "in_force"
    assert _now(partner, kind, country) == lower
    assert [audited(f"licensing.limit.{act}") for act in ("raise_proposed", "raised", "lowered")] == [1, 1, 1]


def test_an_order_held_for_credit_goes_on_once_the_raise_is_approved(
    partner: Partner, desk: User, approver: User
) -> None:
    product = make_product(price="60.00")
    make_stock(product, 3)
    held = order(partner, product, 2).order_id
    change = _change(partner, desk, after=120)
    with mar_scope():
        assert release_orders("credit", partner_id=partner.pk, at=AT) == 0
    _approve(change, approver)
    with mar_scope():
        asked = OutboxItem.objects.filter(task="licensing.release_orders")
        assert [item.arguments["cause"] for item in asked] == ["credit"]
        assert release_orders("credit", partner_id=partner.pk, at=LATER) == 1
    assert state_of(held) == "allocated"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"after": -1}, "after"), ({"after": 10_000_001}, "after"), ({"after": 100}, "after"),
        ({"kind": "monthly", "after": "1.5"}, "after"), ({"reason": " x "}, "reason"),
        ({"kind": "country", "country": "DE", "after": 1}, "country"),
        ({"kind": "country", "country": "XX", "after": 1}, "country"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_at_its_field(
    partner: Partner, desk: User, wanted: Any, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        _change(partner, desk, **wanted)
    assert [(one.rule, one.facts["field"]) for one in caught.value.refusals] == [("LIM-1", field)]
    with mar_scope():
        assert LimitChange.objects.count() == 0


def test_one_raise_waits_at_a_time_and_a_lowering_discards_it(
    partner: Partner, desk: User, approver: User
) -> None:
    first = _change(partner, desk)
    assert _refused(lambda: _change(partner, desk, after=300)) == "limit_waits"
    _change(partner, desk, "monthly", 60)
    _change(partner, desk, after=20)
    assert _refused(lambda: _approve(first, approver)) == "limit_change_closed"
    assert _now(partner) == 20


def test_a_proposal_from_a_value_that_changed_meanwhile_is_not_approved(
    partner: Partner, desk: User, approver: User
) -> None:
    change = _change(partner, desk)
    with mar_scope():
        CreditPosition.objects.filter(partner=partner).update(limit=Decimal(90))
    assert _refused(lambda: _approve(change, approver)) == "limit_change_closed"


def test_a_discarded_proposal_stands(partner: Partner, desk: User, approver: User) -> None:
    change = _change(partner, desk)
    with mar_scope():
        discard_limit(change.pk, by=actor_for(desk), at=LATER)
    assert _refused(lambda: _approve(change, approver)) == "limit_change_closed"
    with mar_scope(), pytest.raises(LimitRefused):
        discard_limit(change.pk, by=actor_for(desk), at=LATER)
    with mar_scope(), pytest.raises(NotFound):
        discard_limit(uuid4(), by=actor_for(desk), at=LATER)


def test_the_partner_sees_his_countries_and_no_proposal(partner: Partner, desk: User, approver: User) -> None:
    _approve(_change(partner, desk, "country", 1, country="FR"), approver)
    with partner_scope(partner.pk):
        assert sale_countries(partner.pk) == ["FR"]
    with partner_scope(make_partner().pk):
        assert SaleCountry.objects.count() == 0
    with connection.cursor() as cursor, partner_scope(partner.pk):
        cursor.execute("SELECT has_table_privilege(current_user, 'licensing_limitchange', 'SELECT')")
        assert cursor.fetchone() == (False,)


def test_a_sale_is_flagged_by_the_countries_of_its_day(partner: Partner, desk: User, approver: User) -> None:
    """Agreed from 15 November in Berlin on; ended on the 20th, which is a day after."""
    (build,) = make_builds(1, partner=partner)
    change = _change(partner, desk, "country", 1, country="FR")
    with mar_scope():
        approve_limit(change.pk, by=actor_for(approver), at=AT)
        change_limit(
            partner.pk, kind="country", country="FR", after=Decimal(0), reason="Annex ended", by=actor_for(desk),
            at=AT + timedelta(days=5),
        )  # fmt: skip
    for day, country, outside in (
        (14, "FR", [("FR", 1)]), (15, "FR", []), (19, "FR", []), (20, "FR", [("FR", 1)]), (14, "DE", []),
        (15, "PL", [("PL", 1)]),
    ):  # fmt: skip
        with partner_scope(partner.pk):
            record_sale(
                build.device_id, partner_id=partner.pk, sold_on=date(2026, 11, day), country=country, channel="shop",
                by=actor_for(desk), at=AT + timedelta(days=9),
            )  # fmt: skip
            assert sold_outside(partner.pk) == outside
    with mar_scope():
        last = AuditEvent.objects.filter(action="licensing.device.sold").latest("id")
        assert last.facts["is_outside_countries"] is True


# The database's own guards


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        (lambda partner: CreditPosition.objects.filter(partner=partner), {"limit": Decimal(101)}),
        (lambda partner: OrderLimit.objects.filter(partner=partner), {"monthly_quantity": 51}),
    ],
)
def test_the_database_raises_no_limit_by_one_person(
    partner: Partner, desk: User, rows: Any, change: Any
) -> None:
    _change(partner, desk, after=101)
    _change(partner, desk, "monthly", 51)
    with mar_scope(), pytest.raises(IntegrityError, match="by two people"), transaction.atomic():
        rows(partner).update(**change)
    assert (_now(partner), _now(partner, "monthly")) == (100, 50)


def test_an_old_approval_does_not_raise_a_limit_again(partner: Partner, desk: User, approver: User) -> None:
    _approve(_change(partner, desk), approver)
    _change(partner, desk, after=100, at=LATER + timedelta(hours=1))
    with mar_scope(), pytest.raises(IntegrityError, match="by two people"), transaction.atomic():
        CreditPosition.objects.filter(partner=partner).update(limit=Decimal(200))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"after": Decimal(100)}, "limit_change_changes"),
        ({"reason": ""}, "limit_change_has_a_reason"),
        ({"country": "FR"}, "limit_change_of_a_country"),
        ({"approved_by": "desk", "approved_at": AT}, "limit_raise_by_two_people"),
        ({"approved_by": "approver", "approved_at": AT}, "approved_by_id names somebody who is not acting"),
        ({"written_by": "approver"}, "written_by_id names somebody who is not acting"),
    ],
)
def test_the_database_keeps_a_change_sound(
    partner: Partner, desk: User, approver: User, change: dict[str, Any], name: str
) -> None:
    fields = {
        "partner": partner, "kind": "credit", "before": Decimal(100), "after": Decimal(200), "reason": "Because",
        "written_by": desk, "written_at": AT,
    } | change  # fmt: skip
    people = {"desk": desk, "approver": approver}
    fields = {
        key: people.get(value, value) if key.endswith("_by") else value for key, value in fields.items()
    }
    with mar_scope(), pytest.raises(IntegrityError, match=name), transaction.atomic(), acting_as(desk.pk):
        LimitChange.objects.create(**fields)


def test_the_database_ends_a_change_once_and_approves_it_only_in_the_name_of_who_acts(
    partner: Partner, desk: User, approver: User
) -> None:
    change = _change(partner, desk)
    for acting, name, ended in (
        (desk, "approved_by_id names somebody who is not acting", {}),
        (approver, "limit_change_ends_once", {"discarded_at": AT}),
    ):
        with (
            mar_scope(), pytest.raises(IntegrityError, match=name), transaction.atomic(), acting_as(acting.pk)
        ):  # fmt: skip
            LimitChange.objects.filter(pk=change.pk).update(approved_by=approver, approved_at=AT, **ended)
    with mar_scope():
        assert LimitChange.objects.get(pk=change.pk).state == "proposed"


def test_the_database_lets_one_raise_wait_and_no_decision_change(
    partner: Partner, desk: User, approver: User
) -> None:
    change = _change(partner, desk)
    with (
        mar_scope(), pytest.raises(IntegrityError, match="limit_raise_waits_once"), transaction.atomic(),
        acting_as(desk.pk),
    ):  # fmt: skip
        LimitChange.objects.create(
            partner=partner, kind="credit", before=Decimal(100), after=Decimal(300), reason="Because", written_by=desk,
            written_at=AT,
        )  # fmt: skip
    for changes in ({"after": Decimal(900)}, {"reason": "Other"}):
        with mar_scope(), pytest.raises(IntegrityError, match="stands"), transaction.atomic():
            LimitChange.objects.filter(pk=change.pk).update(**changes)
    _approve(change, approver)
    with mar_scope(), pytest.raises(IntegrityError, match="stands"), transaction.atomic():
        LimitChange.objects.filter(pk=change.pk).update(approved_at=LATER + timedelta(days=1))
