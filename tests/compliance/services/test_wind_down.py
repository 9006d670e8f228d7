"""A partner leaves: begun by one person, everything settled or let go by two, finished by another."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.models import WindDown, WindDownItem
from compliance.selectors.wind_down import exit_of
from compliance.services.wind_down import (
    EndNotPossible,
    ItemNotSettled,
    OpenItems,
    WindDownClosed,
    ask_for_data_file,
    begin_wind_down,
    confirm_waiver,
    end_access_of,
    finish_wind_down,
    move_end,
    recall_unreported_keys,
    settle_item,
    take_back_unused_keys,
    waive_item,
)
from core.actor import Actor
from core.errors import NotFound
from core.models import SignInSession
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import KeyAssignment, Order, Product, ProductKey
from licensing.rules.key_states import KeyState
from partners.models import ApiKey, Membership, Partner
from partners.selectors.api_keys import find_active
from partners.selectors.people import membership_of
from partners.services.api_keys import create_api_key
from partners.services.partners import EndsByAnother, end_access, record_unpaid
from partners.services.standing_state import PartnerCannotMove
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.factories.exchange import make_held_keys
from tests.partners.samples import audited, queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
ENDS = AT + timedelta(days=30)


@pytest.fixture
def house():
    """Return a partner and two people of the MAR as actors."""
    make_mar()
    partner = make_partner()
    return partner, actor_for(make_member("mar_admin", name="Marta")), actor_for(make_member("mar_approver"))


@pytest.fixture
def leaving(house):
    """Return the same with the way out begun by the first person."""
    partner, first, second = house
    with mar_scope():
        begin_wind_down(partner.pk, reason="Sold his business.", ends_at=ENDS, by=first, at=AT)
    return partner, first, second


def states(partner) -> dict[str, str]:
    with mar_scope():
        way_out = exit_of(partner.pk)
        assert way_out is not None
        return {item.row.kind: item.state.value for item in way_out.items}


def let_go(partner, kind, first, second) -> None:
    with mar_scope():
        waive_item(partner.pk, kind, reason="He cannot be reached.", by=first, at=AT)
        confirm_waiver(partner.pk, kind, by=second, at=AT)


def state_of(partner) -> str:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk).state


def test_beginning_stops_orders_and_lists_what_is_open(leaving):
    partner, _first, _second = leaving
    assert state_of(partner) == "winding_down"
    assert states(partner) == {
        "keys_unused": "settled", "keys_unreported": "settled", "returns_open": "settled", "money_owed": "settled",
        "labels": "open", "proof_pages": "open", "documents": "open", "data_file": "open",
    }  # fmt: skip
    assert audited("compliance.wind_down.begun") == 1
    with partner_scope(partner.pk):
        assert WindDown.objects.get().ends_at == ENDS
    with partner_scope(make_partner().pk):
        assert WindDown.objects.count() == 0


@pytest.mark.parametrize("ends_at", [AT + timedelta(hours=23), AT + timedelta(days=367)])
def test_an_impossible_end_begins_nothing(house, ends_at):
    partner, first, _second = house
    with mar_scope(), pytest.raises(EndNotPossible):
        begin_wind_down(partner.pk, reason="x", ends_at=ends_at, by=first, at=AT)
    assert state_of(partner) == "active"
    with mar_scope():
        assert WindDown.objects.count() == 0


def test_a_way_out_begins_once(leaving):
    partner, first, _second = leaving
    with mar_scope(), pytest.raises(PartnerCannotMove):
        begin_wind_down(partner.pk, reason="x", ends_at=ENDS, by=first, at=AT)
    with mar_scope():
        assert WindDown.objects.count() == 1


def test_counts_are_live(leaving):
    partner, _first, _second = leaving
    make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    make_held_keys(3, partner=partner)
    (returned,) = make_held_keys(1, partner=partner)
    with mar_scope():
        record_unpaid(partner.pk, unpaid=Decimal("12.50"), by=Actor.system("test"), at=AT)
        ProductKey.objects.filter(pk=returned.pk).update(state=KeyState.BOUND)
        ProductKey.objects.filter(pk=returned.pk).update(
            state=KeyState.REPORTED_RETURN, previous_state=KeyState.BOUND
        )
        way_out = exit_of(partner.pk)
    assert [item.now.count for item in way_out.items[:3]] == [2, 3, 1]
    assert way_out.item("money_owed").now.amount == Decimal("252.50")  # 6 keys at 40, and the invoice
    assert {kind for kind, state in states(partner).items() if state == "open"} == {
        "keys_unused", "keys_unreported", "returns_open", "money_owed", "labels", "proof_pages", "documents",
        "data_file",
    }  # fmt: skip


def test_unused_keys_go_back_and_a_wholly_unused_order_is_cancelled(leaving):
    partner, first, _second = leaving
    whole = make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    part = make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    with mar_scope():
        ProductKey.objects.filter(pk=part[0].pk).update(state=KeyState.RETRIEVED, is_disclosed=True)
        assert take_back_unused_keys(partner.pk, by=first, at=AT) == 3
        keys = ProductKey.objects.filter(pk__in=[*(key.pk for key in whole), part[1].pk])
        assert set(keys.values_list("state", "partner", "hold")) == {(KeyState.FULFILLED, None, "none")}
        assert ProductKey.objects.get(pk=part[0].pk).partner_id == partner.pk
        assert sorted(Order.objects.values_list("state", flat=True)) == ["allocated", "cancelled"]
        assert KeyAssignment.objects.filter(ended_at__isnull=True).count() == 1
        assert take_back_unused_keys(partner.pk, by=first, at=AT) == 0
    assert states(partner)["keys_unused"] == "settled"


@pytest.mark.parametrize("is_office_first", [True, False])
@pytest.mark.parametrize("is_office_taken", [True, False])
def test_windows_go_back_whatever_becomes_of_their_office(leaving, is_office_first, is_office_taken):
    partner, first, _second = leaving
    made = [make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)[0].pk for _ in range(2)]
    with mar_scope():
        by_order = ProductKey.objects.select_related("order_line").order_by("order_line__order_id")
        sooner, later = by_order.filter(pk__in=made)
        windows, office = (later, sooner) if is_office_first else (sooner, later)
        Product.objects.filter(pk=windows.product_id).update(family="citizenship", generation="Windows 11")
        Product.objects.filter(pk=office.product_id).update(family="citizenship", generation="Office 2019")
        if is_office_taken:
            ProductKey.objects.filter(product=office.product_id).update(
                state=KeyState.RETRIEVED, is_disclosed=True
            )
        assert take_back_unused_keys(partner.pk, by=first, at=AT) == (2 if is_office_taken else 4)
        assert Order.objects.get(pk=windows.order_line.order_id).state == "cancelled"
    assert states(partner)["keys_unused"] == "settled"


def test_taking_keys_back_holds_the_credit_row_before_any_key(leaving):
    partner, first, _second = leaving
    make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    with mar_scope(), CaptureQueriesContext(connection) as queries:
        take_back_unused_keys(partner.pk, by=first, at=AT)
    locks = [
        each["sql"] for each in queries if "FOR UPDATE" in each["sql"] or "FOR NO KEY UPDATE" in each["sql"]
    ]
    assert ["compliance_winddown" in locks[0], "partners_creditposition" in locks[1]] == [True, True]


def test_taken_keys_are_called_back_into_quarantine(leaving):
    partner, first, _second = leaving
    make_held_keys(2, partner=partner)
    with mar_scope():
        assert recall_unreported_keys(partner.pk, reason="Never used.", by=first, at=AT) == 2
        assert set(ProductKey.objects.values_list("state", "hold")) == {(KeyState.FULFILLED, "quarantined")}
    assert states(partner)["keys_unreported"] == "settled"
    assert audited("licensing.key.recalled") == 2


def test_a_counted_item_is_not_settled_by_a_word(leaving):
    partner, first, _second = leaving
    make_held_keys(1, partner=partner)
    with mar_scope(), pytest.raises(ItemNotSettled):
        settle_item(partner.pk, "keys_unreported", note="All fine.", by=first, at=AT)
    assert states(partner)["keys_unreported"] == "open"
    with mar_scope():
        settle_item(partner.pk, "labels", note="12 labels destroyed.", by=first, at=AT)
    assert states(partner)["labels"] == "settled"


def test_letting_go_takes_two_different_people(leaving):
    partner, first, second = leaving
    with mar_scope():
        with pytest.raises(ItemNotSettled):
            confirm_waiver(partner.pk, "documents", by=second, at=AT)
        with pytest.raises(ItemNotSettled):
            waive_item(partner.pk, "documents", reason="  ", by=first, at=AT)
        with pytest.raises(ItemNotSettled):
            waive_item(partner.pk, "documents", reason="Gone.", by=Actor.system("robot"), at=AT)
        waive_item(partner.pk, "documents", reason="Gone.", by=first, at=AT)
        with pytest.raises(ItemNotSettled):
            confirm_waiver(partner.pk, "documents", by=first, at=AT)
    assert states(partner)["documents"] == "open"
    with mar_scope():
        confirm_waiver(partner.pk, "documents", by=second, at=AT)
        with pytest.raises(ItemNotSettled):
            waive_item(partner.pk, "keys_unused", reason="Nothing is open.", by=first, at=AT)
    assert states(partner)["documents"] == "waived"


def test_the_database_refuses_one_person_twice(leaving):
    partner, first, second = leaving
    with mar_scope():
        item = WindDownItem.objects.get(kind="labels")
        for fields, words in (
            ({"state": "waived"}, "wind_down_waiver_has_two_and_why"),
            (
                {"waived_by_id": first.id, "waiver_confirmed_by_id": first.id},
                "wind_down_waiver_by_two_people",
            ),
        ):
            with (
                acting_as(first.user_id),
                pytest.raises(DatabaseError, match=words),
                transaction.atomic(),
            ):
                WindDownItem.objects.filter(pk=item.pk).update(**fields)
        for fields, words in (
            ({"finished_at": AT, "finished_by_id": first.id}, "wind_down_finished_by_another"),
            ({"ends_at": AT}, "wind_down_ends_later"),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                WindDown.objects.update(**fields)
        with pytest.raises(DatabaseError, match="wind_down_once"), transaction.atomic():
            WindDown.objects.create(partner=partner, reason="x", started_at=AT, ends_at=ENDS)
        with pytest.raises(DatabaseError, match="wind_down_item_once"), transaction.atomic():
            WindDownItem.objects.create(wind_down_id=item.wind_down_id, partner=partner, kind="labels")
    with (
        partner_scope(partner.pk),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        WindDownItem.objects.update(state="settled")
    assert second.id != first.id


def test_finishing_names_every_open_item_and_changes_nothing(leaving):
    partner, first, second = leaving
    make_held_keys(2, partner=partner)
    let_go(partner, "labels", first, second)
    with mar_scope(), pytest.raises(OpenItems) as refused:
        finish_wind_down(partner.pk, by=second, at=AT)
    assert [refusal.code for refusal in refused.value.refusals] == [
        "open_keys_unreported", "open_money_owed", "open_proof_pages", "open_documents", "open_data_file",
    ]  # fmt: skip
    assert state_of(partner) == "winding_down"
    with mar_scope():
        assert WindDown.objects.get().finished_at is None


def test_everything_settled_or_let_go_ends_the_contract_by_another_person(leaving):
    partner, first, second = leaving
    for kind in ("labels", "proof_pages", "documents", "data_file"):
        let_go(partner, kind, first, second)
    with mar_scope(), pytest.raises(EndsByAnother):
        finish_wind_down(partner.pk, by=first, at=AT)
    assert state_of(partner) == "winding_down"
    with mar_scope():
        finish_wind_down(partner.pk, by=second, at=AT)
        with pytest.raises(WindDownClosed):
            finish_wind_down(partner.pk, by=second, at=AT)
        with pytest.raises(WindDownClosed):
            take_back_unused_keys(partner.pk, by=second, at=AT)
    assert state_of(partner) == "terminated"
    assert audited("compliance.wind_down.finished") == 1


def test_what_comes_after_a_waiver_is_open_until_two_let_it_go_again(leaving):
    partner, first, second = leaving
    make_held_keys(2, partner=partner)
    for kind in ("keys_unreported", "money_owed", "labels", "proof_pages", "documents", "data_file"):
        let_go(partner, kind, first, second)
    with mar_scope():
        row = WindDownItem.objects.get(kind="keys_unreported")
        assert (row.waived_count, row.state) == (2, "waived")
        assert WindDownItem.objects.get(kind="money_owed").waived_amount == Decimal("80.00")
    make_held_keys(3, partner=partner)
    with mar_scope():
        with pytest.raises(OpenItems) as refused:
            finish_wind_down(partner.pk, by=second, at=AT)
        with pytest.raises(ItemNotSettled):  # the old proposal is used up
            confirm_waiver(partner.pk, "keys_unreported", by=second, at=AT)
    assert [each.code for each in refused.value.refusals] == ["open_keys_unreported", "open_money_owed"]
    assert state_of(partner) == "winding_down"
    with mar_scope():
        waive_item(partner.pk, "keys_unreported", reason="These too.", by=second, at=AT)
    assert states(partner)["keys_unreported"] == "open"
    with mar_scope():
        confirm_waiver(partner.pk, "keys_unreported", by=first, at=AT)
        assert WindDownItem.objects.get(kind="keys_unreported").waived_count == 5
    let_go(partner, "money_owed", first, second)
    with mar_scope():
        finish_wind_down(partner.pk, by=second, at=AT)
    assert state_of(partner) == "terminated"


def test_who_does_not_leave_has_no_way_out(house):
    partner, first, _second = house
    with mar_scope():
        for act in (
            lambda: finish_wind_down(partner.pk, by=first, at=AT),
            lambda: ask_for_data_file(partner.pk, by=first, at=AT),
            lambda: move_end(partner.pk, ends_at=ENDS, reason="x", by=first, at=AT),
        ):
            with pytest.raises(NotFound):
                act()
    assert queued("compliance.make_exit_file") == []


def test_access_ends_at_its_instant_and_the_task_tidies_up_once(leaving):
    partner, _first, _second = leaving
    owner = Membership
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Line", scopes=["orders:read"], daily_claims=1, by=Actor.system("test"), at=AT
        )
        person = owner.objects.select_related("user").get(partner=partner).user
        wind_down = WindDown.objects.get()
    just_before = ENDS - timedelta(microseconds=1)
    assert find_active(secret.reveal(), just_before) is not None
    assert find_active(secret.reveal(), ENDS) is None
    assert membership_of(person, at=just_before) is not None
    assert membership_of(person, at=ENDS) is None
    robot = Actor.system("end of access")
    with mar_scope():
        assert end_access_of(wind_down.pk, by=robot, at=just_before) is False
        assert ApiKey.objects.get().revoked_at is None
        assert end_access_of(wind_down.pk, by=robot, at=ENDS) is True
        assert end_access_of(wind_down.pk, by=robot, at=ENDS) is False
        assert ApiKey.objects.get().revoked_at == ENDS
        assert Membership.objects.filter(partner=partner, is_active=True).count() == 0
    assert audited("compliance.wind_down.access_ended") == 1


def test_the_last_day_moves_while_it_has_not_come(leaving):
    partner, first, _second = leaving
    later = ENDS + timedelta(days=10)
    with mar_scope():
        move_end(partner.pk, ends_at=later, reason="Two reports are late.", by=first, at=AT)
        assert Partner.objects.get(pk=partner.pk).access_ends_at == later
        with pytest.raises(WindDownClosed):
            move_end(partner.pk, ends_at=later + timedelta(days=5), reason="x", by=first, at=later)
        assert WindDown.objects.get().ends_at == later


def test_a_waiver_names_only_the_person_who_acts(leaving):
    _partner, first, second = leaving
    with mar_scope():
        item = WindDownItem.objects.get(kind="labels")
        for column in ("waived_by_id", "waived_by", "waiver_confirmed_by_id"):
            with (
                acting_as(second.user_id),
                pytest.raises(IntegrityError, match="names somebody who is not acting"),
                transaction.atomic(),
            ):
                WindDownItem.objects.filter(pk=item.pk).update(**{column: first.id})
        assert WindDownItem.objects.get(pk=item.pk).waived_by_id == ""


def test_the_end_of_access_ends_sessions_and_tokens_at_once(leaving):
    partner, _first, _second = leaving
    with mar_scope():
        person = Membership.objects.select_related("user").get(partner=partner).user
        _key, secret = create_api_key(
            partner.pk, name="Line", scopes=["orders:read"], daily_claims=1, by=Actor.system("test"), at=AT
        )
    browser, machine = sign_in(Client(), person), Client()
    bearer = {"Authorization": f"Bearer {secret.reveal()}"}
    assert browser.get("/tpr/orders/").status_code == 200
    assert machine.get("/api/v1/orders", headers=bearer).status_code == 200
    with mar_scope():
        assert end_access(partner.pk, by=Actor.system("end of access"), at=timezone.now()) == (1, 1)
    assert browser.get("/tpr/orders/").headers["Location"].startswith("/accounts/login/")
    assert machine.get("/api/v1/orders", headers=bearer).status_code == 401
    assert SignInSession.objects.filter(user=person, ended_at__isnull=True).count() == 0
    assert Session.objects.filter(session_key=browser.session.session_key or "").count() == 0
