"""The facts of an acceptance as its paper prints them: plain values, the same each time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the version in one language."""

    language: str
    language_name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AcceptanceFacts:
    """Who accepted what, when, and from where; instants are aware, the zone is the MAR's."""

    number: str
    agreement: str
    agreement_code: str
    version: str
    effective_from: datetime
    due_from: datetime
    mar_name: str
    mar_address: str
    partner_name: str
    partner_code: str
    partner_vat_id: str
    partner_country: str
    person: str
    person_email: str
    role: str
    accepted_at: datetime
    address: str
    time_zone: str
    read: Words
    binding: Words

    @property
    def is_binding_read(self) -> bool:
        """Return whether the text that was read is the one that counts."""
        return self.read.language == self.binding.language

    @property
    def file_name(self) -> str:
        """Return the name under which the paper is saved."""
        return f"acceptance-{self.agreement_code}-{self.version}-{self.partner_code}.pdf".replace(" ", "-")

    def statement(self) -> dict[str, Any]:
        """Return what the seal is made over."""
        return {
            "schema": "acceptance/1",
            "number": self.number,
            "agreement": self.agreement_code,
            "version": self.version,
            "partner": self.partner_code,
            "person": self.person,
            "role": self.role,
            "accepted_at": self.accepted_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "address": self.address,
            "language_read": self.read.language,
            "text_sha256": self.read.sha256,
            "binding_language": self.binding.language,
            "binding_sha256": self.binding.sha256,
        }
