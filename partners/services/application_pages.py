"""Write one page of an application: its answers, the columns they stand in, and how far it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound, Refusal, refuse
from partners.models import Application, ApplicationSection
from partners.rules.application_answers import AnswerWrong, clean_answer, is_complete
from partners.rules.application_fields import Case, FieldKind, FormField, Section
from partners.rules.application_form import section_named
from partners.rules.applications import OTHER_STANDARD
from partners.rules.company_identity import company_norm
from partners.selectors.drafts import case_of, papers_of


class AnswersWrong(Invalid):
    """Answers that cannot be right; one refusal a field, its name among the facts."""


def page_of(application: Application, name: str) -> Section:
    """Return one of the applicant's pages.

    :raises NotFound: when he is not asked this page.
    """
    section = section_named(name, case_of(application))
    if section is None:
        raise NotFound(_("There is no such page."))
    return section


def clean_page(section: Section, answers: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Return the page's answers as they are kept; what is not asked is dropped.

    :raises AnswersWrong: naming every field that is wrong.
    """
    cleaned: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for field in section.fields_for(case):
        if field.kind == FieldKind.PAPER:
            continue
        try:
            cleaned[field.name] = clean_answer(field, answers.get(field.name), case)
        except AnswerWrong as error:
            refusals.append(_wrong(field, str(error)))
    if refusals:
        raise AnswersWrong(*refusals)
    return cleaned


def write_page(
    application: Application, section: Section, answers: Mapping[str, Any], *, at: datetime
) -> ApplicationSection:
    """Keep cleaned answers and write the columns that hold some of them as well."""
    saved = {
        "answers": dict(answers),
        "is_complete": _is_complete(application, section, answers),
        "saved_at": at,
    }
    kept, _is_new = ApplicationSection.objects.update_or_create(
        application_id=application.pk,
        name=section.name,
        defaults=saved,
        create_defaults=saved | {"subject": application.subject},
    )
    changed = _columns(section, answers)
    for column, value in changed.items():
        setattr(application, column, value)
    application.saved_at = at
    application.save(update_fields=[*changed, "saved_at"])
    return kept


def recount_page(application: Application, section: Section, *, at: datetime) -> ApplicationSection:
    """Say again how far a page is, after a paper came or went."""
    row = ApplicationSection.objects.filter(application_id=application.pk, name=section.name).first()
    return write_page(application, section, row.answers if row else {}, at=at)


def _is_complete(application: Application, section: Section, answers: Mapping[str, Any]) -> bool:
    papers = {paper.kind for paper in papers_of(application.pk)}
    return is_complete(section, case_of(application).with_answers(answers), papers)


def _columns(section: Section, answers: Mapping[str, Any]) -> dict[str, Any]:
    held = {field.column: answers[field.name] for field in section.fields if _is_held(field, answers)}
    if held.get("wiping_standard") == OTHER_STANDARD:
        held["wiping_standard"] = answers.get("other_standard") or OTHER_STANDARD
    if "company" in held:
        held["company_norm"] = company_norm(held["company"])[:120]
    if "expected_volume" in held:
        held["expected_volume"] = held["expected_volume"] or 0
    if not held.get("contact_email", "x"):
        del held["contact_email"]  # without it nobody could open the application again
    return held


def _is_held(field: FormField, answers: Mapping[str, Any]) -> bool:
    return bool(field.column) and field.name in answers


def _wrong(field: FormField, words: str) -> Refusal:
    return refuse(
        "answer_wrong",
        words,
        rule="P-DRAFT-2",
        facts={"field": field.name, "label": str(field.label)},
        next_step=_("Correct this answer."),
        lifted_by=_("You"),
    )
