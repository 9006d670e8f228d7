"""Who acts: a person, a station's credential, or the portal itself."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.people import name_of, reference_to


class ActorKind(StrEnum):
    """The three kinds of actor."""

    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, as it is written into ledger and audit rows."""

    kind: ActorKind
    id: str
    label: str
    partner_id: UUID | None = None
    user_id: UUID | None = None
    request_id: str = ""
    ip: str | None = None
    auth_strength: str = ""

    def __post_init__(self) -> None:
        # Rows outlive the person's wish to be forgotten: they hold his id, and pages look the name up.
        if self.kind is ActorKind.USER and self.id:
            object.__setattr__(self, "label", reference_to(self.id))

    @property
    def name(self) -> str:
        """Return the present name of who acts: for a page or a mail, never for a row."""
        return name_of(self.label)

    @classmethod
    def system(cls, label: str) -> "Actor":
        """Return the portal itself, named after the work it does."""
        return cls(kind=ActorKind.SYSTEM, id="system", label=label)
