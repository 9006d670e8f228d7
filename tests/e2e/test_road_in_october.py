"""One key through October by the services themselves, into October's issued report: its very line in CSV and PDF.

The browser's road ends in the running month, whose report does not exist yet. Here the same services are
called with the instants of a month that is over.
"""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pikepdf
import pytest
from django.core.files.storage import default_storage
from pypdf import PdfReader

from core.actor import Actor
from core.models import User
from core.periods import Period
from core.services.seal import seal_stream, streams, verify_stream
from core.tenancy import mar_scope, partner_scope
from licensing.models import Product
from licensing.rules.devices import DeviceIdentity
from licensing.services.build_uploads import report_files
from licensing.services.exchange import run_exchange
from licensing.services.hand_over import claim_key
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload, release_batch
from licensing.services.onboarding import open_account
from licensing.services.orders import OrderRequest, place_order
from licensing.services.samples import sample_oa3
from partners.models import Invitation, Partner
from partners.services.api_keys import create_api_key
from partners.services.applications import (
    approve_application,
    claim_application,
    recommend,
)
from partners.services.invitations import accept_invitation
from partners.services.terms import accept_terms
from partners.services.tokens import invitation_token
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.services.building import begin_report, build_usage_report
from reporting.services.comparing import compare_report
from reporting.services.invariants import check_all
from reporting.services.issuing import issue_report
from reporting.services.workflow import approve_report, review_report
from tests.factories import actor_for, hash_of, make_mar, make_member, make_product, make_terms
from tests.factories.applications import make_application

