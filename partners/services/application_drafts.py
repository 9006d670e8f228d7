"""The applicant's own steps until he sends: start, fill page by page, hand in papers, send.

Each step opens the scope of the one application it is about, so it can be called as a visitor, and
from the MAR's scope as well.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from core.tenancy import guest_scope
from partners import locks
from partners.models import Application, ApplicationSection, Document
from partners.models.application import ApplicationState
from partners.rules import application_statement
from partners.rules.application_fields import FieldKind, FormField, Section
from partners.rules.applications import (
    APPLICANT_EDITS,
    REFERENCE_LENGTH,
    REFERENCE_SYMBOLS,
    format_reference,
)
from partners.rules.countries import NAMES
from partners.rules.knowledge_test import Marked, mark
from partners.selectors.drafts import answers_of, case_of, open_questions, pages_of, paper_of
from partners.services.application_pages import clean_page, page_of, recount_page, write_page
from partners.services.documents import remove_document, store_document

REFERENCE_TRIES = 3


class CountryNotOpen(Invalid):
    """Nobody can apply from this country."""


class ApplicationIncomplete(Invalid):
    """Pages are unfinished; one refusal names each of them."""


class ApplicationClosed(DomainError):
    """The application is not in a state in which the applicant may change this."""


class StatementChanged(DomainError):
    """The statement that was read is not the one in force."""


@transaction.atomic
def start_application(
    *,
    kind: str,
    branch: str,
    country: str,
    contact_email: str,
    checker_answers: Mapping[str, Any] | None = None,
    language: str = "en",
    mail: str = "partners.send_application_started",
    by: Actor,
    at: datetime,
) -> Application:
    """Begin a draft and mail the link by which it is opened again; ``mail`` names the task that sends it.

    :raises CountryNotOpen: for a country that is not on the list.
    """
    if country not in NAMES:
        raise CountryNotOpen(
            refuse(
                "country_not_open",
                _("Nobody can apply from this country yet."),
                rule="P-DRAFT-3",
                facts={_("Country"): country},
                next_step=_("Write to us before you apply."),
                lifted_by=_("The programme office"),
            )
        )
    application = Application(
        id=uuid4(),
        kind=Application.Kind(kind).value,
        branch=Application.Branch(branch).value,
        country=country,
        contact_email=contact_email.strip().lower(),
        checker_answers=dict(checker_answers or {}),
        language=language,
        state=ApplicationState.DRAFT,
        started_at=at,
        saved_at=at,
    )
    with guest_scope(application.pk):
        _insert(application)
    note(application, "partners.application.started", by=by, at=at, country=country, kind=kind, branch=branch)
    enqueue(mail, at=at, application_id=application.pk)
    return application


@transaction.atomic
def save_section(
    application_id: UUID, name: str, answers: Mapping[str, Any], *, by: Actor, at: datetime
) -> ApplicationSection:
    """Keep the answers of one page of a draft, complete or not.

    :raises NotFound: when the applicant is not asked this page.
    :raises AnswersWrong: when an answer cannot be right; nothing of the page is kept then.
    :raises ApplicationClosed: when the application was sent.
    """
    with guest_scope(application_id):
        application = draft_of(application_id)
        section = page_of(application, name)
        if section.is_done is not None:
            raise NotFound(_("This page has a form of its own."))
        return write_page(application, section, clean_page(section, answers, case_of(application)), at=at)


@transaction.atomic
def hand_in_paper(
    application_id: UUID,
    name: str,
    field_name: str,
    content: bytes,
    *,
    file_name: str,
    title: str = "",
    expires_on: date | None = None,
    by: Actor,
    at: datetime,
) -> Document:
    """Keep a paper for one field of one page.

    :raises DocumentRefused: when it is not a paper that is taken.
    :raises ApplicationClosed: when the page is neither in a draft nor asked about.
    """
    with guest_scope(application_id):
        application, section, field = _open_paper_field(application_id, name, field_name)
        document = store_document(
            content,
            name=file_name,
            kind=field.paper_kind,
            title=title or str(field.label),
            application_id=application_id,
            expires_on=expires_on,
            by=by,
            at=at,
        )
        recount_page(application, section, at=at)
        return document


@transaction.atomic
def take_back_paper(application_id: UUID, document_id: UUID, *, by: Actor, at: datetime) -> None:
    """Take one paper of a draft back.

    :raises NotFound: when the application has no such paper.
    """
    with guest_scope(application_id):
        application = draft_of(application_id)
        document = paper_of(application_id, document_id)
        if document is None:
            raise NotFound(_("There is no such paper."))
        remove_document(document, by=by, at=at)
        for page in pages_of(application):
            if any(field.paper_kind == document.kind for field in page.section.fields):
                recount_page(application, page.section, at=at)


@transaction.atomic
def take_knowledge_test(application_id: UUID, given: Mapping[str, str], *, by: Actor, at: datetime) -> Marked:
    """Mark one attempt at the six questions and count it; a pass stays a pass."""
    with guest_scope(application_id):
        application = draft_of(application_id)
        before = answers_of(application_id, "knowledge")
        marked = mark(given)
        answers = {
            "attempts": before.get("attempts", 0) + 1,
            "right": marked.right,
            "wrong": list(marked.wrong),
            "passed_at": before.get("passed_at") or (at.isoformat() if marked.is_pass else ""),
        }
        write_page(application, page_of(application, "knowledge"), answers, at=at)
        return marked


@transaction.atomic
def agree_to_statement(
    application_id: UUID, *, name: str, role: str, text_sha256: str, by: Actor, at: datetime
) -> ApplicationSection:
    """Note who agreed to which text of the statement, and when.

    :raises StatementChanged: when the text in force is another one.
    """
    if text_sha256 != application_statement.TEXT_SHA256:
        raise StatementChanged(
            refuse(
                "statement_changed",
                _("The statement has changed since you opened the page."),
                rule="P-DRAFT-4",
                facts={_("In force"): application_statement.VERSION},
                next_step=_("Read it again."),
                lifted_by=_("You"),
            )
        )
    with guest_scope(application_id):
        application = draft_of(application_id)
        answers = {
            "agreed": True,
            "name": " ".join(name.split())[:120],
            "role": " ".join(role.split())[:120],
            "version": application_statement.VERSION,
            "sha256": text_sha256,
            "at": at.isoformat(),
        }
        return write_page(application, page_of(application, "terms"), answers, at=at)


@transaction.atomic
def submit_application(application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Send a complete draft; from now on the promised day of the answer runs.

    :raises ApplicationIncomplete: naming each page that is not finished.
    :raises ApplicationClosed: when it was sent before.
    """
    with guest_scope(application_id):
        application = draft_of(application_id)
        _require_complete(application)
        application.state = ApplicationState.SUBMITTED
        application.submitted_at = at
        application.save(update_fields=["state", "submitted_at"])
        application.refresh_from_db(fields=["due_at"])  # our promise, set by the database
    note(application, "partners.application.submitted", by=by, at=at, country=application.country)
    enqueue("partners.send_application_received", at=at, application_id=application.pk)
    enqueue("partners.run_checks", at=at, application_id=application.pk)
    return application


