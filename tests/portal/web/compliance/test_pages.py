"""Compliance pages: who may see and do what, and what each act changes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.actor import Actor
from core.models import AuditEvent, OutboxItem
from core.periods import Period
from core.tenancy import mar_scope
from licensing.models import Device
from reporting.models import ReportFile, UsageReport
from reporting.renderers.pdf import RenderedPdf
from reporting.services import comparing, documents
from reporting.services.building import begin_report, build_usage_report
from reporting.services.issuing import issue_report
from tests.factories import make_mar, make_member, make_partner, make_product, make_stock
from tests.reporting import world
from tests.web import sign_in

BY = Actor.system("test")
DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


@pytest.fixture
def report_id(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Return the draft of October, in a database that may be committed to."""
    monkeypatch.setattr(documents, "render_usage_report", lambda report, **_: RenderedPdf(b"%PDF-1.7", 1, ()))
    make_mar()
    keys = make_stock(make_product(), 5, at=DAY - timedelta(days=40))
    world.order(make_partner(name="Zweitwerk GmbH"), keys[:3], DAY)
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2))
    world.enable(keys[1], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2), code="01")
    world.hand_over(keys[2], DAY)
    with mar_scope():
        Device.objects.filter(hand_overs__key=keys[1]).update(sold_on="2026-10-20")
        begun = begin_report(Period(2026, 10), by=BY, at=CLOSED)
    assert begun is not None
    build_usage_report(report_id=begun, by=BY, at=CLOSED)
    return begun


def _as(role: str, **fields: Any) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def _url(name: str, *args: Any) -> str:
    return reverse(f"compliance:{name}", args=args)


def _state(report_id: UUID) -> str:
    with mar_scope():
        return UsageReport.objects.get(pk=report_id).state


PAGES = ("home", "report-list", "report-detail", "audit")


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("compliance", (200, 200, 200, 200)),
        ("auditor", (200, 200, 200, 200)),
        ("mar_approver", (403, 200, 200, 403)),
        ("mar_stock", (403, 403, 403, 403)),
        ("tpr_owner", (404, 404, 404, 404)),
    ],
)
def test_each_role_meets_its_own_pages(report_id: UUID, role: str, expected: tuple[int, ...]) -> None:
    partner = make_partner() if role.startswith("tpr") else None
    client = _as(role, partner=partner)
    paths = [_url(name, *([report_id] if name == "report-detail" else [])) for name in PAGES]
    assert tuple(client.get(path).status_code for path in paths) == expected


def test_visitor_is_sent_to_sign_in(report_id: UUID) -> None:
    response = Client().get(_url("report-detail", report_id))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_missing_report_and_file_are_not_found(report_id: UUID) -> None:
    client = _as("compliance")
    for path in (
        _url("report-detail", uuid4()),
        _url("report-review", uuid4()),
        _url("report-file", report_id, uuid4()),
        _url("exception-list", "nonsense"),
    ):
        assert client.get(path).status_code == 404


def test_cockpit_counts_the_exceptions_and_links_the_keys(report_id: UUID) -> None:
    client = _as("compliance")
    page = client.get(_url("home")).content.decode()
    assert "Can I close October 2026?" in page
    assert "Denied, but sold: 1" in page
    assert "Duplicates: 1" in page
    for kind in ("denied_sold", "duplicates", "unreported_7"):
        listed = client.get(_url("exception-list", kind))
        assert listed.status_code == 200
        assert "Zweitwerk GmbH" in listed.content.decode()


def test_report_page_shows_figures_partners_and_the_next_step(report_id: UUID) -> None:
    page = _as("compliance").get(_url("report-detail", report_id)).content.decode()
    for text in (
        "UR-2026-10",
        "Compliance reviews the draft.",
        "Zweitwerk GmbH",
        "Free stock",
        "UR-2026-10-DRAFT.pdf",
    ):
        assert text in page
    assert _url("report-review", report_id) in page
    assert _url("report-review", report_id) not in (
        _as("mar_approver").get(_url("report-detail", report_id)).content.decode()
    )


def test_report_goes_from_draft_to_accepted_over_the_pages(report_id: UUID) -> None:
    clara, anton = _as("compliance", name="Clara"), _as("mar_approver", name="Anton")
    assert clara.post(_url("report-review", report_id), {"note": "Looked at all."}).status_code == 302
    assert clara.get(_url("report-approve", report_id)).status_code == 403
    assert anton.post(_url("report-approve", report_id)).status_code == 302
    with mar_scope():
        assert OutboxItem.objects.filter(task="reporting.issue_report").count() == 1
    issue_report(report_id=report_id, by=BY, at=CLOSED)
    assert clara.post(_url("report-submit", report_id), {"reference": "MS-1"}).status_code == 302
    assert clara.post(_url("report-answer", report_id), {}).status_code == 422
    assert clara.post(_url("report-answer", report_id), {"answer": "accepted"}).status_code == 302
    assert _state(report_id) == "accepted"
    page = clara.get(_url("report-detail", report_id)).content.decode()
    assert "Looked at all." in page
    assert "Issued files" in page


def test_approval_asks_for_a_fresh_second_factor(report_id: UUID) -> None:
    stale = sign_in(Client(), make_member("mar_approver"), second_factor_age=3600)
    response = stale.post(_url("report-approve", report_id))
    assert response.status_code == 302
    assert "reauthenticate" in response["Location"]
    assert _state(report_id) == "draft"


def test_step_out_of_turn_is_refused_in_words_and_audited(report_id: UUID) -> None:
    response = _as("mar_approver").post(_url("report-approve", report_id))
    assert response.status_code == 409
    assert "not at the point where this can be done" in response.content.decode()
    assert _state(report_id) == "draft"
    with mar_scope():
        refused = AuditEvent.objects.get(action="portal.request.refused")
    assert refused.facts["code"] == "report_cannot_move"