pytestmark = pytest.mark.slow
DAY = datetime(2026, 10, 6, 9, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
COMPANY = "=HYPERLINK(1) Wieder Da GmbH"
SYSTEM = Actor.system("test")
EXPECTED = {
    "report_month": "2026-10",
    "tpr_name": f"'{COMPANY}",
    "licensable_part_number": "RFB-00101",
    "product_key_id": "",
    "device_manufacturer": "LENOVO",
    "device_model": "ThinkPad T490",
    "device_serial": "PF2OCT01",
    "form_factor": "Notebook",
    "key_state": "ActivationEnabled",
    "ack_code": "00",
}
PC = DeviceIdentity("LENOVO", "ThinkPad T490", "PF2OCT01")


def _partner(marta: User, jonas: User) -> tuple[Partner, User]:
    """Take the partner in: application, review, another person's approval, the owner's invitation, the terms."""
    applied = make_application(
        company=COMPANY, contact_name="Ida Wolff", contact_email="ida@wiederda.example",
        wiping_standard="IEEE 2883-2022", expected_volume=40, at=DAY,
    )  # fmt: skip
    terms = make_terms()
    with mar_scope():
        claim_application(applied.pk, by=actor_for(marta), at=DAY)
        recommend(applied.pk, recommendation="approve", note="Checked.", by=actor_for(marta), at=DAY)
        partner = approve_application(
            applied.pk, credit_limit=Decimal(5000), currency="EUR", by=actor_for(jonas), at=DAY
        )
        open_account(partner.pk, monthly_quantity=80, families=["commercial"], by=actor_for(jonas), at=DAY)
        invitation = Invitation.objects.get(partner=partner)
    owner = accept_invitation(
        invitation_token(invitation.pk), name="Ida Wolff", password="x", by=Actor.system("visitor"), at=DAY
    )
    with partner_scope(partner.pk):
        accept_terms(
            partner_id=partner.pk, terms_id=terms.pk, text_sha256=hash_of(terms), role="tpr_owner",
            by=actor_for(owner, partner=partner), at=DAY,
        )  # fmt: skip
    return partner, owner


def _stock(product: Product, stefan: User, jonas: User) -> None:
    """Import a delivery of three keys: uploaded, checked, released by another person."""
    at = DAY + timedelta(hours=1)
    content = sample_delivery(
        "xml", keys=3, part_numbers=[product.lpn], sold_to_id="0000123456", seed="october", at=at
    )
    with mar_scope():
        batch = receive_upload([content], file_name="october.xml", by=actor_for(stefan), at=at)
    validate_batch(batch.pk, at=at)
    with mar_scope():
        release_batch(batch.pk, by=actor_for(jonas), at=at)
        complete_release(batch.pk, at=at)


def _licensed_pc(partner: Partner, owner: User, product: Product) -> str:
    """Order one key, have a station take it for the PC and report the build; return the key's id."""
    at, by = DAY + timedelta(hours=2), actor_for(owner, partner=partner)
    with partner_scope(partner.pk):
        place_order(
            partner_id=partner.pk,
            request=OrderRequest(product.pk, 1),
            idempotency_key="october",
            by=by,
            at=at,
        )
        station, _ = create_api_key(
            partner.pk, name="Line 1", scopes=["keys:claim"], daily_claims=5, by=by, at=at
        )
        handed = claim_key(
            partner_id=partner.pk, product_code=product.code, device=PC, idempotency_key="pc-1", station=station,
            by=by, at=at,
        )  # fmt: skip
        xml = sample_oa3(partner_id=partner.pk, product_key_id=handed.product_key_id)
        upload = report_files(
            partner_id=partner.pk, files=[("OA3.xml", xml)], file_name="OA3.xml", by=by, at=at
        )
    assert upload.accepted_count == 1, upload.outcomes
    return handed.product_key_id


def _issued_report(carla: User, jonas: User) -> UsageReport:
    """Close October: build, review, another person's approval, issue."""
    with mar_scope():
        report_id = begin_report(Period(2026, 10), by=SYSTEM, at=NOVEMBER)
    assert report_id is not None
    build_usage_report(report_id=report_id, by=SYSTEM, at=NOVEMBER)
    with mar_scope():
        review_report(report_id=report_id, note="Read.", by=actor_for(carla), at=NOVEMBER)
        approve_report(report_id=report_id, by=actor_for(jonas), at=NOVEMBER)
    issue_report(report_id=report_id, by=SYSTEM, at=NOVEMBER)
    with mar_scope():
        report = UsageReport.objects.get(pk=report_id)
    assert (report.state, report.problem) == (ReportState.ISSUED, "")
    return report


def _files(report: UsageReport) -> dict[str, bytes]:
    with mar_scope():
        paths = list(ReportFile.objects.filter(report=report, is_draft=False).values_list("kind", "path"))
    contents = {}
    for kind, path in paths:
        with default_storage.open(path) as file:
            contents[kind] = file.read()
    return contents


@pytest.fixture
def road(cloned_db: str) -> tuple[UsageReport, dict[str, bytes], str]:
    """Walk the road; return October's report, its issued files and the key's id."""
    make_mar()
    marta, jonas, stefan, carla = (
        make_member(role, name=name)
        for role, name in (
            ("mar_admin", "Marta Krüger"), ("mar_approver", "Jonas Weber"), ("mar_stock", "Stefan Lindner"),
            ("compliance", "Carla Nowak"),
        )
    )  # fmt: skip
    product = make_product(code="WIN11-PRO-REF", lpn="RFB-00101", name="Windows 11 Pro")
    partner, owner = _partner(marta, jonas)
    _stock(product, stefan, jonas)
    key_id = _licensed_pc(partner, owner, product)
    run_exchange(at=DAY + timedelta(hours=3))
    run_exchange(at=DAY + timedelta(hours=5))
    report = _issued_report(carla, jonas)
    return report, _files(report), key_id


def test_the_key_stands_in_octobers_report_in_csv_and_pdf(
    road: tuple[UsageReport, dict[str, bytes], str],
) -> None:
    report, files, key_id = road
    (line,) = csv.DictReader(io.StringIO(files["devices"].decode("utf-8-sig")))
    shown = {name: line[name] for name in EXPECTED}
    assert shown == EXPECTED | {"product_key_id": key_id}
    with pikepdf.open(io.BytesIO(files["report"])) as pdf:
        (attached,) = pdf.attachments.values()
        assert attached.get_file().read_bytes() == files["devices"]
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(files["report"])).pages)
    for words in (report.number, "Wieder Da GmbH", "Carla Nowak", "Jonas Weber", "Windows 11 Pro"):
        assert words in text
    _formulas_are_guarded(files)
    _everything_is_sound(report)


def _formulas_are_guarded(files: dict[str, bytes]) -> None:
    """The company's name begins like a formula: in a spreadsheet it has to stay a text."""
    rows = list(csv.reader(io.StringIO(files["summary"].decode("utf-8-sig"))))
    rows += list(csv.reader(io.StringIO(files["devices"].decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert f"'{COMPANY}" in cells
    assert [cell for cell in cells if cell.startswith("=")] == []


def _everything_is_sound(report: UsageReport) -> None:
    outcome = compare_report(report_id=report.pk, by=SYSTEM, at=NOVEMBER)
    assert {file["verdict"] for file in outcome["files"]} == {"equal"}
    for stream in streams():
        with mar_scope():
            seal_stream(stream, at=NOVEMBER)
            assert verify_stream(stream, at=NOVEMBER).is_sound
    assert [check.code for check in check_all(at=NOVEMBER) if not check.holds] == []
