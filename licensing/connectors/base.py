"""What every road to Microsoft must be able to do.

A connector is called outside of database transactions. Everything it does may happen twice: the same
report is sent again after a crash, the same answer is offered again until it was acknowledged.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from django.utils.functional import Promise

from licensing.models import ComputerBuildReport

Text = str | Promise


class ConnectorFailed(Exception):
    """The file could not be handed over now; ``str()`` says why, for a person. It is tried again."""


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """What the other side said when it took a file, at most 200 characters."""

    text: str


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """How a connector stands, as a person may read it; ``problem`` is empty when all is well."""

    facts: list[tuple[Text, Text]] = field(default_factory=list)
    problem: Text = ""


class Connector(ABC):
    """One road: hand a report over, fetch what came back, put away what was taken in."""

    name: ClassVar[str]
    label: ClassVar[Text]
    sentence: ClassVar[Text]

    @abstractmethod
    def send(self, report: ComputerBuildReport, xml_bytes: bytes, at: datetime) -> SendReceipt:
        """Hand the file over; the same report again is the same file under the same name.

        :raises ConnectorFailed: when it could not be handed over.
        """

    @abstractmethod
    def fetch_answers(self, at: datetime) -> Iterator[tuple[str, bytes]]:
        """Yield (file name, content) of every answer not yet acknowledged or refused."""

    @abstractmethod
    def acknowledge(self, file_name: str) -> None:
        """Put an answer away that is booked."""

    @abstractmethod
    def refuse(self, file_name: str, reason: str) -> None:
        """Put an answer aside that could not be read, with the reason."""

    @abstractmethod
    def status(self) -> ConnectorStatus:
        """Return how the connector stands right now."""


def report_file_name(report: ComputerBuildReport) -> str:
    """Return the one name of a report's file, wherever it goes."""
    return f"cbr-{report.id}.xml"
