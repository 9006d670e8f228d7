"""An application in words: its clock, its answers page by page, and what people said about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Application, ApplicationSection, FieldQuestion
from partners.rules.countries import country_name
from partners.rules.review_clock import Standing, standing
from partners.services.application_questions import COLUMNS_SECTION
from portal import markup
from portal.status import status

# What stands in columns of the application, in the order a reviewer reads it.
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


def fact_groups(
    application: Application, sections: Iterable[ApplicationSection], questions: Iterable[FieldQuestion]
) -> list[FactGroup]:
    """Return the applicant's answers page by page, each with the questions about it."""
    asked: dict[str, list[FieldQuestion]] = {}
    for question in questions:
        asked.setdefault(f"{question.section}.{question.field}", []).append(question)
    groups = [_group(section.name, section.answers, asked) for section in sections]
    if not any(group.section == COLUMNS_SECTION for group in groups):
        groups.insert(0, _group(COLUMNS_SECTION, _columns(application), asked))
    return [group for group in groups if group.facts]


def facts_by_key(groups: Iterable[FactGroup]) -> dict[str, Fact]:
    """Return the answers under the names they are asked about."""
    return {fact.key: fact for group in groups for fact in group.facts}


def _group(name: str, answers: Mapping[str, Any], asked: Mapping[str, list[FieldQuestion]]) -> FactGroup:
    facts = [
        Fact(name, key, _label(key), _in_words(key, value), asked.get(f"{name}.{key}", []))
        for key, value in answers.items()
    ]
    return FactGroup(name, _title(name), facts)


def _columns(application: Application) -> dict[str, Any]:
    found = {name: getattr(application, name) for name in COLUMNS}
    return {name: value for name, value in found.items() if value not in ("", None)}


def _title(section: str) -> str:
    return _("Company and contact") if section == COLUMNS_SECTION else _readable(section)


def _label(name: str) -> str:
    if name in COLUMNS:
        label = str(getattr(Application._meta.get_field(name), "verbose_name", name))
        return label[:1].upper() + label[1:]
    return _readable(name)


def _readable(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


def _in_words(name: str, value: Any) -> Any:
    if name == "country" and isinstance(value, str):
        return country_name(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_readable(str(key))}: {each}" for key, each in value.items())
    return value
