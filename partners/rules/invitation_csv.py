"""Read a list of former members: each row checked, each fault named with its row in plain words."""

import csv
import io
import unicodedata
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from partners.rules.countries import NAMES

MAX_BYTES = 1024 * 1024
MAX_ROWS = 2_000
MAX_FAULTS = 200
COLUMNS = ("company", "country", "contact_name", "email", "language", "former_id")
REQUIRED = ("company", "country", "contact_name", "email")
LENGTHS = {"company": 120, "country": 2, "contact_name": 120, "email": 254, "language": 5, "former_id": 40}
LANGUAGES = ("en", "de", "fr", "nl", "pl")


@dataclass(frozen=True, slots=True)
class InvitedRow:
    """One company to invite. ``number`` is the line a spreadsheet shows, the heading being 1."""

    number: int
    company: str
    country: str
    contact_name: str
    email: str
    language: str = "en"
    former_id: str = ""

    def as_dict(self) -> dict[str, str | int]:
        """Return the row as it is kept until it is sent."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row; row 0 is the file itself."""

    number: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class ReadList:
    """The rows and the faults of a list. With any fault nothing of it is sent."""

    rows: list[InvitedRow]
    faults: list[Fault]


def read_list(content: bytes) -> ReadList:
    """Read a CSV file with a heading; comma or semicolon, UTF-8.

    At most MAX_FAULTS faults are named; there may be more.
    """
    try:
        lines = _lines(content)
        heading = [cell.strip().lower().replace(" ", "_") for cell in next(lines, [])]
    except ValueError as error:
        return ReadList([], [Fault(0, "", str(error))])
    except csv.Error:
        return ReadList([], [_unreadable()])
    missing = [name for name in REQUIRED if name not in heading]
    if missing:
        words = _("The first line must name the columns; missing: %(names)s.") % {"names": ", ".join(missing)}
        return ReadList([], [Fault(1, "", words)])
    return _read_rows(lines, heading)


def _lines(content: bytes) -> "csv.Reader":  # type: ignore[name-defined]
    if not content.strip():
        raise ValueError(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise ValueError(_("The file is larger than 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            _("The file is not in UTF-8. In a spreadsheet choose “CSV UTF-8” when saving.")
        ) from error
    if "\0" in text:
        raise ValueError(_("The file is no text."))
    first = text.partition("\n")[0]
    return csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")


def _read_rows(lines: "csv.Reader", heading: list[str]) -> ReadList:  # type: ignore[name-defined]
    rows: list[InvitedRow] = []
    faults: list[Fault] = []
    try:
        for number, cells in enumerate(lines, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= MAX_ROWS:
                faults.append(Fault(0, "", _("The file has more than 2,000 rows. Split it.")))
                break
            if len(faults) >= MAX_FAULTS:
                break
            row = _row(number, dict(zip(heading, cells, strict=False)))
            rows.append(row)
            faults += _faults(row)
    except csv.Error:
        return ReadList([], [_unreadable()])
    if not rows:
        faults.append(Fault(0, "", _("The file has a heading and no rows.")))
    faults += _twice(rows)
    return ReadList(rows, sorted(faults, key=lambda fault: fault.number)[:MAX_FAULTS])


def _row(number: int, cells: dict[str, str]) -> InvitedRow:
    found = {name: " ".join(cells.get(name, "").split()) for name in COLUMNS}
    return InvitedRow(
        number=number,
        company=found["company"],
        country=found["country"].upper(),
        contact_name=found["contact_name"],
        email=found["email"].lower(),
        language=found["language"].lower() or "en",
        former_id=found["former_id"],
    )


def _faults(row: InvitedRow) -> list[Fault]:
    found = [
        Fault(row.number, name, _("%(column)s is empty.") % {"column": name})
        for name in REQUIRED
        if not getattr(row, name)
    ]
    for name in COLUMNS:
        text = str(getattr(row, name))
        if len(text) > LENGTHS[name]:
            words = _("%(column)s is longer than %(limit)d characters.") % {
                "column": name,
                "limit": LENGTHS[name],
            }
            found.append(Fault(row.number, name, words))
        if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in text):
            found.append(
                Fault(row.number, name, _("%(column)s holds invisible characters.") % {"column": name})
            )
    if row.country and row.country not in NAMES:
        words = _("“%(country)s” is no country of the programme; give two letters such as DE.") % {
            "country": row.country[:20]
        }
        found.append(Fault(row.number, "country", words))
    if row.language not in LANGUAGES:
        words = _("“%(language)s” is none of en, de, fr, nl, pl.") % {"language": row.language[:20]}
        found.append(Fault(row.number, "language", words))
    if row.email and not _is_email(row.email):
        words = _("“%(email)s” is no e-mail address.") % {"email": row.email[:80]}
        found.append(Fault(row.number, "email", words))
    return found


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _twice(rows: list[InvitedRow]) -> list[Fault]:
    """Name each row whose address or former id stands in an earlier row."""
    found = []
    for name in ("email", "former_id"):
        first: dict[str, int] = {}
        for row in rows:
            value = str(getattr(row, name))
            if value and value in first:
                words = _("%(column)s stands in row %(row)d already.") % {"column": name, "row": first[value]}
                found.append(Fault(row.number, name, words))
            first.setdefault(value, row.number)
    return found


def _unreadable() -> Fault:
    return Fault(0, "", _("The file cannot be read as CSV. Save it anew from your spreadsheet."))
