"""What a month's lines say, at the edges: zones, late answers, second looks, repeats, recalls, returns."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.periods import Period
from core.tenancy import mar_scope
from licensing.models import CbrLine, LedgerEntry, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.services.batch_undo import stop_batch, undo_import
from licensing.services.custody import Step, move_keys
from licensing.services.recall import recall_key, unassign_keys
from partners.models import Partner
from reporting.models import ReportDeviceLine, ReportState, UsageReport
from reporting.rules.stock_equation import find_imbalances
from reporting.selectors import month_lines
from reporting.selectors.month_steps import MonthBounds, gather_steps
from reporting.selectors.rows import Row
from reporting.services.device_lines import insert_device_lines
from reporting.services.freezing import StockLine
from tests.factories import (
    actor_for,
    make_decoy,
    make_mar,
    make_member,
    make_partner,
    make_product,
    make_stock,
)
from tests.reporting import world

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
OCTOBER = MonthBounds(Period(2026, 10), BERLIN)
NOVEMBER = MonthBounds(Period(2026, 11), BERLIN)
DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
BEFORE = datetime(2026, 7, 1, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def partner() -> Partner:
    """Return the one partner, with the MAR set up."""
    make_mar()
    return make_partner(code="TPR-1")


@pytest.fixture
def keys(partner: Partner) -> list[ProductKey]:
    """Return five keys of one product, the first three on an order of the partner."""
    keys = make_stock(make_product(code="PRO"), 5, at=BEFORE)
    world.order(partner, keys[:3], DAY)
    return keys


def _stock(bounds: MonthBounds) -> dict[str, tuple[int, int, int, int]]:
    with mar_scope():
        gather_steps(bounds)
        rows = month_lines.stock_rows(bounds)
        received = {row["product_code"]: row["keys"] for row in month_lines.received_rows(bounds)}
    assert find_imbalances([StockLine(**row) for row in rows], received_so_far=received) == []
    return {row["state_name"]: (row["opening"], row["entries"], row["exits"], row["closing"]) for row in rows}


def _rows(function: str, bounds: MonthBounds) -> list[Row]:
    with mar_scope():
        gather_steps(bounds)
        found: list[Row] = getattr(month_lines, function)(bounds)
        return found


def _devices(bounds: MonthBounds) -> list[ReportDeviceLine]:
    with mar_scope():
        gather_steps(bounds)
        report = UsageReport.objects.create(
            number=f"UR-{bounds.period}", period=str(bounds.period), revision=1, state=ReportState.BUILDING,
            requested_at=DAY, requested_by="test",
        )  # fmt: skip
        insert_device_lines(bounds, report_id=report.pk)
        return list(ReportDeviceLine.objects.filter(report=report).order_by("position"))


def test_stock_counts_recall_return_and_refused_return(keys: list[ProductKey]) -> None:
    with mar_scope():
        step = Step("key.revealed", "x", world.BY, DAY)
        move_keys([keys[2].pk], to=KeyState.RETRIEVED, step=step, is_disclosed=True)
        ProductKey.objects.filter(pk=keys[2].pk).update(hold=Hold.QUARANTINED)
        _recall(keys[2])
    world.give_back(keys[3], sent_at=DAY, answered_at=DAY, code="OO")
    world.give_back(keys[4], sent_at=DAY, answered_at=DAY, code="PI")
    assert _stock(OCTOBER) == {
        "Fulfilled": (5, 2, 5, 2),
        "Assigned": (0, 3, 1, 2),
        "Retrieved": (0, 1, 1, 0),
        "ReportedReturn": (0, 2, 2, 0),
        "Returned": (0, 1, 0, 1),
    }


def _recall(key: ProductKey) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE licensing_productkey SET state = 1, partner_id = NULL, order_line_id = NULL
            WHERE id = %s RETURNING product_id""",
            [key.pk],
        )
        product_id = cursor.fetchone()[0]
    LedgerEntry.objects.create(
        key=key, product_id=product_id, from_state=12, to_state=1, hold="quarantined", reason="key.recalled",
        actor_kind="system", actor_id="system", actor_label="test", recorded_at=DAY,
    )  # fmt: skip


