"""Documents as PDF/A-3a, the usage report first; the only module that knows WeasyPrint.

The same report, files, fonts and renderer give the same bytes in any process: all instants come
from the caller, and nothing is fetched but the fonts named here.
"""

import gc
import logging
import os
import re
import warnings
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from django.template import Context, Engine
from django.utils import translation
from django.utils.safestring import mark_safe
from weasyprint import HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import (
    FatalURLFetchingError,
    URLFetcher,
    URLFetcherResponse,
)

from reporting.builders.lines import DeviceFile
from reporting.builders.usage_report import UsageReport
from reporting.renderers.fonts import FONT_FILES, read_fonts
from reporting.renderers.pdf_context import report_context
from reporting.rules.key_pattern import KeyScanner, refuse_keys
from reporting.rules.numbering import document_name

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "pdf"
LANGUAGE = "en"
ATTACHMENT_LIMIT = 20_000_000  # bytes; a longer device CSV is delivered beside the PDF
PARTNER_LIMIT = 3_000  # rows; beyond it the document would need minutes and a gigabyte
FONT_SCHEME = "report-font:"


class ResourceRefused(Exception):
    """The document asked for something outside itself; carries the addresses."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self.addresses = addresses
        super().__init__(f"refused to fetch: {', '.join(addresses)}")


class RenderingFailed(Exception):
    """A part of the document could not be drawn; carries what the renderer said."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        self.messages = messages
        super().__init__("; ".join(messages))


class AttachmentMismatch(ValueError):
    """The device CSV is not the file whose size and SHA-256 the report prints."""


class TooManyPartners(ValueError):
    """The report has more partner rows than one document can carry."""


@dataclass(frozen=True, slots=True)
class RenderedPdf:
    """A PDF with what made it: pages, and every font face in it by name."""

    content: bytes
    pages: int
    fonts: tuple[str, ...]


