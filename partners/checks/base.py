"""What every check is asked and what it answers."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ApplicantFacts:
    """What an applicant says of himself, as it stood when the check was asked for."""

    application_id: UUID
    company: str
    country: str
    contact_email: str
    trade_name: str = ""
    vat_id: str = ""
    register_number: str = ""
    phone: str = ""
    iban: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    website: str = ""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What a source says. ``outcome`` is a CheckResult.Outcome; nothing here decides about an application.

    ``summary`` is one sentence for the reviewer; ``facts`` hold codes, scores and links as plain JSON;
    ``raw`` is the source's answer as it came.
    """

    outcome: str
    summary: str
    facts: dict[str, Any] = field(default_factory=dict)
    raw: str = ""


class ProviderUnavailable(Exception):
    """The source did not answer, or not with an answer. It is asked again later.

    ``reason`` is a short code for the reviewer, ``raw`` what came instead of an answer.
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, raw: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.raw = raw


class CheckProvider(Protocol):
    """A source. ``kind`` is a CheckResult.Kind, ``name`` the source as the reviewer reads it."""

    kind: str
    name: str

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Ask the source.

        :raises ProviderUnavailable: when it does not answer.
        """
        ...
