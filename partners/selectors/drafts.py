"""Read an application as its applicant sees it: pages, papers, questions. Inside the guest's or the MAR's scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from partners.models import Application, ApplicationSection, Document, FieldQuestion
from partners.rules.application_fields import Case, Section
from partners.rules.application_form import sections_for


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the task list and how far it is: todo, doing or done."""

    section: Section
    state: str
    saved_at: datetime | None


def application_of_guest(application_id: UUID) -> Application | None:
    """Return the application, None when there is none."""
    return Application.objects.filter(pk=application_id).first()


def case_of(application: Application) -> Case:
    """Return what decides which pages and fields an applicant is asked."""
    return Case(application.kind, application.branch, application.country)


def pages_of(application: Application) -> list[Page]:
    """Return the applicant's pages in order, each with its state."""
    kept = {section.name: section for section in application.sections.all()}
    return [_page(section, kept.get(section.name)) for section in sections_for(case_of(application))]


def answers_of(application_id: UUID, name: str) -> dict[str, Any]:
    """Return the answers of one page, none when it was never saved."""
    section = ApplicationSection.objects.filter(application_id=application_id, name=name).first()
    return dict(section.answers) if section else {}


def all_answers(application_id: UUID) -> dict[str, dict[str, Any]]:
    """Return the answers of every saved page by its name."""
    rows = ApplicationSection.objects.filter(application_id=application_id)
    return {section.name: dict(section.answers) for section in rows}


def papers_of(application_id: UUID) -> list[Document]:
    """Return the papers handed in and not taken back, oldest first."""
    return list(Document.objects.filter(application_id=application_id, removed_at__isnull=True))


def paper_of(application_id: UUID, document_id: UUID) -> Document | None:
    """Return one of the application's papers, None when it is not his or was taken back."""
    return Document.objects.filter(
        application_id=application_id, pk=document_id, removed_at__isnull=True
    ).first()


def open_questions(application_id: UUID) -> list[FieldQuestion]:
    """Return the questions that wait for an answer, the oldest first."""
    found = FieldQuestion.objects.filter(application_id=application_id, closed_at__isnull=True)
    return list(found.filter(answered_at__isnull=True))


def questions_of(application_id: UUID) -> list[FieldQuestion]:
    """Return every question ever asked."""
    return list(FieldQuestion.objects.filter(application_id=application_id))


def _page(section: Section, kept: ApplicationSection | None) -> Page:
    if kept is None:
        return Page(section, "todo", None)
    return Page(section, "done" if kept.is_complete else "doing", kept.saved_at)