def draft_of(application_id: UUID) -> Application:
    """Lock a draft. Inside its guest's scope.

    :raises NotFound: when there is none.
    :raises ApplicationClosed: when it was sent, withdrawn or decided.
    """
    application = locked(application_id)
    if application.state != ApplicationState.DRAFT:
        raise closed(application)
    return application


def locked(application_id: UUID) -> Application:
    """Lock an application in its guest's scope.

    :raises NotFound: when there is none.
    """
    application = locks.lock_application(application_id)
    if application is None:
        raise NotFound(_("There is no such application."))
    return application


def closed(application: Application) -> ApplicationClosed:
    """Return the refusal of a step that the state does not allow."""
    return ApplicationClosed(
        refuse(
            "application_closed",
            _("This application is not open for that step any more."),
            rule="P-DRAFT-1",
            facts={
                _("Application"): application.reference,
                _("State"): str(ApplicationState(application.state).label),
            },
            next_step=_("See on its page how it stands, and what is possible now."),
            lifted_by=_("The programme office, by asking you about a field"),
            fix_path="/apply/status/",
        )
    )


def note(application: Application, action: str, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Write the audit row of a step of the applicant."""
    audit.record(
        action,
        by=by,
        at=at,
        object_type="application",
        object_id=application.pk,
        facts={"reference": application.reference, **facts},
    )


def _insert(application: Application) -> None:
    """Add the row under a fresh reference; a reference already taken is drawn again."""
    for tries_left in reversed(range(REFERENCE_TRIES)):
        symbols = "".join(secrets.choice(REFERENCE_SYMBOLS) for _n in range(REFERENCE_LENGTH))
        application.reference = format_reference(symbols)
        try:
            with transaction.atomic():
                application.save(force_insert=True)
        except IntegrityError:
            if not tries_left:
                raise
        else:
            return


def _open_paper_field(
    application_id: UUID, name: str, field_name: str
) -> tuple[Application, Section, FormField]:
    application = locked(application_id)
    if application.state not in APPLICANT_EDITS:
        raise closed(application)
    section = page_of(application, name)
    field = section.field_named(field_name)
    if field is None or field.kind != FieldKind.PAPER or not field.is_asked(case_of(application)):
        raise NotFound(_("There is no such field."))
    if application.state != ApplicationState.DRAFT and not _is_asked(application_id, name, field_name):
        raise closed(application)
    return application, section, field


def _is_asked(application_id: UUID, section: str, field: str) -> bool:
    return any(
        question.section == section and question.field == field for question in open_questions(application_id)
    )


def _require_complete(application: Application) -> None:
    open_pages = [page for page in pages_of(application) if page.state != "done"]
    if open_pages:
        raise ApplicationIncomplete(
            *(
                refuse(
                    "page_incomplete",
                    _("The page “%(title)s” is not finished.") % {"title": page.section.title},
                    rule="P-DRAFT-5",
                    next_step=_("Open it and complete it."),
                    lifted_by=_("You"),
                    fix_path=f"/apply/pages/{page.section.name}/",
                )
                for page in open_pages
            )
        )
