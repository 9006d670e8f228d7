from copy import deepcopy
from typing import Any

import pytest

from reporting.renderers.manifest import (
    build_manifest,
    describe_file,
    find_file_differences,
    manifest_bytes,
    sign_manifest,
    verify_manifest,
)
from tests.reporting import samples
from tests.reporting.golden import assert_golden

KEY = b"k" * 32
FILES = {"UR-2026-10.pdf": b"%PDF-1.7", "UR-2026-10-devices.csv": b"a,b\n"}


def manifest() -> dict[str, Any]:
    return build_manifest(
        samples.header(),
        files=[
            describe_file(name, content, media_type="application/octet-stream")
            for name, content in FILES.items()
        ],
        fingerprint={"weasyprint": "70.0", "fonts": {}},
        snapshot={"ledger_rows": 1234, "last_ledger_id": 99},
        created_at=samples.MADE_AT,
    )


def test_the_signed_manifest_is_the_golden_one() -> None:
    assert_golden("manifest.json", manifest_bytes(sign_manifest(manifest(), key=KEY, key_id="2026-1")))


def test_a_signed_manifest_is_verified_with_its_key_only() -> None:
    signed = sign_manifest(manifest(), key=KEY, key_id="2026-1")
    assert verify_manifest(signed, key=KEY)
    assert not verify_manifest(signed, key=b"x" * 32)


def change(signed: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = deepcopy(signed)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("report", "number"), "UR-2026-11"),
        (("report", "approved_by"), "somebody else"),
        (("files", 0, "sha256"), "0" * 64),
        (("files", 0, "size"), 1),
        (("snapshot", "ledger_rows"), 1235),
        (("renderer", "weasyprint"), "71"),
        (("signature", "key_id"), "2026-2"),
        (("signature", "algorithm"), "none"),
        (("signature", "value"), ""),
        (("signature",), None),
        (("extra",), 1),
    ],
)
def test_any_change_breaks_the_signature(path: tuple[Any, ...], value: Any) -> None:
    signed = sign_manifest(manifest(), key=KEY, key_id="2026-1")
    assert not verify_manifest(change(signed, path, value), key=KEY)


def test_a_manifest_without_signature_is_not_verified() -> None:
    assert not verify_manifest(manifest(), key=KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sign_manifest(manifest(), key=b"short", key_id="1")


def test_files_that_differ_are_named() -> None:
    assert find_file_differences(manifest(), FILES) == []
    assert find_file_differences(manifest(), {"UR-2026-10.pdf": b"%PDF-1.8", "other": b""}) == [
        "UR-2026-10-devices.csv",
        "UR-2026-10.pdf",
        "other",
    ]
