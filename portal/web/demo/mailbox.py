"""Read the files that Django's file-based mail backend writes.

A file's name comes from the address bar, so it is looked up among the files of the folder and never
joined to a path. A mail is shown as text; of its links only those to this portal become links.
"""

import email
import email.policy
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SHOWN = 100
MAX_FILE_BYTES = 2 * 1024 * 1024
_SEPARATOR = b"-" * 79
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class DemoMail:
    """One mail: its file, its place in the file, and what a reader wants to know."""

    name: str
    number: int
    at: datetime
    to: str
    subject: str
    body: str

    @property
    def html(self) -> SafeString:
        """Return the text, escaped, with the links to this portal."""
        return format_html_join("", "{}", ((piece,) for piece in _pieces(self.body)))


def newest(limit: int = SHOWN) -> list[DemoMail]:
    """Return the newest mails, newest first."""
    found: list[DemoMail] = []
    for entry in sorted(_files(), key=_modified, reverse=True):
        found += reversed(_mails_in(entry))
        if len(found) >= limit:
            break
    return found[:limit]


def read(name: str, number: int) -> DemoMail | None:
    """Return one mail of a file of the folder, None when there is none."""
    entry = next((entry for entry in _files() if entry.name == name), None)
    mails = _mails_in(entry) if entry else []
    return mails[number] if number < len(mails) else None


def _files() -> list["os.DirEntry[str]"]:
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not folder or not Path(folder).is_dir():
        return []
    with os.scandir(folder) as entries:
        return [
            entry for entry in entries if entry.name.endswith(".log") and entry.is_file(follow_symlinks=False)
        ]


def _modified(entry: "os.DirEntry[str]") -> int:
    return entry.stat(follow_symlinks=False).st_mtime_ns


def _mails_in(entry: "os.DirEntry[str]") -> list[DemoMail]:
    """Read one file; the backend writes every mail of one connection into it, between rulers."""
    with Path(entry.path).open("rb") as file:
        raw = file.read(MAX_FILE_BYTES)
    at = datetime.fromtimestamp(_modified(entry) / 1e9, tz=UTC)
    parts = [part.strip() for part in raw.split(b"\n" + _SEPARATOR) if part.strip()]
    return [_mail(entry.name, number, at, part) for number, part in enumerate(parts)]


def _mail(name: str, number: int, at: datetime, raw: bytes) -> DemoMail:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  (the policy makes this class)
    part = message.get_body(preferencelist=("plain",))
    body = part.get_content() if part is not None else ""
    return DemoMail(name, number, at, str(message["To"] or ""), str(message["Subject"] or ""), str(body))


def _pieces(body: str) -> Iterable[str | SafeString]:
    """Yield the text between links as it is, and each link as a link or as it is."""
    end = 0
    for match in _LINK.finditer(body):
        yield body[end : match.start()]
        yield _link(match.group())
        end = match.end()
    yield body[end:]


def _link(url: str) -> str | SafeString:
    base = settings.BASE_URL.rstrip("/") + "/"
    if not url.startswith(base):
        return url
    return format_html('<a href="/{}">{}</a>', url.removeprefix(base), url)
