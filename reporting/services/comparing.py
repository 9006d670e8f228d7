"""Make a report's files again from its frozen lines and hold them against the stored ones.

CSV files must come out equal always. A PDF must be equal where the renderer is the same; where a
library or a font has changed since, that is said instead of being called a difference.
"""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from core import audit
from core.actor import Actor
from core.custody_keys import seal_key
from core.queue import enqueue
from core.storage import hash_stored, read_bytes
from core.tenancy import mar_scope
from reporting.models import ReportFile, UsageReport
from reporting.renderers.manifest import verify_manifest
from reporting.rules.numbering import DocumentKind
from reporting.services.documents import MadeFile, current_fingerprint, make_documents

COMPARE_TASK = "reporting.compare_report"

KINDS: tuple[DocumentKind, ...] = ("devices", "summary", "report", "manifest")
EQUAL = "equal"
DIFFERENT = "different"
RENDERER_CHANGED = "renderer_changed"
DAMAGED = "damaged"  # the stored file itself is gone or no longer what it was

Comparison = dict[str, Any]


def queue_comparison(*, report_id: UUID, by: Actor, at: datetime) -> None:
    """Have the files recreated and compared by the worker. Runs in the MAR's scope."""
    asked = {"requested_at": at.isoformat(), "by": by.label}
    UsageReport.objects.filter(pk=report_id).update(last_comparison=asked)
    enqueue(COMPARE_TASK, at=at, queue="documents", report_id=report_id, label=by.label)


def compare_report(*, report_id: UUID, by: Actor, at: datetime) -> Comparison:
    """Recreate the newest files of a report, note the outcome on it, and return it.

    Final files are compared where there are some, else the draft's. Opens its own transactions.
    """
    with mar_scope():
        stored = _newest_files(report_id)
    if not stored:
        return {}
    is_same_renderer = stored["report"].fingerprint == current_fingerprint()
    with make_documents(report_id, is_draft=stored["report"].is_draft, with_pdf=is_same_renderer) as made:
        recreated = {file.kind: file for file in made}
    files = [_verdict(stored[kind], recreated.get(kind), stored) for kind in KINDS]
    outcome: Comparison = {
        "at": at.isoformat(),
        "by": by.label,
        "is_draft": stored["report"].is_draft,
        "is_sound": all(file["verdict"] in (EQUAL, RENDERER_CHANGED) for file in files),
        "files": files,
    }
    _note(report_id, outcome, by=by, at=at)
    return outcome


def _newest_files(report_id: UUID) -> dict[str, ReportFile]:
    """Return the final files by kind, else the draft's, else nothing."""
    found = ReportFile.objects.filter(report_id=report_id).order_by("-is_draft")
    newest = {file.kind: file for file in found}
    return newest if newest.keys() >= set(KINDS) else {}


def _verdict(stored: ReportFile, recreated: MadeFile | None, files: dict[str, ReportFile]) -> dict[str, Any]:
    now = hash_stored(stored.path)
    if now != stored.sha256:
        verdict = DAMAGED
    elif recreated is None:
        # The manifest names the PDF's checksum, so it cannot be recreated without the PDF; its signature
        # can be checked.
        is_signed = stored.kind != ReportFile.Kind.MANIFEST or _is_manifest_sound(stored, files)
        verdict = RENDERER_CHANGED if is_signed else DIFFERENT
    else:
        verdict = EQUAL if recreated.sha256 == stored.sha256 else DIFFERENT
    return {
        "kind": stored.kind,
        "name": stored.name,
        "verdict": verdict,
        "stored": stored.sha256,
        "recreated": recreated.sha256 if recreated else "",
    }


def _is_manifest_sound(stored: ReportFile, files: dict[str, ReportFile]) -> bool:
    """Return whether the manifest's signature holds and it names the stored files."""
    manifest = json.loads(read_bytes(stored.path, sha256=stored.sha256))
    named = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    known = {file.name: file.sha256 for kind, file in files.items() if kind != ReportFile.Kind.MANIFEST}
    return verify_manifest(manifest, key=seal_key()) and named == known


def _note(report_id: UUID, outcome: Comparison, *, by: Actor, at: datetime) -> None:
    with mar_scope():
        UsageReport.objects.filter(pk=report_id).update(last_comparison=outcome)
        audit.record(
            "reporting.report.compared", by=by, at=at, object_type="report", object_id=report_id,
            facts={
                "is_sound": outcome["is_sound"],
                **{file["name"]: file["verdict"] for file in outcome["files"]},
            },
        )  # fmt: skip