def test_row_that_changes_a_hold_and_no_state_is_no_step(keys: list[ProductKey]) -> None:
    before = _stock(OCTOBER)
    with mar_scope():
        LedgerEntry.objects.create(
            key=keys[0], product_id=keys[0].product_id, from_state=11, to_state=11, hold="disputed",
            reason="hold.set", actor_kind="system", actor_id="system", actor_label="test", recorded_at=DAY,
        )  # fmt: skip
    assert _stock(OCTOBER) == before


@pytest.mark.parametrize(("undone_at", "in_october"), [(DAY, True), (NEXT_MONTH, False)])
def test_decoys_of_an_undone_delivery_stand_in_no_line(
    partner: Partner, undone_at: datetime, in_october: bool
) -> None:
    keys = make_stock(make_product(code="PRO"), 5, at=BEFORE)
    make_decoy(keys[0])
    one, other = actor_for(make_member("mar_stock")), actor_for(make_member("mar_approver"))
    with mar_scope():
        stop = stop_batch(keys[0].batch_id, reason="Wrong", by=one, at=DAY)
        assert undo_import(stop.pk, reason="Wrong", by=other, at=undone_at) == 4
    gone = {"Fulfilled": (4, 0, 4, 0), "Undone": (0, 4, 0, 4)}
    lines = _stock(OCTOBER), _stock(NOVEMBER)
    if in_october:
        assert lines == (gone, {"Undone": (4, 0, 0, 4)})
    else:
        assert lines == ({"Fulfilled": (4, 0, 0, 4)}, gone)


def test_step_at_local_midnight_belongs_to_the_month_that_begins(partner: Partner) -> None:
    product = make_product(code="EDGE")
    make_stock(product, 1, at=datetime(2026, 10, 31, 22, 59, 59, 999999, tzinfo=UTC))
    make_stock(product, 2, at=datetime(2026, 10, 31, 23, 0, tzinfo=UTC))
    assert _stock(OCTOBER)["Fulfilled"] == (0, 1, 0, 1)
    assert _stock(NOVEMBER)["Fulfilled"] == (1, 2, 0, 3)
    assert _stock(MonthBounds(Period(2026, 10), ZoneInfo("UTC")))["Fulfilled"] == (0, 3, 0, 3)


def test_clocks_of_two_servers_that_differ_at_the_cut_off_do_not_unbalance_a_month(
    keys: list[ProductKey],
) -> None:
    end = OCTOBER.end
    world.hand_over(keys[0], end + timedelta(milliseconds=5))
    with mar_scope():
        move_keys(
            [keys[0].pk], to=KeyState.CONSUMED,
            step=Step("x", "x", world.BY, end - timedelta(milliseconds=5)),
        )  # fmt: skip
    assert "Consumed" not in _stock(OCTOBER)
    assert _stock(NOVEMBER)["Consumed"] == (0, 1, 0, 1)


def test_device_stands_in_the_month_its_report_was_sent_and_a_late_answer_is_an_adjustment(
    keys: list[ProductKey],
) -> None:
    world.enable(keys[0], handed_at=DAY, sent_at=OCTOBER.end - timedelta(hours=1), answered_at=NEXT_MONTH)
    (line,) = _devices(OCTOBER)
    assert (line.key_state, line.ack_code, line.ack_utc, line.ms_report_id) == ("ReportedBound", "", "", "")
    assert line.cbr_sent_utc == "2026-10-31T22:00:00Z"
    assert _devices(NOVEMBER) == []
    assert _rows("adjustment_rows", OCTOBER) == []
    (late,) = _rows("adjustment_rows", NOVEMBER)
    assert (late["cbr_period"], late["state_before"], late["state_after"], late["ack_code"]) == (
        "2026-10",
        "ReportedBound",
        "ActivationEnabled",
        "00",
    )
    assert [row["keys"] for row in _rows("ack_rows", OCTOBER)] == []
    assert [row["keys"] for row in _rows("ack_rows", NOVEMBER)] == [1]


