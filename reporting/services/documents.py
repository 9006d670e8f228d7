"""Make the files of a report from its frozen lines alone, and store them by content.

The same lines give the same bytes in any process: every instant in a file comes from the report.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.custody_keys import seal_key
from core.storage import store_file
from core.tenancy import mar_scope
from reporting.builders.lines import DeviceFile
from reporting.builders.usage_report import UsageReport as ReportObject
from reporting.models import ReportFile, UsageReport
from reporting.renderers.device_csv import device_copy_sql
from reporting.renderers.fingerprint import renderer_fingerprint
from reporting.renderers.manifest import FileFacts, build_manifest, manifest_bytes, sign_manifest
from reporting.renderers.pdf import ATTACHMENT_LIMIT, render_usage_report
from reporting.renderers.summary_csv import write_summary_csv
from reporting.rules.key_pattern import KeyScanner
from reporting.rules.numbering import DocumentKind, document_name
from reporting.services.freezing import build_from_lines
from reporting.services.frozen_lines import Lines, header_of, load_lines

FOLDER = "reports"
DEVICE_TABLE = "reporting_reportdeviceline"
MEDIA_TYPES: dict[str, str] = {
    "report": "application/pdf",
    "devices": "text/csv",
    "summary": "text/csv",
    "manifest": "application/json",
}
SUFFIXES = {"report": ".pdf", "devices": ".csv", "summary": ".csv", "manifest": ".json"}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One file that was made, still in a temporary folder; size in bytes."""

    kind: DocumentKind
    name: str
    source: Path
    size: int
    sha256: str
    rows: int | None = None
    fingerprint: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> FileFacts:
        """Return what the manifest says of it."""
        return FileFacts(self.name, MEDIA_TYPES[self.kind], self.size, self.sha256)


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """A report's row and lines as they were read in one transaction."""

    row: UsageReport
    lines: Lines
    devices: MadeFile
    is_draft: bool

    @property
    def dated(self) -> datetime:
        """Return the instant every file carries: when the lines were frozen, or when they were approved."""
        instant = self.row.frozen_at if self.is_draft else self.row.approved_at
        if instant is None:
            raise ValueError(f"{self.row.number} has no date for its files yet")
        return instant

    def build(self) -> ReportObject:
        """Return the checked report object."""
        header = header_of(self.row.header, is_draft=self.is_draft)
        device_file = DeviceFile(
            self.devices.name, self.row.device_rows, self.devices.size, self.devices.sha256
        )
        built: ReportObject = build_from_lines(header, self.lines, device_file)
        return built


@contextmanager
def make_documents(report_id: UUID, *, is_draft: bool, with_pdf: bool = True) -> Iterator[list[MadeFile]]:
    """Make the files in a temporary folder that lives as long as the context.

    :raises KeyInDocument: a file would show a full product key.
    """
    with TemporaryDirectory(prefix="usage-report-") as name:
        folder = Path(name)
        frozen = _read_frozen(report_id, folder, is_draft=is_draft)
        report = frozen.build()
        summary_csv = write_summary_csv(report)
        made = [frozen.devices, _write(frozen, folder, "summary", summary_csv)]
        if with_pdf:
            made.append(_make_pdf(frozen, report, folder, summary_csv))
            made.append(_make_manifest(frozen, report, folder, made))
        yield made


def store_documents(
    made: list[MadeFile], report_id: UUID, *, is_draft: bool, at: datetime
) -> list[ReportFile]:
    """Put the made files into the storage and return their rows, not yet saved."""
    rows = []
    for file in made:
        path, digest, size = store_file(file.source, folder=FOLDER, suffix=SUFFIXES[file.kind])
        rows.append(
            ReportFile(
                report_id=report_id, kind=file.kind, is_draft=is_draft, name=file.name, path=path,
                sha256=digest, size=size, rows=file.rows, fingerprint=file.fingerprint, created_at=at,
            )
        )  # fmt: skip
    return rows


def current_fingerprint() -> dict[str, Any]:
    """Return what decides the bytes of a PDF beside the report itself."""
    return renderer_fingerprint(Path(settings.FONTS_DIR))


def seal_key_id() -> str:
    """Return a short name of the signing key, by which a later key is told apart."""
    return sha256(b"key-id:" + seal_key()).hexdigest()[:12]


def _read_frozen(report_id: UUID, folder: Path, *, is_draft: bool) -> FrozenReport:
    with mar_scope():
        row = UsageReport.objects.get(pk=report_id)
        name = document_name(row.number, "devices", is_draft=is_draft)
        devices = copy_devices(report_id, folder / name, rows=row.device_rows)
        return FrozenReport(row, load_lines(report_id), devices, is_draft)


def copy_devices(report_id: UUID, target: Path, *, rows: int | None = None) -> MadeFile:
    """Write the frozen device lines to a file by COPY. Runs in the MAR's scope.

    :raises KeyInDocument: a line holds a full product key; the file is of no use then.
    """
    with connection.cursor() as cursor, target.open("wb") as out:
        statement = cursor.mogrify(device_copy_sql(DEVICE_TABLE), [report_id])
        scanned = _ScannedFile(out, KeyScanner(place=target.name))
        cursor.cursor.copy_expert(statement, scanned)
        scanned.finish()
    with target.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    return MadeFile("devices", target.name, target, target.stat().st_size, digest, rows)


class _ScannedFile:
    """Passes what is written on to a file, and looks for product keys on the way."""

    def __init__(self, out: BinaryIO, scanner: KeyScanner) -> None:
        self._out = out
        self._scanner = scanner

    def write(self, chunk: bytes) -> int:
        return self._out.write(self._scanner.feed(chunk))

    def finish(self) -> None:
        self._scanner.finish()


def _make_pdf(frozen: FrozenReport, report: ReportObject, folder: Path, summary_csv: bytes) -> MadeFile:
    is_short = frozen.devices.size <= ATTACHMENT_LIMIT
    rendered = render_usage_report(
        report,
        device_csv=frozen.devices.source.read_bytes() if is_short else None,
        summary_csv=summary_csv,
        fonts_dir=Path(settings.FONTS_DIR),
        created_at=frozen.dated,
    )
    return _write(frozen, folder, "report", rendered.content, fingerprint=current_fingerprint())


def _make_manifest(
    frozen: FrozenReport, report: ReportObject, folder: Path, made: list[MadeFile]
) -> MadeFile:
    fingerprint = next(file.fingerprint for file in made if file.kind == "report")
    manifest = build_manifest(
        report.header,
        files=[file.facts for file in made],
        fingerprint=fingerprint,
        snapshot=frozen.row.header["snapshot"],
        created_at=frozen.dated,
    )
    signed = sign_manifest(manifest, key=seal_key(), key_id=seal_key_id())
    return _write(frozen, folder, "manifest", manifest_bytes(signed))


def _write(
    frozen: FrozenReport,
    folder: Path,
    kind: DocumentKind,
    content: bytes,
    *,
    fingerprint: dict[str, Any] | None = None,
) -> MadeFile:
    name = document_name(frozen.row.number, kind, is_draft=frozen.is_draft)
    target = folder / name
    target.write_bytes(content)
    return MadeFile(kind, name, target, len(content), sha256(content).hexdigest(), None, fingerprint or {})
