"""Why a sanctions list is not taken, as codes with their sentences; never a piece of the file."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MOST_ERRORS_KEPT = 200

# Of the whole file.
FILE_MESSAGES: dict[str, str | Promise] = {
    "empty": _("The file is empty or holds no entry."),
    "too_large": _("The file is larger than {limit_mb} MB."),
    "not_xml": _("The file is not well-formed XML."),
    "doctype": _("The file declares a document type. The published list does not; it may be tampered with."),
    "too_deep": _("Elements are nested deeper than in the published list."),
    "too_many": _("There are more elements than a list can have."),
    "too_long": _("A tag or a value is longer than the published list has any."),
    "wrong_root": _("This is not the EU consolidated list: its first element must be “export”."),
    "no_date": _("The list does not say its date."),
    "encoding": _("The text is not UTF-8."),
    "nul": _("The text holds characters that no list has."),
    "header": _("The first line must name the columns: {columns}."),
    "quotes": _("A quotation mark is opened and not closed."),
    "too_many_rows": _("There are more than {limit} rows."),
    "older": _("The list of {theirs} is older than the one in force, of {ours}."),
}  # fmt: skip

# Of one entry.
ROW_MESSAGES: dict[str, str | Promise] = {
    "columns": _("The row has another number of values than the first line has columns."),
    "no_name": _("The entry has no name."),
    "no_reference": _("The entry has no number of its own."),
    "twice": _("An earlier entry has the same number."),
    "name_too_long": _("The name is longer than 500 letters."),
}

Parameter = str | int


class ListRefused(Exception):
    """The file as a whole cannot be read. ``line`` is its line, if one is to blame."""

    def __init__(self, code: str, *, line: int | None = None, **params: Parameter) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.params = params


class RowErrors:
    """Keep the first errors and count the rest. ``row`` is the row of a CSV or the number of an entry."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Parameter | None]] = []
        self.count = 0

    def add(self, row: int, code: str, *, line: int | None = None) -> None:
        """Note one."""
        self.count += 1
        if len(self.kept) < MOST_ERRORS_KEPT:
            self.kept.append({"row": row, "line": line, "code": code})


def in_words(error: Mapping[str, Parameter | None]) -> str:
    """Return the sentence of a stored error."""
    code = str(error["code"])
    text = str(ROW_MESSAGES.get(code) or FILE_MESSAGES.get(code) or code)
    params = error.get("params")
    return text.format(**params) if isinstance(params, Mapping) else text
