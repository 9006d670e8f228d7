"""Tests of bin/launcher. They need neither Django nor the network."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = str(ROOT / "bin")
if BIN not in sys.path:
    sys.path.insert(0, BIN)


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT
