"""Read a file in a process of its own, so that the worst a hostile file can do is end that process."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from licensing.exchange.isolated_main import EXIT_MEMORY
from licensing.exchange.messages import MESSAGES
from licensing.exchange.plain import from_plain
from licensing.exchange.refusals import CsvRefused, ExchangeRefused, XmlRefused

MAX_SECONDS = 20
MAX_MEMORY_BYTES = 512 * 1024 * 1024
# Files of this size or less may be read in our own process: the limits of `safe_xml` hold there too.
IN_PROCESS_BYTES = 1024 * 1024

_ROOT = Path(__file__).resolve().parents[2]
_REFUSALS: dict[str, type[ExchangeRefused]] = {"XmlRefused": XmlRefused, "CsvRefused": CsvRefused}
_PIECE_BYTES = 64 * 1024
_EXIT_SECONDS = 5
EXIT_UNKNOWN = 1


def parse_in_subprocess(
    reader: str,
    data: bytes,
    *,
    max_seconds: int = MAX_SECONDS,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
    **options: int,
) -> Iterator[Any]:
    """Yield what the reader finds, read by a child process with little memory, time and no environment.

    Readers and what they yield: fulfilment_xml, fulfilment_csv (FulfilmentRow …, then one FulfilmentSummary);
    oa3 (one Oa3Report); acks (CbrAckFile …); return_acks (ReturnAckFile …). `options` go to the reader.
    The time is processor time, and also the longest the child may stay silent.

    :raises XmlRefused, CsvRefused: as the reader; or reader_time, reader_memory, reader_failed
    """
    job = {
        "reader": reader,
        "options": options,
        "max_seconds": max_seconds,
        "max_memory_bytes": max_memory_bytes,
    }
    with _start(job) as process:
        feeder = threading.Thread(target=_feed, args=(process, data), daemon=True)
        feeder.start()
        try:
            yield from _results(process, max_seconds)
        finally:
            process.kill()
            feeder.join()


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    # No environment of ours: the child needs no secrets. stderr could carry file content, so nobody reads it.
    return subprocess.Popen(
        [sys.executable, "-s", "-P", "-m", "licensing.exchange.isolated_main", json.dumps(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
    )


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    stdin = process.stdin
    if stdin is None:
        return
    # The child may end before it has read everything; what it said or its exit code tells why.
    with contextlib.suppress(OSError), stdin:
        stdin.write(data)


def _results(process: subprocess.Popen[bytes], max_seconds: int) -> Iterator[Any]:
    if process.stdout is None:
        raise XmlRefused("reader_failed")
    for line in _lines(process.stdout, max_seconds):
        message = _load(line)
        if "found" in message:
            yield from_plain(message["found"])
        elif "refused" in message:
            raise _refusal(message)
        elif message.get("done") is True:
            return
    # It ended without a last word: by its own limits, or killed.
    code = _exit_code(process)
    if -code in (signal.SIGKILL, signal.SIGXCPU):
        raise XmlRefused("reader_time", limit_seconds=max_seconds)
    is_memory = code == EXIT_MEMORY or -code in (signal.SIGABRT, signal.SIGSEGV)
    raise XmlRefused("reader_memory" if is_memory else "reader_failed")


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        return EXIT_UNKNOWN


def _refusal(message: dict[str, Any]) -> ExchangeRefused:
    if message.get("code") not in MESSAGES:
        return XmlRefused("reader_failed")
    kind = _REFUSALS.get(message["refused"], XmlRefused)
    return kind(message["code"], line=message["line"], **message["params"])


def _load(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise XmlRefused("reader_failed")
    return message


def _lines(stdout: IO[bytes], max_seconds: int) -> Iterator[bytes]:
    """Yield the child's lines; time counts only while we wait for it, not while our caller works."""
    unfinished: list[bytes] = []
    while True:
        ready, _write, _error = select.select([stdout], [], [], max_seconds)
        if not ready:
            raise XmlRefused("reader_time", limit_seconds=max_seconds)
        piece = os.read(stdout.fileno(), _PIECE_BYTES)
        if not piece:
            return
        if b"\n" in piece:
            *lines, rest = b"".join([*unfinished, piece]).split(b"\n")
            unfinished = [rest]
            yield from lines
        else:
            unfinished.append(piece)
