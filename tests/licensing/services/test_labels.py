"""Labels: received, issued, used, spoiled; no two ranges share a number and no label is used twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.models import Device, LabelDelivery, LabelIssue, LabelUse, LedgerEntry
from licensing.rules.labels import (
    LabelMonth,
    compare_months,
    is_spoilage_high,
    range_problem,
    read_serial,
    serial_at,
)
from licensing.selectors.labels import label_months, label_stock
from licensing.services.labels import (
    LabelRefused,
    issue_labels,
    receive_labels,
    spoil_label,
    take_labels_back,
    use_label,
)
from partners.models import Partner
from tests.factories import AT, make_mar, make_partner
from tests.factories.exchange import make_builds
from tests.factories.labels import BY, make_labels

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner(db: None) -> Partner:
    make_mar()
    return make_partner()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GMR-0001 234", "GMR0001234"),
        ("0007", "0007"),
        ("abcde1", "ABCDE1"),
        ("ABCDEF1", None),
        ("12A", None),
        ("", None),
    ],
)
def test_serial_is_read_with_spaces_and_dashes(text: str, shown: str | None) -> None:
    found = read_serial(text)
    assert (str(found) if found else None) == shown
    if found:
        assert serial_at(found.position, width=found.width) == found


def test_positions_keep_order_and_letters_apart() -> None:
    texts = ["1", "99999999999", "A0", "A00000000001", "AA0", "B0", "ZZZZZ99999999999"]
    positions = [read_serial(text).position for text in texts if read_serial(text)]  # type: ignore[union-attr]
    assert positions == sorted(set(positions))
    assert positions[-1] < 2**63
    assert read_serial("A1") != read_serial("A01")
    assert read_serial("A1").position == read_serial("A01").position  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        ("A1", "A2", ""),
        ("x-y", "A2", "unreadable"),
        ("A1", "B2", "letters"),
        ("A2", "A1", "backwards"),
        ("A0", "A100000", "large"),
    ],
)
def test_range_problem(first: str, last: str, problem: str) -> None:
    assert range_problem(read_serial(first), read_serial(last)) == problem


def test_months_compare_used_with_enabled() -> None:
    assert compare_months({"2026-10": 3}, {"2026-11": 1}, {"2026-10": 5}) == [
        LabelMonth("2026-11", 0, 1, 0), LabelMonth("2026-10", 3, 0, 5),
    ]  # fmt: skip
    assert (LabelMonth("m", 3, 0, 5).difference, LabelMonth("m", 5, 0, 3).difference) == (-2, 2)
    assert [is_spoilage_high(spoiled, 95, percent=5) for spoiled in (5, 6)] == [False, True]


def test_overlapping_ranges_are_refused(partner: Partner) -> None:
    issue = make_labels(partner)
    first, last = issue.first_serial, issue.last_serial
    with mar_scope():
        for again in (first, last):
            with pytest.raises(LabelRefused) as refused:
                receive_labels(first=again, last=again, reference="", by=BY, at=AT)
            assert refused.value.code == "labels_overlap"
            with pytest.raises(LabelRefused) as refused:
                issue_labels(make_partner().pk, first=again, last=again, by=BY, at=AT)
            assert refused.value.code == "labels_overlap"
        with pytest.raises(LabelRefused) as refused:
            issue_labels(partner.pk, first="Q1", last="Q9", by=BY, at=AT)
        assert refused.value.code == "labels_not_received"
        with pytest.raises(Invalid):
            receive_labels(first="A9", last="A1", reference="", by=BY, at=AT)
        assert (LabelDelivery.objects.count(), LabelIssue.objects.count()) == (1, 1)


def test_database_keeps_ranges_apart_and_inside_their_delivery(partner: Partner) -> None:
    issue = make_labels(partner)
    with mar_scope():
        row = {
            "delivery_id": issue.delivery_id, "partner_id": partner.pk, "width": 5, "issued_at": AT,
            "first_position": issue.first_position, "last_position": issue.first_position,
        }  # fmt: skip
        with pytest.raises(IntegrityError, match="label_issues_apart"), transaction.atomic():
            LabelIssue.objects.create(**row)
        with pytest.raises(IntegrityError, match="were not received"), transaction.atomic():
            LabelIssue.objects.create(**row | {"last_position": issue.first_position + 5_000})
        delivery = LabelDelivery.objects.get()
        with pytest.raises(IntegrityError, match="label_deliveries_apart"), transaction.atomic():
            LabelDelivery.objects.create(
                first_position=delivery.last_position,
                last_position=delivery.last_position,
                width=5,
                received_at=AT,
            )
        with pytest.raises(IntegrityError, match="only taken back"), transaction.atomic():
            LabelIssue.objects.update(partner_id=make_partner().pk)


def _use(partner: Partner, device_id: Any, serial: str) -> LabelUse:
    with partner_scope(partner.pk):
        return use_label(partner.pk, device_id=device_id, serial=serial, by=BY, at=AT)


def _spoil(partner: Partner, serial: str, reason: str = "Torn at the edge") -> LabelUse:
    with partner_scope(partner.pk):
        return spoil_label(partner.pk, serial=serial, reason=reason, by=BY, at=AT)


def _serial_of(device_id: Any) -> str:
    with mar_scope():
        return Device.objects.get(pk=device_id).gmrl_serial


def test_label_goes_on_one_pc_once(partner: Partner) -> None:
    issue = make_labels(partner)
    first, second = (build.device_id for build in make_builds(2, partner=partner))
    assert _use(partner, first, issue.first_serial.lower()).serial == issue.first_serial
    assert _serial_of(first) == issue.first_serial
    for device_id, serial, code in (
        (second, issue.first_serial, "label_gone"),
        (first, issue.last_serial, "pc_has_a_label"),
        (second, "Q1", "label_not_yours"),
        (second, "?", "label_not_yours"),
    ):
        with pytest.raises(LabelRefused) as refused:
            _use(partner, device_id, serial)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        _use(partner, make_builds(1)[0].device_id, issue.last_serial)
    with partner_scope(partner.pk):
        assert label_stock(partner.pk).left == 9


def test_another_partners_label_is_like_none(partner: Partner) -> None:
    issue = make_labels(make_partner())
    (build,) = make_builds(1, partner=partner)
    with pytest.raises(LabelRefused) as refused:
        _use(partner, build.device_id, issue.first_serial)
    assert refused.value.code == "label_not_yours"
    with (
        partner_scope(partner.pk),
        pytest.raises(IntegrityError, match="was not issued to the partner"),
        transaction.atomic(),
    ):
        LabelUse.objects.create(
            partner=partner, issue_id=issue.pk, position=issue.first_position, kind="used",
            device_id=build.device_id, noted_at=AT,
        )  # fmt: skip


def test_spoiled_label_frees_its_pc_and_stays_spoiled(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    _use(partner, build.device_id, issue.first_serial)
    with pytest.raises(Invalid):
        _spoil(partner, issue.first_serial, " no ")
    _spoil(partner, issue.first_serial)
    assert _serial_of(build.device_id) == ""
    with pytest.raises(LabelRefused):
        _spoil(partner, issue.first_serial)
    _use(partner, build.device_id, issue.last_serial)
    with partner_scope(partner.pk):
        stock = label_stock(partner.pk)
        assert (stock.used, stock.spoiled, stock.left) == (1, 1, 8)
        with pytest.raises(IntegrityError, match="stays spoiled"), transaction.atomic():
            LabelUse.objects.filter(kind="spoiled").update(kind="used")


def test_only_an_unused_range_is_taken_back_once(partner: Partner) -> None:
    issue, other = make_labels(partner), make_labels(partner)
    _spoil(partner, other.first_serial)
    with mar_scope():
        take_labels_back(issue.pk, by=BY, at=AT)
        for kept in (issue.pk, other.pk):
            with pytest.raises(LabelRefused):
                take_labels_back(kept, by=BY, at=AT)
        issue_labels(make_partner().pk, first=issue.first_serial, last=issue.last_serial, by=BY, at=AT)
    with pytest.raises(LabelRefused):
        _spoil(partner, issue.first_serial)


def test_a_label_renewed_on_its_pc_counts_once_and_its_month_stays(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    worn, fresh = issue.first_serial, issue.last_serial
    _use(partner, build.device_id, worn)
    later = AT + timedelta(days=30)
    with partner_scope(partner.pk):
        spoil_label(partner.pk, serial=worn, reason="torn off in the hall", by=BY, at=later)
        use_label(partner.pk, device_id=build.device_id, serial=fresh, by=BY, at=later)
    with mar_scope():
        found = label_months([partner.pk], AT)
    assert found == {partner.pk: [LabelMonth("2026-12", 0, 1, 0), LabelMonth("2026-11", 1, 0, 0)]}


def test_months_follow_microsofts_last_word_on_a_key_and_are_whole(partner: Partner) -> None:
    (build,) = make_builds(1, partner=partner)
    steps = ((10, 7, -40), (9, 10, -39), (10, 9, -5), (9, 10, 0), (8, 9, 1), (9, 8, 2))
    with mar_scope():
        for to, before, days in steps:
            LedgerEntry.objects.create(
                key=build.key, product=build.key.product, partner_id=partner.pk, from_state=before, to_state=to,
                reason="cbr.answered", actor_kind="system", actor_id="x", actor_label="x",
                recorded_at=AT + timedelta(days=days),
            )  # fmt: skip
        found = label_months([partner.pk], AT - timedelta(days=30))
    assert found == {partner.pk: [LabelMonth("2026-11", 0, 0, 0), LabelMonth("2026-10", 0, 0, 1)]}


def test_months_count_used_labels_against_enabled_keys(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    _use(partner, build.device_id, issue.first_serial)
    with mar_scope():
        for step, before in ((9, 7), (9, 13)):
            LedgerEntry.objects.create(
                key=build.key, product=build.key.product, partner_id=partner.pk, from_state=before, to_state=step,
                reason="cbr.answered", actor_kind="system", actor_id="x", actor_label="x",
                recorded_at=AT - timedelta(days=30),
            )  # fmt: skip
        found = label_months([partner.pk], AT - timedelta(days=60))
    assert found == {
        partner.pk: [LabelMonth("2026-11", 1, 0, 0), LabelMonth("2026-10", 0, 0, 1)],
    }


def test_database_lets_a_used_label_be_spoiled_and_nothing_else(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    (foreign,) = make_builds(1)
    used = _use(partner, build.device_id, issue.first_serial)
    for scope, change in (
        (partner_scope(partner.pk), {"spoiled_at": AT}),
        (partner_scope(partner.pk), {"reason": "torn"}),
        (mar_scope(), {"noted_at": AT - timedelta(days=60)}),
        (mar_scope(), {"kind": "spoiled", "reason": "torn", "spoiled_at": AT, "device_id": None}),
    ):
        with scope, pytest.raises(IntegrityError, match="only ever spoiled"), transaction.atomic():
            LabelUse.objects.filter(pk=used.pk).update(**change)
    with mar_scope(), pytest.raises(IntegrityError, match="of its own partner"), transaction.atomic():
        LabelUse.objects.create(
            partner=partner, issue=issue, position=issue.last_position, serial=issue.last_serial, kind="used",
            device_id=foreign.device_id, noted_by="x", noted_at=AT,
        )  # fmt: skip
