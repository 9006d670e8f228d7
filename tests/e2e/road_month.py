"""Steps 7 and 8 of the road: the closed month is reviewed, approved by another person, issued and proved."""

import hashlib
import re
from pathlib import Path

import pikepdf
from pypdf import PdfReader

from tests.e2e.browsing import Person
from tests.e2e.stack import Stack

ROUNDS = 240  # of half a second: the worker renders several PDFs


def latest_draft(person: Person) -> tuple[str, str]:
    """Wait until the worker has built the latest closed month and return its report's path and number."""
    for _ in range(ROUNDS):
        person.go("/compliance/reports/?state=draft")
        rows = person.page.locator("#reports tbody [data-row-link]")
        if rows.count():
            number = rows.first.inner_text()
            rows.first.click()
            person.page.wait_for_url("**/compliance/reports/*-*/")
            return person.path, number
        person.page.wait_for_timeout(500)
    raise AssertionError("no draft was built")


def review(person: Person, path: str) -> None:
    """Review the draft as compliance; approving is then closed to the same person."""
    person.go(path)
    person.follow("Review")
    person.fill(note="Figures and exceptions read.")
    person.press("Record my review")
    person.reads("Your review is recorded.")
    with person.refused(403):
        person.go(f"{path}approve/")


def approve(person: Person, path: str) -> None:
    """Approve as another person and wait for the final files; the page asks for them by itself."""
    person.go(f"{path}approve/")
    person.press("Approve and issue")
    person.reads("Approved. The final files are being made.")
    person.page.get_by_role("heading", name="Issued files").wait_for(timeout=60_000)
    assert person.heading.endswith("Issued")


def download(person: Person, path: str, folder: Path) -> dict[str, Path]:
    """Download the issued files; each has the checksum that the page shows. Return them by their ending."""
    person.go(path)
    table = person.page.get_by_role("region", name="Issued files")
    found = {}
    for row in table.locator("tbody tr").all():
        with person.page.expect_download() as waiting:
            row.get_by_role("link").click()
        file = folder / waiting.value.suggested_filename
        waiting.value.save_as(file)
        shown = row.locator("td.mono").inner_text()
        assert hashlib.sha256(file.read_bytes()).hexdigest() == shown
        found[_kind_of(file)] = file
    return found


def read_pdf(file: Path, number: str, devices: Path) -> str:
    """Return the PDF's text; it is an archive file with the device list inside it, byte for byte."""
    with pikepdf.open(file) as pdf:
        assert list(pdf.attachments) == [devices.name]
        attached = pdf.attachments[devices.name].get_file().read_bytes()
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
    assert attached == devices.read_bytes()
    text = " ".join(page.extract_text() for page in PdfReader(file).pages)
    assert number in text
    return re.sub(r"\s+", " ", text)


def compare(person: Person, path: str) -> None:
    """Recreate the files from the frozen lines: every one is equal, byte for byte."""
    person.go(path)
    person.follow("Recreate and compare")
    person.press("Recreate and compare")
    comparison = person.page.get_by_role("region", name="Comparison")
    comparison.wait_for(timeout=60_000)
    verdicts = comparison.locator("tbody td").all_inner_texts()
    assert set(verdicts) == {"Equal to the stored file, byte for byte"}
    assert len(verdicts) >= 3


def chains_are_sound(person: Person, owner_name: str) -> None:
    """Find the owner's look at the key in the audit log, and have both chains verified on the page."""
    person.go("/compliance/audit/?action=licensing.key.revealed")
    person.page.locator("#audit tbody tr").filter(has_text=owner_name).first.wait_for()
    person.follow("Verify the chains")
    person.press("Verify now")
    person.page.get_by_role("button", name="Verify again").wait_for()
    assert person.page.locator("main").get_by_text("Sound", exact=True).count() == 2


def everything_adds_up(stack: Stack) -> None:
    """Verify ledger, audit log and invariants as an operator would."""
    for command in ("verify_ledger", "verify_audit", "check_invariants"):
        stack.must(command)


def _kind_of(file: Path) -> str:
    for kind in ("manifest.json", "devices.csv", "summary.csv"):
        if file.name.endswith(kind):
            return kind
    return file.suffix.removeprefix(".")
