"""Compare with the golden files in tests/golden; UPDATE_GOLDEN=1 writes them anew."""

import os
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def assert_golden(name: str, content: bytes) -> None:
    """Assert that the content is that of the golden file."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(content)
    assert content == path.read_bytes()