def test_device_line_carries_what_is_known_of_the_device(keys: list[ProductKey], partner: Partner) -> None:
    device = world.hand_over(
        keys[0], DAY, serial="=SUM(A1)", sold_on=date(2026, 10, 20), sale_country="PL", wipe_standard="NIST",
        refurbished_on=date(2026, 10, 2), previous_licence_type="COA", gmrl_serial="G-1", sale_channel="shop",
    )  # fmt: skip
    build = world.bind(keys[0], device, DAY)
    cbr = world.send([build], DAY)
    world.answer(cbr, keys[0], "02", DAY + timedelta(hours=1))
    (line,) = _devices(OCTOBER)
    assert (line.position, line.report_month, line.tpr_code, line.tpr_name) == (
        1,
        "2026-10",
        "TPR-1",
        partner.name,
    )
    assert (line.device_serial, line.sold_on, line.refurb_completed_on) == (
        "=SUM(A1)",
        "2026-10-20",
        "2026-10-02",
    )
    assert (line.key_state, line.ack_code, line.cbr_report_id) == ("ActivationEnabled", "02", str(cbr.pk))
    assert line.order_number.startswith("O-")
    assert (line.licence_family, line.channel) == ("Commercial", "shop")
    assert line.hardware_hash_sha256 == build.hardware_hash_sha256


def test_report_sent_again_in_the_same_month_is_one_device_with_the_last_answer(
    keys: list[ProductKey],
) -> None:
    build = world.bind(keys[0], world.hand_over(keys[0], DAY), DAY)
    world.answer(world.send([build], DAY), keys[0], "08", DAY + timedelta(hours=1))
    world.answer(world.send([build], DAY + timedelta(hours=2)), keys[0], "00", DAY + timedelta(hours=3))
    (line,) = _devices(OCTOBER)
    assert (line.key_state, line.ack_code) == ("ActivationEnabled", "00")
    assert [(row["ack_code"], row["keys"]) for row in _rows("ack_rows", OCTOBER)] == [("00", 1), ("08", 1)]
    assert len(_rows("denied_rows", OCTOBER)) == 1


def test_second_look_that_changed_the_line_leaves_each_step_its_own_code(keys: list[ProductKey]) -> None:
    build = world.bind(keys[0], world.hand_over(keys[0], DAY), DAY)
    cbr = world.send([build], DAY)
    world.answer(cbr, keys[0], "00", DAY + timedelta(hours=1))
    world.answer(cbr, keys[0], "07", NEXT_MONTH)
    with mar_scope():
        assert CbrLine.objects.get(report=cbr).ack_code == "07"
    assert [(row["ack_code"], row["keys"]) for row in _rows("ack_rows", OCTOBER)] == [("00", 1)]
    assert [(row["ack_code"], row["keys"]) for row in _rows("ack_rows", NOVEMBER)] == [("07", 1)]
    (late,) = _rows("adjustment_rows", NOVEMBER)
    assert (late["state_before"], late["state_after"]) == ("ActivationEnabled", "ActivationDenied")


def test_partner_line_counts_the_month_and_the_ages_at_its_end(
    keys: list[ProductKey], partner: Partner
) -> None:
    more = make_stock(make_product(code="MORE"), 2, at=BEFORE)
    world.order(partner, more, OCTOBER.start - timedelta(days=40))
    world.hand_over(more[0], OCTOBER.end - timedelta(days=61))
    world.hand_over(more[1], OCTOBER.end - timedelta(days=7, hours=23))
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY)
    world.enable(keys[1], handed_at=DAY, sent_at=DAY, answered_at=DAY, code="04")
    world.hand_over(keys[2], OCTOBER.end - timedelta(days=8))
    (line,) = _rows("partner_rows", OCTOBER)
    assert (line["ordered"], line["assigned"], line["enabled"], line["denied"]) == (3, 3, 1, 1)
    assert (line["unreported_7"], line["unreported_30"], line["unreported_60"]) == (2, 1, 1)
    assert line["citizenship_quota"] is None
    assert [row["age_days"] for row in _rows("unreported_rows", OCTOBER)] == [61, 8]


