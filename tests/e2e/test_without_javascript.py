"""The work goes on with JavaScript off: apply, sign in, order, upload, download (UX-F)."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.e2e import road_joining, road_stock
from tests.e2e.browsing import Crowd, Person
from tests.e2e.road_joining import Applicant
from tests.e2e.stack import Stack
from tests.e2e.totp import AuthenticatorApp

pytestmark = pytest.mark.slow
APPLICANT = Applicant("Ohne Skript GmbH", "DE123456796", "Olaf Still", "olaf@ohneskript.example")
PRODUCT = "WIN11-PRO-REF-COM"


def _newcomer(crowd: Crowd) -> Person:
    return crowd.newcomer(java_script_enabled=False)


def test_a_visitor_applies(crowd: Crowd) -> None:
    visitor = _newcomer(crowd)
    assert road_joining.apply(visitor, APPLICANT).startswith("A-")


def test_the_owner_signs_in_orders_takes_a_key_uploads_and_downloads(
    crowd: Crowd, stack: Stack, tmp_path: Path
) -> None:
    owner = _newcomer(crowd)
    account = road_joining.account_of(stack, "noor")
    code = AuthenticatorApp(account["totp_secret"]).code()
    road_joining.sign_in(owner, account["email"], account["password"], code)
    key_id = _order_one(owner)
    _take_it(owner)
    file = _download_sample(owner, key_id, tmp_path)
    owner.go("/tpr/builds/upload/")
    owner.page.locator("input[type=file]").set_input_files(file)
    owner.press("Upload")
    owner.page.wait_for_url("**/builds/uploads/*/")
    assert owner.heading == "1 of 1 accepted"


def test_a_delivery_is_uploaded_and_looked_at(crowd: Crowd, stack: Stack, tmp_path: Path) -> None:
    stefan = crowd.demo_person("stefan", java_script_enabled=False)
    file = tmp_path / "delivery.xml"
    stack.must("sample_fulfilment", "--keys", "3", "--lpn", "RFB-00102", "--out", str(file))
    stefan.go("/mar/stock/imports/new/")
    stefan.page.locator("input[type=file]").set_input_files(file)
    stefan.press("Upload and check")
    stefan.page.wait_for_url("**/stock/imports/*-*/")
    for _ in range(60):  # without scripts a person reloads
        if stefan.page.get_by_text("somebody else releases it").count():
            break
        stefan.page.wait_for_timeout(500)
        stefan.page.reload()
    stefan.reads("You uploaded it, so somebody else releases it")
    road_stock.reject(crowd.demo_person("jonas", java_script_enabled=False), stefan.path)


def test_a_report_is_downloaded(crowd: Crowd, tmp_path: Path) -> None:
    auditor = crowd.demo_person("anton", java_script_enabled=False)
    auditor.go("/compliance/reports/")
    for _ in range(120):  # the worker makes the old months' files
        if auditor.page.locator("#reports tbody [data-row-link]").count():
            break
        auditor.page.wait_for_timeout(500)
        auditor.page.reload()
    auditor.page.locator("#reports tbody [data-row-link]").last.click()
    row = auditor.page.locator("section[aria-labelledby=files] tbody tr").filter(has_text=".pdf").first
    for _ in range(120):
        if row.count():
            break
        auditor.page.wait_for_timeout(500)
        auditor.page.reload()
    with auditor.page.expect_download() as waiting:
        row.get_by_role("link").click()
    file = tmp_path / "report.pdf"
    waiting.value.save_as(file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == row.locator("td.mono").inner_text()


def _order_one(owner: Person) -> str:
    owner.go(f"/tpr/order/{PRODUCT}/")
    owner.fill(quantity="1")
    owner.press("Check this quantity")
    owner.press("Place order")
    owner.page.wait_for_url("**/tpr/orders/*-*/")
    owner.page.locator("main table tbody a").first.click()
    owner.page.wait_for_url("**/tpr/keys/*/")
    return owner.heading.split()[0]


def _take_it(owner: Person) -> None:
    """Look at the key: the second factor of the sign-in is still fresh, the key stays until one leaves."""
    owner.follow("Show the key")
    owner.fill(manufacturer="HP", model="EliteBook 840 G6", serial="NOSCRIPT1", reason="No station here")
    owner.press("Show the key")
    groups = owner.page.locator("[data-reveal-key] span").all_inner_texts()
    assert re.fullmatch(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}", "-".join(groups))
    owner.follow("Hide now")


def _download_sample(owner: Person, key_id: str, folder: Path) -> Path:
    owner.go(f"/tpr/keys/{key_id}/")
    with owner.page.expect_download() as waiting:
        owner.follow("Download OA3.xml")
    file = folder / "OA3.xml"
    waiting.value.save_as(file)
    return file
