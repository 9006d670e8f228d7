"""One entry of a sanctions list, whichever form it was published in."""

from dataclasses import dataclass

from partners.models.sanctions import SanctionsEntry
from partners.rules.company_identity import company_norm, plain_name

MOST_ALIASES = 200
NAME_LENGTH = 500


@dataclass(frozen=True, slots=True)
class ListEntry:
    """Who is listed, under which names."""

    reference: str
    names: tuple[str, ...]  # the first is the one to show
    kind: str
    programme: str = ""
    country: str = ""

    @property
    def norms(self) -> tuple[str, ...]:
        """Return the names as they are compared, each once; organisations lose their legal form."""
        is_person = self.kind == SanctionsEntry.Kind.PERSON
        found = (plain_name(name) if is_person else company_norm(name) for name in self.names)
        return tuple(dict.fromkeys(norm[:NAME_LENGTH] for norm in found if norm))
