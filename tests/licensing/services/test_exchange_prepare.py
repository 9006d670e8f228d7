"""Ready builds become reports: valid files, no key twice, bad ones sent back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.storage import read_bytes
from core.tenancy import mar_scope
from licensing.exchange.xsd import validate
from licensing.models import Build, CbrLine, ComputerBuildReport, ProductKey
from licensing.services.exchange_prepare import ExchangeNotReady, prepare_reports
from tests.factories import AT, make_mar, make_partner
from tests.factories.exchange import make_builds

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture(autouse=True)
def mar(db: None) -> None:
    make_mar()


def test_builds_of_several_partners_share_a_report_and_no_key_moves() -> None:
    builds = make_builds(2) + make_builds(1)
    (report_id,) = prepare_reports(at=AT, by=BY)
    with mar_scope():
        report = ComputerBuildReport.objects.get(pk=report_id)
        assert (report.state, report.line_count, report.sent_at) == ("prepared", 3, None)
        lines = set(CbrLine.objects.values_list("key_id", "build_id", "partner_id"))
        assert lines == {(build.key_id, build.pk, build.partner_id) for build in builds}
        assert set(ProductKey.objects.filter(cbr_lines__isnull=False).values_list("state", flat=True)) == {3}
        xml = read_bytes(report.file_path, sha256=report.file_sha256)
    assert validate(xml, "cbr") == []
    assert str(report_id) in xml.decode()
    assert all(build.key.product_key_id in xml.decode() for build in builds)


def test_second_run_finds_nothing_to_prepare() -> None:
    make_builds(2)
    assert len(prepare_reports(at=AT, by=BY)) == 1
    assert prepare_reports(at=AT, by=BY) == []


def test_batches_hold_at_most_the_set_number_and_the_longest_waiting_first(settings: Any) -> None:
    settings.EXCHANGE_BATCH_SIZE = 2
    young = make_builds(1, at=AT)
    old = make_builds(2, at=AT - timedelta(days=2))
    first, second = prepare_reports(at=AT, by=BY)
    with mar_scope():
        assert set(CbrLine.objects.filter(report_id=first).values_list("build_id", flat=True)) == {
            b.pk for b in old
        }
        assert list(CbrLine.objects.filter(report_id=second).values_list("build_id", flat=True)) == [
            young[0].pk
        ]


@pytest.mark.parametrize("hold", ["lost_or_stolen", "disputed"])
def test_held_keys_stay_behind(hold: str) -> None:
    held, free = make_builds(2)
    with mar_scope():
        ProductKey.objects.filter(pk=held.key_id).update(hold=hold)
    prepare_reports(at=AT, by=BY)
    with mar_scope():
        assert list(CbrLine.objects.values_list("build_id", flat=True)) == [free.pk]


@pytest.mark.parametrize("state", ["needs_details", "reverted", "sent"])
def test_other_builds_stay_behind(state: str) -> None:
    (build,) = make_builds(1)
    with mar_scope():
        Build.objects.filter(pk=build.pk).update(state=state)
    assert prepare_reports(at=AT, by=BY) == []


def test_build_that_microsoft_would_refuse_goes_back_for_details_and_stops_nobody() -> None:
    bad, good = make_builds(2)
    with mar_scope():
        Build.objects.filter(pk=bad.pk).update(screen_size="large")
    prepare_reports(at=AT, by=BY)
    with mar_scope():
        assert Build.objects.get(pk=bad.pk).state == "needs_details"
        assert list(CbrLine.objects.values_list("build_id", flat=True)) == [good.pk]


def test_report_of_bad_builds_only_is_not_written() -> None:
    (bad,) = make_builds(1)
    with mar_scope():
        Build.objects.filter(pk=bad.pk).update(form_factor="Toaster")
    assert prepare_reports(at=AT, by=BY) == []
    with mar_scope():
        assert ComputerBuildReport.objects.count() == 0


def test_without_the_customer_number_nothing_is_prepared() -> None:
    make_mar(sold_to_id="")
    make_builds(1)
    with pytest.raises(ExchangeNotReady):
        prepare_reports(at=AT, by=BY)
    with mar_scope():
        assert ComputerBuildReport.objects.count() == 0


def test_database_refuses_a_key_in_two_open_reports() -> None:
    (build,) = make_builds(1)
    prepare_reports(at=AT, by=BY)
    with mar_scope():
        other = ComputerBuildReport.objects.create(
            id=uuid4(), connector="file", state="prepared", line_count=1, prepared_at=AT
        )
        with pytest.raises(IntegrityError, match="cbr_key_open_once"), transaction.atomic():
            CbrLine.objects.create(
                report=other, partner_id=build.partner_id, key_id=build.key_id, build=build
            )


def test_partner_sees_his_own_lines_only() -> None:
    from core.tenancy import partner_scope

    mine = make_partner()
    (build,) = make_builds(1, partner=mine)
    make_builds(1)
    prepare_reports(at=AT, by=BY)
    with partner_scope(mine.id):
        assert list(CbrLine.objects.values_list("build_id", flat=True)) == [build.pk]
