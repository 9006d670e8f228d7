"""What the domain says when it refuses: facts as data, words for a small refurbisher, and the way out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

# Since paper labels ended everything is digital: no rule is older, and version 1 of each stands since then.
FIRST_RULES = datetime(2021, 7, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against an act.

    ``what`` names what was refused, ``rule`` and ``rule_version`` the rule that did it and ``rule_since`` from
    when on it reads so, ``facts`` the numbers and names it used (label to value), ``missing`` the exact gap,
    ``next_step`` what to do now, ``lifted_by`` who can lift it, ``until`` when it ends by itself, None where
    it does not. ``code`` is stable and machine-readable; ``fix_path`` is a path in the portal, or empty.
    """

    code: str
    what: str
    rule: str
    rule_version: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    next_step: str = ""
    lifted_by: str = ""
    fix_path: str = ""
    missing: Mapping[str, Any] = field(default_factory=dict)
    rule_since: datetime = FIRST_RULES
    until: date | datetime | None = None


class DomainError(Exception):
    """The domain refused. ``refusals`` holds one Refusal per rule that stands against the act.

    ``status`` is a hint for machines: 404 not found, 409 conflict, 422 the input is wrong.
    """

    status = 409

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = refusals
        super().__init__("; ".join(f"{refusal.code}: {refusal.what}" for refusal in refusals))

    @property
    def code(self) -> str:
        """Return the first refusal's code."""
        return self.refusals[0].code if self.refusals else "refused"


class NotFound(DomainError):
    """The object does not exist for this actor; a stranger's object and a missing one look the same."""

    status = 404

    def __init__(self, what: str) -> None:
        super().__init__(Refusal(code="not_found", what=what, rule="P-404", rule_version="1"))


class Invalid(DomainError):
    """The input itself is wrong."""

    status = 422


def refuse(
    code: str,
    what: Any,
    *,
    rule: str,
    next_step: Any,
    lifted_by: Any = "",
    facts: Mapping[str, Any] | None = None,
    rule_version: str = "1",
    fix_path: str = "",
    missing: Mapping[str, Any] | None = None,
    rule_since: datetime = FIRST_RULES,
    until: date | datetime | None = None,
) -> Refusal:
    """Return a Refusal from lazily translated texts."""
    return Refusal(
        code=code,
        what=str(what),
        rule=rule,
        rule_version=rule_version,
        facts=dict(facts or {}),
        next_step=str(next_step),
        lifted_by=str(lifted_by),
        fix_path=fix_path,
        missing=dict(missing or {}),
        rule_since=rule_since,
        until=until,
    )
