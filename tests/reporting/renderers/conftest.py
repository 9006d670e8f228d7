"""One rendered PDF of each kind, shared by the tests that read it back."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdf
import pytest

from reporting.builders.usage_report import UsageReport
from reporting.renderers.pdf import RenderedPdf, render_usage_report
from reporting.renderers.summary_csv import write_summary_csv
from tests.reporting import samples

FONTS = Path(__file__).resolve().parents[3] / "static" / "vendor"


@dataclass(frozen=True)
class ReadBack:
    """A PDF, what it was made of, and what two other programs read in it."""

    report: UsageReport
    device_csv: bytes
    pdf: RenderedPdf
    pages: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the text of all pages with single spaces."""
        return " ".join(" ".join(self.pages).split())

    def open(self) -> pikepdf.Pdf:
        """Open the file for its structure."""
        return pikepdf.open(BytesIO(self.pdf.content))


def read_back(report: UsageReport, device_csv: bytes, *, is_attached: bool = True) -> ReadBack:
    """Render a report and read its text."""
    pdf = render_usage_report(
        report,
        device_csv=device_csv if is_attached else None,
        summary_csv=write_summary_csv(report),
        fonts_dir=FONTS,
        created_at=samples.MADE_AT,
    )
    pages = pypdf.PdfReader(BytesIO(pdf.content)).pages
    return ReadBack(report, device_csv, pdf, tuple(page.extract_text() for page in pages))


@pytest.fixture(scope="session")
def original() -> ReadBack:
    return read_back(*samples.make_report())


@pytest.fixture(scope="session")
def correction() -> ReadBack:
    return read_back(*samples.make_report(head=samples.correction_header(), partners=4))


@pytest.fixture(scope="session")
def draft() -> ReadBack:
    head = samples.header(is_draft=True, reviewed_by=None, approved_by=None)
    report, csv = samples.make_report(
        head=head, partners=3, denied=0, unreported=0, adjustments=0, has_trend=False
    )
    return read_back(report, csv, is_attached=False)
