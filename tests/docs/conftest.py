"""The documents are tested like code: what they say must be there."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Return the project's own files; a copy without git is read from the disk."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = [file for file in ROOT.rglob("*") if not _is_made(file)]
    return sorted(file for file in found if file.is_file())


def _is_made(file: Path) -> bool:
    inside = file.relative_to(ROOT)
    made = {"var", ".venv", ".git", "node_modules", "__pycache__"}
    return bool(made & set(inside.parts)) or str(inside).startswith("static/vendor")
