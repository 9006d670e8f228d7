"""An application in words: its clock, and its answers page by page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Application, Document, FieldQuestion
from partners.rules.application_fields import FieldKind, FormField, Section
from partners.rules.application_form import sections_for
from partners.rules.countries import country_name
from partners.rules.review_clock import Standing, standing
from partners.selectors.drafts import case_of
from partners.services.application_questions import COLUMNS_SECTION
from portal import formatting, markup
from portal.status import status

# An application without pages, such as one taken over from paper: what its row knows.
COLUMNS = (
    "company", "trade_name", "legal_form", "country", "vat_id", "register_number", "contact_name",
    "contact_email", "phone", "street", "postcode", "city", "website", "wiping_standard",
    "expected_volume", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer of the applicant, and what was asked about it."""

    section: str
    name: str
    label: str
    value: Any
    questions: list[FieldQuestion] = field(default_factory=list)
    is_askable: bool = True

    @property
    def key(self) -> str:
        """Return the name under which the answer is asked about."""
        return f"{self.section}.{self.name}"


@dataclass(frozen=True, slots=True)
class FactGroup:
    """One page of the task list."""

    section: str
    title: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What an applicant handed in: answers by page, papers, and the questions about them."""

    application: Application
    answers: Mapping[str, Mapping[str, Any]]
    papers: Iterable[Document]
    questions: Iterable[FieldQuestion] = ()

    def asked(self, section: str, name: str) -> list[FieldQuestion]:
        """Return the questions about one answer."""
        return [each for each in self.questions if (each.section, each.field) == (section, name)]


def clock_words(at: Standing) -> str:
    """Return the clock in words, such as "2 days overdue"."""
    if at.code == "overdue":
        return ngettext("%(n)d day overdue", "%(n)d days overdue", -at.days) % {"n": -at.days}
    if at.code in ("in_time", "due_soon"):
        return ngettext("%(n)d day left", "%(n)d days left", at.days) % {"n": at.days}
    return str(status("review_clock", at.code).label)


def clock_badge(application: Application, *, today: date, zone: ZoneInfo) -> SafeString:
    """Return the clock as word, icon and colour; nothing for a closed case."""
    at = standing(application.state, application.due_at, today=today, zone=zone)
    if at.code == "done":
        return markup.nothing()
    shown = status("review_clock", at.code)
    return format_html(
        '<span class="state tone-{}" title="{}">{}{}</span>',
        shown.tone, shown.sentence, markup.icon(shown.icon), clock_words(at),
    )  # fmt: skip


def fact_groups(file: CaseFile) -> list[FactGroup]:
    """Return the applicant's answers page by page, in the order he was asked, each with its questions."""
    if not file.answers:
        return [_columns(file)]
    case = case_of(file.application)
    groups = [_page(file, section, section.fields_for(case)) for section in sections_for(case)]
    return [group for group in groups if group.facts]


def facts_by_key(groups: Iterable[FactGroup]) -> dict[str, Fact]:
    """Return the answers that can be asked about, under the names they are asked about."""
    return {fact.key: fact for group in groups for fact in group.facts if fact.is_askable}


def _page(file: CaseFile, section: Section, fields: Iterable[FormField]) -> FactGroup:
    answers = file.answers.get(section.name, {})
    if section.is_done is not None:
        return FactGroup(section.name, str(section.title), _own_form(section.name, answers))
    facts = [
        Fact(section.name, each.name, str(each.label), value, file.asked(section.name, each.name))
        for each in fields
        if (value := _in_words(each, answers, file.papers)) not in ("", None) or each.name in answers
    ]
    return FactGroup(section.name, str(section.title), facts)


def _own_form(name: str, answers: Mapping[str, Any]) -> list[Fact]:
    """Return what came of a page that is no list of fields: the test, the statement."""
    if name == "knowledge" and answers:
        said = _("%(right)s right, attempts: %(attempts)s") % {
            "right": answers.get("right", 0),
            "attempts": answers.get("attempts", 0),
        }
        return [Fact(name, "result", _("Result"), said, is_askable=False)]
    if answers.get("agreed"):
        said = f"{answers.get('name', '')}, {answers.get('role', '')} ({answers.get('version', '')})"
        return [Fact(name, "agreed", _("Agreed by"), said, is_askable=False)]
    return []


def _in_words(asked: FormField, answers: Mapping[str, Any], papers: Iterable[Document]) -> Any:
    if asked.kind == FieldKind.PAPER:
        return ", ".join(paper.file_name for paper in papers if paper.kind == asked.paper_kind)
    value = answers.get(asked.name)
    if asked.kind == FieldKind.TICK:
        return _("Yes") if value else ""
    words = {str(code): str(label) for code, label in asked.choices}
    if isinstance(value, list | tuple):
        return ", ".join(words.get(str(each), str(each)) for each in value)
    if asked.kind == FieldKind.DATE and value:
        return _day(str(value))
    return words.get(str(value), value) if words else value


def _day(text: str) -> str:
    try:
        return formatting.day(date.fromisoformat(text))
    except ValueError:
        return text


def _columns(file: CaseFile) -> FactGroup:
    found = {name: getattr(file.application, name) for name in COLUMNS}
    facts = [
        Fact(
            COLUMNS_SECTION,
            name,
            _column_label(name),
            country_name(value) if name == "country" else value,
            file.asked(COLUMNS_SECTION, name),
        )
        for name, value in found.items()
        if value not in ("", None)
    ]
    return FactGroup(COLUMNS_SECTION, _("Company and contact"), facts)


def _column_label(name: str) -> str:
    label = str(getattr(Application._meta.get_field(name), "verbose_name", name))
    return label[:1].upper() + label[1:]
