"""What an applicant does after he has sent: answer a question, appeal, withdraw."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from core.tenancy import guest_scope
from partners.models import Application, FieldQuestion
from partners.models.application import ApplicationState
from partners.rules.application_answers import AnswerWrong, clean_answer
from partners.rules.application_fields import FieldKind
from partners.rules.applications import may_move
from partners.selectors.drafts import answers_of, case_of, open_questions, papers_of
from partners.services.application_drafts import closed, locked, note
from partners.services.application_pages import page_of, write_page

MAX_APPEAL = 2000


class AnswerMissing(Invalid):
    """A question was answered with nothing."""


class AppealedBefore(DomainError):
    """A refusal is appealed once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The new answer to one asked field, and a word about it. A paper is handed in before; its value is None."""

    value: Any = None
    note: str = ""


@transaction.atomic
def answer_questions(
    application_id: UUID, replies: Mapping[UUID, Reply], *, by: Actor, at: datetime
) -> Application:
    """Change the asked fields and these only; when every question has its answer the review goes on.

    :raises NotFound: for a question that is not open.
    :raises AnswerMissing: when an answer is empty or cannot be right; nothing is kept then.
    :raises ApplicationClosed: when nothing is asked.
    """
    with guest_scope(application_id):
        application = locked(application_id)
        if application.state != ApplicationState.INFO_REQUESTED:
            raise closed(application)
        questions = {question.pk: question for question in open_questions(application_id)}
        for question_id, reply in replies.items():
            if question_id not in questions:
                raise NotFound(_("There is no such question."))
            _answer(application, questions[question_id], reply, at=at)
        is_answered = not open_questions(application_id)
        if is_answered:
            application.state = ApplicationState.IN_REVIEW
            application.save(update_fields=["state"])
    fields = sorted(f"{questions[one].section}.{questions[one].field}" for one in replies)
    note(application, "partners.application.answered", by=by, at=at, fields=fields)
    if is_answered:
        enqueue("partners.send_application_answered", at=at, application_id=application.pk)
        # What was checked may have changed: sources are asked again wherever the facts are other ones.
        enqueue("partners.run_checks", at=at, application_id=application.pk)
    return application


@transaction.atomic
def appeal(application_id: UUID, *, text: str, by: Actor, at: datetime) -> Application:
    """Say why a refusal is wrong; it is looked at anew. Possible once.

    :raises AnswerMissing: without a reason.
    :raises AppealedBefore: the second time.
    :raises ApplicationClosed: when it is not refused.
    """
    with guest_scope(application_id):
        application = locked(application_id)
        if application.state != ApplicationState.REJECTED:
            raise closed(application)
        if application.appealed_at is not None:
            raise AppealedBefore(_appealed_before(application))
        words = text.strip()[:MAX_APPEAL]
        if not words:
            raise AnswerMissing(_missing(_("Say why you think the decision is wrong.")))
        application.state = ApplicationState.APPEALED
        application.appeal_text, application.appealed_at = words, at
        application.save(update_fields=["state", "appeal_text", "appealed_at"])
    note(application, "partners.application.appealed", by=by, at=at)
    enqueue("partners.send_appeal_received", at=at, application_id=application.pk)
    return application


@transaction.atomic
def withdraw(application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Take the application back, as long as nobody has recommended or decided.

    :raises ApplicationClosed: when it is too late for that.
    """
    with guest_scope(application_id):
        application = locked(application_id)
        if not may_move(application.state, ApplicationState.WITHDRAWN):
            raise closed(application)
        application.state = ApplicationState.WITHDRAWN
        application.save(update_fields=["state"])
    note(application, "partners.application.withdrawn", by=by, at=at)
    return application


def _answer(application: Application, question: FieldQuestion, reply: Reply, *, at: datetime) -> None:
    """Write one asked field into its page, all other answers as they were."""
    section = page_of(application, question.section)
    field = section.field_named(question.field)
    if field is None:
        raise NotFound(_("There is no such field."))
    if field.kind == FieldKind.PAPER:
        _require_new_paper(application, question, field.paper_kind)
    else:
        answers = answers_of(application.pk, section.name)
        case = case_of(application).with_answers(answers)
        try:
            value = clean_answer(field, reply.value, case)
        except AnswerWrong as error:
            raise AnswerMissing(_missing(str(error), field=field.name)) from error
        if value in ("", [], None) and field.is_required(case):
            raise AnswerMissing(_missing(_("Give an answer."), field=field.name))
        write_page(application, section, answers | {field.name: value}, at=at)
    question.answered_at, question.answer_note = at, reply.note.strip()[:600]
    question.save(update_fields=["answered_at", "answer_note"])


def _require_new_paper(application: Application, question: FieldQuestion, kind: str) -> None:
    is_new = any(
        paper.kind == kind and paper.uploaded_at >= question.asked_at for paper in papers_of(application.pk)
    )
    if not is_new:
        raise AnswerMissing(_missing(_("Choose the file."), field=question.field))


def _missing(what: str, **facts: str) -> Any:
    return refuse(
        "answer_missing", what, rule="P-DRAFT-6", facts=facts, next_step=_("Write it and send again."),
        lifted_by=_("You"),
    )  # fmt: skip


def _appealed_before(application: Application) -> Any:
    return refuse(
        "appealed_before",
        _("This refusal was appealed before, and looked at anew. That decision is the last one here."),
        rule="P-DRAFT-7",
        facts={_("Appealed"): application.appealed_at},
        next_step=_("You may apply again when the reason is gone."),
        lifted_by=_("Nobody"),
    )