class SealedFetcher(URLFetcher):  # type: ignore[misc]
    """Gives out the report's fonts and `data:` addresses; anything else ends the rendering.

    WeasyPrint swallows even the fatal error inside an SVG, so refusals are remembered as well.
    """

    def __init__(self, fonts: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self._fonts = {FONT_SCHEME + path: content for path, content in fonts.items()}
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return a named font or the content of a `data:` address.

        :raises FatalURLFetchingError: for every other address.
        """
        if url in self._fonts:
            return URLFetcherResponse(url, self._fonts[url], {"Content-Type": "font/woff2"})
        if url.startswith("data:"):
            return _data_response(url)
        return self.refuse(url)

    def refuse(self, url: str) -> NoReturn:
        """Remember the address and end the rendering.

        :raises FatalURLFetchingError: always.
        """
        self.refused.append(url[:200])
        raise FatalURLFetchingError(f"refused to fetch {url[:200]}")

    def check(self) -> None:
        """Let a rendering pass that asked for nothing else.

        :raises ResourceRefused: it did.
        """
        if self.refused:
            raise ResourceRefused(tuple(self.refused))


def _data_response(url: str) -> URLFetcherResponse:
    """Return the content of a `data:` address (RFC 2397) without asking any opener."""
    head, _comma, body = url.removeprefix("data:").partition(",")
    media_type, is_base64 = head.removesuffix(";base64"), head.endswith(";base64")
    content = unquote_to_bytes(body)
    kind = media_type.split(";")[0] or "text/plain"
    return URLFetcherResponse(url, b64decode(content) if is_base64 else content, {"Content-Type": kind})


def render_usage_report(
    report: UsageReport,
    *,
    device_csv: bytes | None,
    summary_csv: bytes,
    fonts_dir: Path,
    created_at: datetime,
) -> RenderedPdf:
    """Return the report as PDF/A-3a, with the device CSV attached up to 20 MB, else the summary CSV.

    `device_csv` may be None where the file is known to be too long to hold. `created_at` becomes
    every date inside the PDF, in UTC.

    :raises TooManyPartners: more rows than one document carries.
    :raises AttachmentMismatch: `device_csv` is not the file the report describes.
    :raises KeyInDocument: a page or the attachment would show a full product key.
    :raises FontMissing: a font file is not there.
    :raises ResourceRefused: the document asked for something outside itself.
    :raises RenderingFailed: a part of the document could not be drawn.
    """
    if len(report.partners) > PARTNER_LIMIT:
        raise TooManyPartners(f"{len(report.partners)} partners, at most {PARTNER_LIMIT}")
    attachment = _choose_attachment(report, device_csv=device_csv, summary_csv=summary_csv)
    html = _report_html(report, attachment, created_at=created_at)
    refuse_keys(visible_text(html), place="PDF page")
    _refuse_keys_in_file(attachment)
    return render_pdf(html, attachments=(attachment,), fonts=read_fonts(fonts_dir), created_at=created_at)


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A CSV file that is embedded in the PDF."""

    name: str
    description: str
    content: bytes
    is_device_csv: bool


def _choose_attachment(report: UsageReport, *, device_csv: bytes | None, summary_csv: bytes) -> AttachedFile:
    if device_csv is not None:
        _check_device_csv(device_csv, report.device_file)
    if device_csv is not None and len(device_csv) <= ATTACHMENT_LIMIT:
        return AttachedFile(report.device_file.name, "Device list of the report", device_csv, True)
    name = document_name(report.header.number, "summary", is_draft=report.header.is_draft)
    return AttachedFile(name, "Stock and refurbisher lines of the report", summary_csv, False)


def _check_device_csv(content: bytes, facts: DeviceFile) -> None:
    if (len(content), sha256(content).hexdigest()) != (facts.size, facts.sha256):
        raise AttachmentMismatch(f"{facts.name} is not the file whose SHA-256 the report prints")


def _refuse_keys_in_file(file: AttachedFile) -> None:
    """Look at the file piece by piece, so that a long one is not held twice."""
    scanner = KeyScanner(place=file.name)
    for start in range(0, len(file.content), 1_000_000):
        scanner.feed(file.content[start : start + 1_000_000])
    scanner.finish()


def _report_html(report: UsageReport, attachment: AttachedFile, *, created_at: datetime) -> str:
    with translation.override(LANGUAGE):
        variables = report_context(
            report, is_device_csv_attached=attachment.is_device_csv, attached_name=attachment.name
        )
    return document_html("usage_report.html", variables, created_at=created_at)


def document_html(template: str, variables: Mapping[str, Any], *, created_at: datetime) -> str:
    """Return a whole document as HTML, in English whatever language is active."""
    engine = Engine(
        dirs=[str(TEMPLATES)],
        autoescape=True,
        libraries={"i18n": "django.templatetags.i18n", "report": "reporting.renderers.report_tags"},
    )
    shared = {
        "language": LANGUAGE,
        "created": created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "font_css": mark_safe(_font_css()),  # noqa: S308 (constants of fonts.py)
    }
    with translation.override(LANGUAGE):
        return engine.get_template(template).render(
            Context({**variables, **shared}, use_l10n=False, use_tz=False)
        )


def _font_css() -> str:
    return "\n".join(
        f'@font-face {{ font-family: "{font.family}"; font-weight: {font.weight}; '
        f'src: url("{FONT_SCHEME}{font.path}") format("woff2") }}'
        for font in FONT_FILES
    )


def visible_text(html: str) -> str:
    """Return the words of a document, each element on a line of its own, as a reader would search them."""
    return unescape(re.sub(r"<[^>]*>", "\n", html.replace("<wbr>", "")))


def render_pdf(
    html: str, *, attachments: tuple[AttachedFile, ...], fonts: Mapping[str, bytes], created_at: datetime
) -> RenderedPdf:
    """Return any HTML document of ours as PDF/A-3a; sealed, and the same bytes each time.

    :raises ResourceRefused: the document asked for something outside itself.
    :raises RenderingFailed: a part of the document could not be drawn.
    """
    fetcher = SealedFetcher(fonts)
    instant = created_at.astimezone(UTC)
    with _source_date(instant), _problems() as problems, warnings.catch_warnings():
        # WeasyPrint leaves its own colour profile for the garbage collector to close.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            document = HTML(string=html, url_fetcher=fetcher, base_url="report:").render(
                font_config=FontConfiguration(),
                pdf_variant="pdf/a-3a",
                attachments=[_attachment(file, instant) for file in attachments],
            )
            _release_layout(document, fetcher)
            content = document.write_pdf(
                pdf_variant="pdf/a-3a",
                finisher=_name_attachments_once,
                attachments=[_attachment(file, instant) for file in attachments],
            )
        except FatalURLFetchingError as error:
            raise ResourceRefused(tuple(fetcher.refused) or (str(error),)) from error
    fetcher.check()
    if problems:
        raise RenderingFailed(tuple(problems))
    families = sorted({font.family for font in document.fonts.values()})
    return RenderedPdf(content, len(document.pages), tuple(families))


def _release_layout(document: Any, fetcher: SealedFetcher) -> None:
    """Let go of the trees of the layout before the file is written: a quarter of the memory.

    WeasyPrint's pictures hold them, to fetch images inside SVG, which are refused here anyway.
    """
    refusing = SimpleNamespace(get_image_from_uri=lambda url, **_kwargs: fetcher.refuse(str(url)))
    for page in document.pages:
        for box in page._page_box.descendants():
            picture: Any = getattr(box, "replacement", None)
            if hasattr(picture, "_context"):
                picture._context = refusing
    gc.collect()


def _attachment(file: AttachedFile, instant: datetime) -> Attachment:
    return Attachment(
        string=file.content,
        name=file.name,
        description=file.description,
        created=instant,
        modified=instant,
        relationship="Data",
    )


def _name_attachments_once(_document: Any, pdf: Any) -> None:
    """Drop the second mention of each file that WeasyPrint writes into the catalogue's /AF."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])


@contextmanager
def _source_date(instant: datetime) -> Iterator[None]:
    """Give font tools the document's own instant as the time of any change they make."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(instant.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


class _Collector(logging.Handler):
    """Keeps what WeasyPrint logs as an error, where it would go on with a part missing."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage()[:300])


@contextmanager
def _problems() -> Iterator[list[str]]:
    collector = _Collector()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(collector)
    try:
        yield collector.messages
    finally:
        logger.removeHandler(collector)
