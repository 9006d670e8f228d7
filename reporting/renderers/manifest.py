"""The manifest of a report: what belongs to it, what made it, and a signature over both."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from reporting.builders.lines import ReportHeader

SCHEMA = "usage-report-manifest/1"
ALGORITHM = "HMAC-SHA256"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a report: size in bytes, SHA-256 in hexadecimal."""

    name: str
    media_type: str
    size: int
    sha256: str


def describe_file(name: str, content: bytes, *, media_type: str) -> FileFacts:
    """Return size and SHA-256 of a file that is held in memory."""
    return FileFacts(name, media_type, len(content), hashlib.sha256(content).hexdigest())


def build_manifest(
    header: ReportHeader,
    *,
    files: Iterable[FileFacts],
    fingerprint: Mapping[str, Any],
    snapshot: Mapping[str, Any],
    created_at: datetime,
) -> Manifest:
    """Return the unsigned manifest; `snapshot` holds plain JSON facts of the frozen lines."""
    return {
        "schema": SCHEMA,
        "report": {
            "number": header.number,
            "period": header.period,
            "period_start_utc": _instant(header.period_start_utc),
            "period_end_utc": _instant(header.period_end_utc),
            "time_zone": header.time_zone,
            "revision": header.revision,
            "kind": header.kind,
            "is_draft": header.is_draft,
            "previous_number": header.previous_number,
            "previous_sha256": header.previous_sha256,
            "generated_at": _instant(header.generated_at),
            "generated_by": header.generated_by,
            "reviewed_by": header.reviewed_by,
            "approved_by": header.approved_by,
        },
        "created_at": _instant(created_at),
        "files": [asdict(facts) for facts in sorted(files, key=lambda facts: facts.name)],
        "renderer": dict(fingerprint),
        "snapshot": dict(snapshot),
    }


def sign_manifest(manifest: Manifest, *, key: bytes, key_id: str) -> Manifest:
    """Return the manifest with its signature; an older signature is replaced.

    :raises ValueError: the key is shorter than 32 bytes.
    """
    if len(key) < 32:
        raise ValueError("a signing key has at least 32 bytes")
    signature = {"algorithm": ALGORITHM, "key_id": key_id}
    return {**manifest, "signature": {**signature, "value": _seal(manifest, signature, key)}}


def verify_manifest(manifest: Manifest, *, key: bytes) -> bool:
    """Say whether the signature fits the manifest and the key."""
    signature = manifest.get("signature")
    if not isinstance(signature, dict) or signature.get("algorithm") != ALGORITHM:
        return False
    claimed = {name: value for name, value in signature.items() if name != "value"}
    return hmac.compare_digest(
        str(signature.get("value", "")).encode(), _seal(manifest, claimed, key).encode()
    )


def find_file_differences(manifest: Manifest, files: Mapping[str, bytes]) -> list[str]:
    """Return the names of files that are missing, unknown or other than the manifest says, sorted."""
    named = {entry["name"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]}
    found = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()}
    return sorted(name for name in named.keys() | found.keys() if named.get(name) != found.get(name))


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the one way to write a manifest: JSON, keys sorted, UTF-8, one line end."""
    return json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def _seal(manifest: Manifest, signature: Mapping[str, str], key: bytes) -> str:
    body = {name: value for name, value in manifest.items() if name != "signature"}
    text = json.dumps([body, signature], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
