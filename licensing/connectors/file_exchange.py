"""Two folders: reports go to the outbox, answers come through the inbox. A person, or a script of the
MAR's own, carries the files to and from Microsoft.

A file appears in the outbox under its final name only when it is complete (written aside, then renamed).
Whoever fills the inbox should do the same; a file that changed in the last seconds is left alone.
"""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from licensing.connectors.base import (
    Connector,
    ConnectorFailed,
    ConnectorStatus,
    SendReceipt,
    Text,
    report_file_name,
)
from licensing.exchange.safe_xml import MICROSOFT_LIMITS
from licensing.models import ComputerBuildReport

SETTLE_SECONDS = 2.0
SHOWN_REFUSALS = 5


class FileExchange(Connector):
    """The connector of a MAR without an interface to Microsoft."""

    name: ClassVar[str] = "file"
    label: ClassVar[Text] = _("File exchange: no live link to Microsoft")
    sentence: ClassVar[Text] = _(
        "The portal writes each report into the outbox folder. A person uploads it to Microsoft and brings "
        "the answers back, into the inbox folder or on this page."
    )

    def __init__(self) -> None:
        root = Path(settings.EXCHANGE_DIR)
        self.outbox = root / "outbox"
        self.inbox = root / "inbox"
        self.done = self.inbox / "done"
        self.refused = self.inbox / "refused"

    def send(self, report: ComputerBuildReport, xml_bytes: bytes, at: datetime) -> SendReceipt:
        """Write the file into the outbox; writing it again changes nothing."""
        name = report_file_name(report)
        try:
            self.outbox.mkdir(parents=True, exist_ok=True, mode=0o750)
            _write_whole(self.outbox / name, xml_bytes)
        except OSError as error:
            raise ConnectorFailed(_reason(error)) from error
        return SendReceipt(f"outbox/{name}")

    def fetch_answers(self, at: datetime) -> Iterator[tuple[str, bytes]]:
        """Yield the inbox's XML files; what is too large is refused unread."""
        for file in self._waiting():
            if file.stat().st_size > MICROSOFT_LIMITS.max_bytes:
                self.refuse(file.name, "The file is larger than 64 MB.")
                continue
            yield file.name, file.read_bytes()

    def acknowledge(self, file_name: str) -> None:
        """Move a booked file to inbox/done."""
        self._put_away(file_name, self.done)

    def refuse(self, file_name: str, reason: str) -> None:
        """Move a file to inbox/refused, with a text file beside it that says why."""
        moved = self._put_away(file_name, self.refused)
        if moved is not None:
            _write_whole(moved.with_name(f"{moved.name}.txt"), f"{reason}\n".encode())

    def status(self) -> ConnectorStatus:
        """Count the files in each folder, and say when a folder cannot be used."""
        try:
            waiting_out = len(list(self.outbox.glob("*.xml"))) if self.outbox.is_dir() else 0
            waiting_in, refused = len(self._waiting(settled=False)), self._refused()
        except OSError as error:
            return ConnectorStatus(problem=_reason(error))
        facts: list[tuple[Text, Text]] = [
            (_("Outbox"), f"{self.outbox} · {_files(waiting_out)}"),
            (_("Inbox"), f"{self.inbox} · {_files(waiting_in)}"),
        ]
        if refused:
            facts.append((_("Refused answers"), ", ".join(refused[:SHOWN_REFUSALS])))
        return ConnectorStatus(facts=facts)

    def _waiting(self, *, settled: bool = True) -> list[Path]:
        if not self.inbox.is_dir():
            return []
        newest = time.time() - SETTLE_SECONDS if settled else float("inf")
        return sorted(
            file
            for file in self.inbox.iterdir()
            # A link could lead anywhere on the machine.
            if file.suffix.lower() == ".xml"
            and not file.is_symlink()
            and file.is_file()
            and file.stat().st_mtime <= newest
        )

    def _refused(self) -> list[str]:
        return sorted(file.name for file in self.refused.glob("*.xml")) if self.refused.is_dir() else []

    def _put_away(self, file_name: str, folder: Path) -> Path | None:
        file = self.inbox / Path(file_name).name
        if not file.exists():
            return None
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        target = folder / file.name
        if target.exists():
            target = folder / f"{file.stem}-{uuid4().hex[:8]}{file.suffix}"
        os.replace(file, target)
        return target


def _write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is never seen half done, and survives the machine's fall."""
    aside = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(0o640)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return f"{error.strerror or type(error).__name__}: {error.filename or 'exchange folder'}"


def _files(count: int) -> str:
    return ngettext("%(count)s file", "%(count)s files", count) % {"count": count}
