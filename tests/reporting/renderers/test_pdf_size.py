"""The report of 500 refurbishers stays within 400 MB."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_five_hundred_partners_stay_within_400_mb(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.reporting.renderers.pdf_process",
        "large",
        str(tmp_path / "l.pdf"),
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    facts = json.loads(done.stdout)
    assert facts["peak_mb"] < 400
    assert facts["pages"] < 80
