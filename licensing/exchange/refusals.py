"""How the readers and writers say no: a code, harmless parameters and a place, never a piece of the file."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from licensing.exchange.messages import MESSAGES

Parameter = str | int
MAX_ERRORS_KEPT = 200


def sentence(code: str, params: Mapping[str, Parameter]) -> str:
    """Return the message of a code in the active language."""
    return str(MESSAGES[code]).format(**params)


class ExchangeRefused(Exception):
    """Refuse a whole file.

    `line` is the line in the file, if known. `str()` gives the code only, so a log never holds more.
    """

    def __init__(self, code: str, /, *, line: int | None = None, **params: Parameter) -> None:
        super().__init__(code if line is None else f"{code} (line {line})")
        self.code = code
        self.line = line
        self.params = params

    @property
    def message(self) -> str:
        """Say in the active language what is wrong and what to do."""
        return sentence(self.code, self.params if self.line is None else {"line": self.line, **self.params})


class XmlRefused(ExchangeRefused):
    """Refuse a file as XML, or as the kind of XML file it was offered as."""


class ZipRefused(ExchangeRefused):
    """Refuse a zip file."""


class CsvRefused(ExchangeRefused):
    """Refuse a CSV file as a whole."""


class WriteRefused(ExchangeRefused):
    """Refuse to write a file Microsoft would not accept; `params["field"]` names the value at fault."""


@dataclass(frozen=True, slots=True)
class FormatError:
    """Name one wrong value.

    `row` counts as a spreadsheet does in a CSV (the header is row 1), as the number of the key or line in
    an XML file; 0 means the file or its header. `field` is a column or element name of ours.
    """

    row: int
    field: str
    code: str
    params: Mapping[str, Parameter] = dataclasses.field(default_factory=dict)
    line: int | None = None

    @property
    def message(self) -> str:
        return sentence(self.code, self.params)


class ErrorList:
    """Keep the first errors and count the rest, so that a hopeless file stays cheap."""

    __slots__ = ("_kept", "count", "limit")

    def __init__(self, *, limit: int = MAX_ERRORS_KEPT) -> None:
        self._kept: list[FormatError] = []
        self.count = 0
        self.limit = limit

    def add(self, row: int, name: str, code: str, *, line: int | None = None, **params: Parameter) -> None:
        self.append(FormatError(row, name, code, params, line))

    def append(self, error: FormatError) -> None:
        self.count += 1
        if len(self._kept) < self.limit:
            self._kept.append(error)

    @property
    def kept(self) -> tuple[FormatError, ...]:
        return tuple(self._kept)