def test_correction_begins_with_a_reason_and_leads_to_the_new_revision(report_id: UUID) -> None:
    clara = _as("compliance")
    assert clara.post(_url("report-correct", report_id), {"reason": ""}).status_code == 422
    response = clara.post(_url("report-correct", report_id), {"reason": "A serial was wrong."})
    with mar_scope():
        correction = UsageReport.objects.get(number="UR-2026-10-R2")
    assert response["Location"] == _url("report-detail", correction.pk)
    page = clara.get(response["Location"]).content.decode()
    assert "A serial was wrong." in page
    assert "The report is being built" in page
    assert "Open UR-2026-10-R2" in clara.get(_url("report-detail", report_id)).content.decode()


def test_download_sends_the_stored_bytes_under_their_name_and_is_audited(report_id: UUID) -> None:
    with mar_scope():
        file = ReportFile.objects.get(report_id=report_id, kind="devices")
    response = _as("auditor", name="Aude").get(_url("report-file", report_id, file.pk))
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert content.decode().splitlines()[0].startswith("report_month,tpr_code,")
    assert len(content) == file.size
    assert response["Content-Disposition"] == 'attachment; filename="UR-2026-10-DRAFT-devices.csv"'
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"] == "text/csv"
    with mar_scope():
        event = AuditEvent.objects.get(action="reporting.file.downloaded")
    assert (str(event.actor_label), event.facts["sha256"]) == ("Aude", file.sha256)


def test_file_of_another_report_is_not_found(report_id: UUID) -> None:
    with mar_scope():
        file = ReportFile.objects.filter(report_id=report_id).first()
    assert file is not None
    assert _as("compliance").get(_url("report-file", uuid4(), file.pk)).status_code == 404


def test_recreate_and_compare_is_queued_and_its_outcome_shown(report_id: UUID) -> None:
    clara = _as("compliance", name="Clara")
    assert clara.post(_url("report-compare", report_id)).status_code == 302
    page = clara.get(_url("report-detail", report_id)).content.decode()
    assert "recreated and compared" in page
    assert "HX-Refresh" not in clara.get(_url("report-progress", report_id))
    comparing.compare_report(report_id=report_id, by=Actor.system("Clara"), at=CLOSED)
    assert clara.get(_url("report-progress", report_id))["HX-Refresh"] == "true"
    page = clara.get(_url("report-detail", report_id)).content.decode()
    assert "the files are what they were" in page


def test_report_that_could_not_be_built_says_why_and_can_be_built_again(report_id: UUID) -> None:
    with mar_scope():
        failed = begin_report(Period(2026, 9), by=BY, at=CLOSED)
        UsageReport.objects.filter(pk=failed).update(problem="WIN11: expected 7, found 6")
    clara = _as("compliance")
    page = clara.get(_url("report-detail", failed)).content.decode()
    assert "WIN11: expected 7, found 6" in page
    assert clara.post(_url("report-build", failed)).status_code == 302
    with mar_scope():
        assert UsageReport.objects.get(pk=failed).problem == ""


def test_audit_log_tells_in_sentences_and_filters(report_id: UUID) -> None:
    auditor = _as("auditor")
    page = auditor.get(_url("audit")).content.decode()
    assert "made the draft files of report UR-2026-10" in page
    assert "took a key for a device by a station" in page
    only = auditor.get(_url("audit"), {"action": "reporting.report.begun"}).content.decode()
    assert "took a key" not in only
    by_object = auditor.get(_url("audit"), {"object": str(report_id)}).content.decode()
    assert "began report UR-2026-10" in by_object
    assert "took a key" not in by_object
    nobody = auditor.get(_url("audit"), {"actor": "nobody at all"}).content.decode()
    assert "began report" not in nobody


def test_chains_are_verified_by_compliance_only_and_a_bad_row_is_named(
    report_id: UUID, cloned_db: str
) -> None:
    from core.services.seal import seal_stream
    from core.streams import AUDIT_STREAM
    from tests.databases import owner_connection

    assert _as("auditor").get(_url("chain-verify")).status_code == 403
    clara = _as("compliance")
    with mar_scope():
        seal_stream(AUDIT_STREAM, at=CLOSED)
    assert "Sound" in clara.post(_url("chain-verify")).content.decode()
    connection.close()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_auditevent SET action = 'x' WHERE id = 3")
    page = clara.post(_url("chain-verify")).content.decode()
    assert "Broken at row 3" in page
    assert "the row was changed after it was sealed" in page


def test_lists_ask_the_same_number_of_queries_for_one_and_three_rows(report_id: UUID) -> None:
    clara = _as("compliance")

    def count(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert clara.get(path).status_code == 200
        return len(queries)

    paths = [_url("report-list"), _url("audit"), _url("home"), _url("exception-list", "unreported_7")]
    clara.get(paths[0])
    before = [count(path) for path in paths]
    product, partner = make_product(), make_partner()
    keys = make_stock(product, 3, at=DAY - timedelta(days=40))
    world.order(partner, keys, DAY)
    for key in keys:
        world.hand_over(key, DAY)
    with mar_scope():
        for month in (7, 8):
            begin_report(Period(2026, month), by=BY, at=CLOSED)
    assert [count(path) for path in paths] == before
    assert max(before) <= 20


def test_pages_carry_no_inline_style_or_script(report_id: UUID) -> None:
    clara = _as("compliance")
    for name in ("home", "report-list", "audit", "chain-verify"):
        page = clara.get(_url(name)).content.decode()
        assert re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", page) is None, name
