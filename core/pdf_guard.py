"""Look into a PDF in a process of its own: the worst a hostile file can do is end that process."""

import json
import subprocess
import sys
from pathlib import Path

MAX_SECONDS = 15
MAX_MEMORY_BYTES = 1024 * 1024 * 1024
_ROOT = Path(__file__).resolve().parents[1]


def pdf_findings(
    content: bytes, *, max_seconds: int = MAX_SECONDS, max_memory_bytes: int = MAX_MEMORY_BYTES
) -> list[str]:
    """Return what stands against a PDF, nothing for a plain paper.

    The words are encrypted, script, action (something a viewer does by itself), file (one inside the
    file) and unreadable; a file whose reading ends the child is unreadable too.
    """
    command = [sys.executable, "-s", "-P", "-m", "core.pdf_scan", str(max_seconds), str(max_memory_bytes)]
    try:
        # No environment of ours: the child needs no secrets. stderr could carry file content.
        done = subprocess.run(
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max_seconds * 2,
            cwd="/",
            env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
            check=True,
        )
        found: list[str] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return ["unreadable"]
    return found
