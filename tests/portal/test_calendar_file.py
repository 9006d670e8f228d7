"""The calendar file is read by any program, whatever the text is."""

from datetime import UTC, date, datetime

from portal.calendar_file import Entry, escape, fold, write_calendar

AT = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)


def test_an_entry_is_one_whole_day() -> None:
    written = write_calendar(
        [Entry("a-1@x", date(2026, 12, 31), "Renew: R2v3", "Good through this day.", "http://localhost/tpr/")],
        name="Duties", at=AT,
    ).decode()  # fmt: skip
    assert written.split("\r\n") == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Refurb Licence Portal//EN", "X-WR-CALNAME:Duties",
        "BEGIN:VEVENT", "UID:a-1@x", "DTSTAMP:20261115T180000Z", "DTSTART;VALUE=DATE:20261231",
        "DTEND;VALUE=DATE:20270101", "SUMMARY:Renew: R2v3", "DESCRIPTION:Good through this day.",
        "URL:http://localhost/tpr/", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


def test_a_text_cannot_make_a_line_of_its_own() -> None:
    hostile = "R2;v3, \\ \r\nEND:VEVENT\nBEGIN:VALARM\x0b\u2028x"
    assert escape(hostile) == "R2\\;v3\\, \\\\ \\nEND:VEVENT\\nBEGIN:VALARM\\nx".replace("\\nx", "\\n\\nx")
    written = write_calendar([Entry("1", date(2026, 1, 1), hostile)], name=hostile, at=AT).decode()
    assert written.count("\r\nEND:VEVENT\r\n") == 1
    assert "\r\nBEGIN:VALARM" not in written


def test_long_lines_are_folded_between_characters() -> None:
    folded = fold("SUMMARY:" + "ü" * 100)
    assert max(len(line) for line in folded.split(b"\r\n")) <= 75
    assert folded.replace(b"\r\n ", b"").decode() == "SUMMARY:" + "ü" * 100 + "\r\n"