def test_partner_without_a_step_or_an_open_key_has_no_line(keys: list[ProductKey]) -> None:
    make_partner(code="TPR-IDLE")
    assert [row["code"] for row in _rows("partner_rows", OCTOBER)] == ["TPR-1"]


def test_citizenship_is_counted_apart_with_its_limit(partner: Partner) -> None:
    giver = make_partner(code="TPR-C", families=("citizenship",))
    windows = make_stock(make_product(family="citizenship"), 3, at=BEFORE)
    office = make_stock(make_product(family="citizenship", generation="Office 2019"), 2, at=BEFORE)
    world.order(giver, windows, DAY)
    world.order(giver, office, DAY)
    (line,) = _rows("partner_rows", OCTOBER)
    assert (line["citizenship_windows"], line["office"], line["citizenship_quota"]) == (3, 2, 250)
    families = {row["family"] for row in _rows("stock_rows", OCTOBER)}
    assert families == {"Citizenship Windows", "Citizenship Office"}


def test_citizenship_keys_that_went_back_in_their_month_are_counted_once(partner: Partner) -> None:
    giver = make_partner(code="TPR-C", families=("citizenship",))
    keys = make_stock(make_product(family="citizenship"), 3, at=BEFORE)
    world.order(giver, keys, DAY)
    _cancel(keys, DAY)
    world.order(giver, keys, DAY)
    (line,) = _rows("partner_rows", OCTOBER)
    assert (line["ordered"], line["assigned"], line["citizenship_windows"]) == (6, 6, 3)
    world.hand_over(keys[0], DAY)
    with mar_scope():
        recall_key(keys[0].pk, reason="Not used", by=world.BY, at=DAY)
    (line,) = _rows("partner_rows", OCTOBER)
    assert line["citizenship_windows"] == 2


@pytest.mark.parametrize(("at", "counted"), [(OCTOBER.end - timedelta(seconds=1), 0), (OCTOBER.end, 3)])
def test_citizenship_keys_that_went_back_in_a_later_month_stay_counted(
    partner: Partner, at: datetime, counted: int
) -> None:
    giver = make_partner(code="TPR-C", families=("citizenship",))
    keys = make_stock(make_product(family="citizenship"), 3, at=BEFORE)
    world.order(giver, keys, DAY)
    _cancel(keys, at)
    (line,) = _rows("partner_rows", OCTOBER)
    assert (line["assigned"], line["citizenship_windows"]) == (3, counted)


def _cancel(keys: list[ProductKey], at: datetime) -> None:
    """Put assigned keys back into stock, as a cancelled order does."""
    with mar_scope():
        unassign_keys([key.pk for key in keys], order_id="test", by=world.BY, at=at)


def test_trend_begins_with_the_first_answer_and_shows_empty_months(keys: list[ProductKey]) -> None:
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY)
    december = MonthBounds(Period(2026, 12), BERLIN)
    assert _rows("trend_rows", december) == [
        {"period": "2026-10", "enabled": 1, "denied": 0},
        {"period": "2026-11", "enabled": 0, "denied": 0},
        {"period": "2026-12", "enabled": 0, "denied": 0},
    ]


def test_month_before_anything_happened_has_no_lines(partner: Partner) -> None:
    assert _stock(OCTOBER) == {}
    assert _rows("trend_rows", OCTOBER) == [{"period": "2026-10", "enabled": 0, "denied": 0}]
