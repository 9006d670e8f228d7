"""Write a calendar file (RFC 5545): all-day entries that any calendar program reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MAX_OCTETS = 75


@dataclass(frozen=True, slots=True)
class Entry:
    """One day in the calendar. ``uid`` stays the same when the file is made again."""

    uid: str
    day: date
    title: str
    text: str = ""
    url: str = ""


def write_calendar(entries: Iterable[Entry], *, name: str, at: datetime) -> bytes:
    """Return the file: lines end in CRLF and are folded at 75 octets, text is escaped."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Refurb Licence Portal//EN",
        f"X-WR-CALNAME:{escape(name)}",
    ]
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{escape(entry.uid)}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{entry.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{escape(entry.title)}",
            *([f"DESCRIPTION:{escape(entry.text)}"] if entry.text else []),
            *([f"URL:{entry.url}"] if entry.url else []),
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def escape(text: str) -> str:
    """Return text that stays text: no separator, no line of its own."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(plain.splitlines())


def fold(line: str) -> bytes:
    """Return a line folded at 75 octets, never inside a character."""
    folded, current = b"", b""
    for character in line:
        octets = character.encode()
        if len(current) + len(octets) > MAX_OCTETS:
            folded += current + b"\r\n"
            current = b" "
        current += octets
    return folded + current + b"\r\n"
