"""Files without the cost of a real PDF, for tests whose subject is not the PDF."""

from typing import Any

import pytest

from reporting.renderers.pdf import RenderedPdf
from reporting.services import documents


@pytest.fixture
def quick_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render a few honest bytes that depend on what a PDF would depend on."""

    def render(report: Any, *, device_csv: bytes | None, created_at: Any, **_options: Any) -> RenderedPdf:
        header = report.header
        text = (
            f"%PDF {header.number} {header.is_draft} {header.reviewed_by} {header.approved_by} {created_at}"
        )
        return RenderedPdf(text.encode(), 1, ())

    monkeypatch.setattr(documents, "render_usage_report", render)
