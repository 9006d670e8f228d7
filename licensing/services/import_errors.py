"""What an import says about a wrong row: stored as code and harmless numbers, put into words when shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.exchange.messages import MESSAGES
from licensing.exchange.refusals import ErrorList, ExchangeRefused, FormatError, sentence

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What only the import can know, beside what the readers of the files say themselves.
IMPORT_MESSAGES: dict[str, "StrOrPromise"] = {
    "lpn_unknown": gettext_lazy(
        "The licensable part number {lpn} is not among our products. Add the product, or check the file."
    ),
    "sold_to_foreign": gettext_lazy(
        "The delivery is addressed to another customer number than ours. Fetch ours from Microsoft."
    ),
    "fulfilment_required": gettext_lazy("The delivery has no fulfilment number. Fetch the file again."),
    "fulfilment_syntax": gettext_lazy(
        "A fulfilment number has up to 10 letters, digits, dots, slashes or hyphens. Copy it without changes."
    ),
    "fulfilment_twice": gettext_lazy(
        "Two deliveries in the file carry the same fulfilment number. Fetch the file again."
    ),
    "fulfilment_mixed": gettext_lazy(
        "The fulfilment number stands beside another part number in an earlier row. "
        "One fulfilment holds one product: correct the number."
    ),
    "fulfilment_known": gettext_lazy(
        "The fulfilment {number} was imported before, with the file {file}. Remove it from this file."
    ),
    "key_id_known": gettext_lazy(
        "This product key id came in before, with the file {file}. Remove the row, or ask Microsoft."
    ),
    "key_known": gettext_lazy(
        "This product key came in before under another id, with the file {file}. Ask Microsoft about it."
    ),
    "key_synthetic": gettext_lazy(
        "This is a made-up key of our sample files. Upload Microsoft's own delivery."
    ),
    "upload_changed": gettext_lazy("The stored upload no longer opens. Upload the file again."),
    "release_collided": gettext_lazy(
        "Another import brought the same keys while this one was released. Nothing of this file was taken."
    ),
}
UNKNOWN_PART = "…"


@dataclass(frozen=True, slots=True)
class RowError:
    """One error as a person reads it; ``row`` 0 means the file or its header."""

    row: int
    line: int | None
    field: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """The same error in rows that follow each other."""

    first_row: int
    last_row: int
    field: str
    text: str


def to_stored(errors: ErrorList) -> list[dict[str, Any]]:
    """Return the kept errors as the batch stores them, in the order of the rows."""
    kept = sorted(errors.kept, key=lambda error: error.row)
    return [
        {
            "row": error.row,
            "line": error.line,
            "field": error.field,
            "code": error.code,
            "params": dict(error.params),
        }
        for error in kept
    ]


def file_error(refused: ExchangeRefused) -> FormatError:
    """Return the error of a file that cannot be read as a whole."""
    params = dict(refused.params) if refused.line is None else {"line": refused.line, **refused.params}
    return FormatError(0, "", refused.code, params, refused.line)


def in_words(stored: Iterable[dict[str, Any]]) -> list[RowError]:
    """Return stored errors with their sentences in the active language."""
    return [
        RowError(entry["row"], entry.get("line"), entry["field"], entry["code"], _text(entry))
        for entry in stored
    ]


def in_groups(errors: Iterable[RowError]) -> list[ErrorGroup]:
    """Return the errors with runs of the same one drawn together."""
    groups: list[ErrorGroup] = []
    for error in errors:
        last = groups[-1] if groups else None
        is_next = last is not None and error.row == last.last_row + 1 and error.row > 1
        if last is not None and is_next and (error.field, error.text) == (last.field, last.text):
            groups[-1] = replace(last, last_row=error.row)
        else:
            groups.append(ErrorGroup(error.row, error.row, error.field, error.text))
    return groups


def _text(entry: dict[str, Any]) -> str:
    code, params = entry["code"], entry.get("params", {})
    if code in IMPORT_MESSAGES:
        return str(IMPORT_MESSAGES[code]).format(**params)
    if code in MESSAGES:
        return sentence(code, params)
    return _("The row is wrong (%(code)s).") % {"code": code}
