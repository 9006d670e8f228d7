"""What a field and a page of the application are: declared once, drawn, checked and counted from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

Words = Promise | str
Choices = tuple[tuple[str, Words], ...]


class FieldKind(StrEnum):
    """How a field is asked and checked."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    LINES = "lines"  # one entry a line
    EMAIL = "email"
    PHONE = "phone"
    POSTCODE = "postcode"
    URL = "url"
    URLS = "urls"  # one address a line
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    TICK = "tick"
    IBAN = "iban"
    VAT_ID = "vat_id"
    REGISTER_NUMBER = "register_number"
    PAPER = "paper"  # a file; kept as a document of ``paper_kind``, not among the answers


@dataclass(frozen=True, slots=True)
class Case:
    """What decides which fields are asked and required: who applies, and the page's other answers."""

    kind: str
    branch: str
    country: str
    answers: Mapping[str, Any] = field(default_factory=dict)

    def with_answers(self, answers: Mapping[str, Any]) -> "Case":
        """Return the same applicant on a page with these answers."""
        return Case(self.kind, self.branch, self.country, answers)


Condition = Callable[[Case], bool]


def always(_case: Case) -> bool:
    """Hold for everybody."""
    return True


def never(_case: Case) -> bool:
    """Hold for nobody."""
    return False


@dataclass(frozen=True, slots=True)
class FormField:
    """One question. ``column`` names the column of the application that holds the answer as well."""

    name: str
    label: Words
    kind: FieldKind = FieldKind.TEXT
    help: Words = ""
    is_required: Condition = always
    is_asked: Condition = always
    max_length: int = 120
    choices: Choices = ()
    column: str = ""
    paper_kind: str = ""
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the task list. ``is_done`` replaces the count of fields where a page has its own form."""

    name: str
    title: Words
    lead: Words
    fields: tuple[FormField, ...] = ()
    is_asked: Condition = always
    is_done: Callable[[Mapping[str, Any]], bool] | None = None

    def fields_for(self, case: Case) -> tuple[FormField, ...]:
        """Return the fields that this applicant is asked, whatever he answered so far."""
        return tuple(one for one in self.fields if one.is_asked(case))

    def field_named(self, name: str) -> FormField | None:
        """Return a field by its name, None when there is none."""
        return next((one for one in self.fields if one.name == name), None)
