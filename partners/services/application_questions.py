"""Ask the applicant back about single fields, and close a question."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid, NotFound, refuse
from core.queue import enqueue
from partners.models import Application, ApplicationSection, FieldQuestion
from partners.models.application import ApplicationState
from partners.rules.applications import ANSWER_DAYS
from partners.rules.questions import Question, completed, faults
from partners.selectors.mar import mar_zone
from partners.services.application_case import locked, note_step, person, require_claimed_by, require_move

# What a page of the task list calls its own when it is stored in columns of the application.
COLUMNS_SECTION = "company"


class QuestionWrong(Invalid):
    """A question does not say which field, why, or by when."""


@transaction.atomic
def ask_back(
    application_id: UUID, *, questions: Sequence[Question], by: Actor, at: datetime
) -> list[FieldQuestion]:
    """Ask about single fields; the applicant gets one mail with all of them and can change only these.

    Our clock stops: the answer we owe moves behind the last day he has.

    :raises ApplicationCannotMove: when the case is not in review.
    :raises ClaimedByAnother: when it is a colleague's case.
    :raises QuestionWrong: for an unknown reason, no words, or a day that is not within sixty days.
    """
    application, user_id = locked(application_id), person(by)
    require_move(application, ApplicationState.INFO_REQUESTED)
    require_claimed_by(application, user_id)
    asked = [completed(question, language=application.language) for question in questions]
    _require_well_put(application, asked, at=at)
    stored = [_store(application, question, user_id=user_id, at=at) for question in asked]
    application.state = ApplicationState.INFO_REQUESTED
    application.due_at = _promise_after(max(question.due_on for question in asked))
    application.save(update_fields=["state", "due_at"])
    fields = sorted(f"{question.section}.{question.field}" for question in asked)
    note_step("asked_back", application, by=by, at=at, fields=fields)
    enqueue("partners.send_application_questions", at=at, application_id=application.pk)
    return stored


@transaction.atomic
def close_question(question_id: UUID, *, by: Actor, at: datetime) -> FieldQuestion:
    """Close a question that is answered or no longer needed; with the last one the case is in review again.

    :raises NotFound: when there is no such question.
    :raises ClaimedByAnother: when it is a colleague's case.
    """
    found = FieldQuestion.objects.filter(pk=question_id).values_list("application_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such question."))
    application, user_id = locked(found), person(by)
    require_claimed_by(application, user_id)
    question = FieldQuestion.objects.get(pk=question_id)
    if question.closed_at is not None:
        return question
    question.closed_at = at
    question.save(update_fields=["closed_at"])
    if application.state == ApplicationState.INFO_REQUESTED and not _waits_for_an_answer(application):
        application.state = ApplicationState.IN_REVIEW
        application.save(update_fields=["state"])
    note_step("question_closed", application, by=by, at=at, field=f"{question.section}.{question.field}")
    return question


def close_all_questions(application: Application, *, at: datetime) -> None:
    """Close what is open: whoever recommends has no question left. Inside a step of the case."""
    application.questions.filter(closed_at__isnull=True).update(closed_at=at)


def _promise_after(day: date) -> datetime:
    """Return by when we promise an answer, if the applicant answers on his last day."""
    return datetime.combine(day + timedelta(days=ANSWER_DAYS + 1), time.min, tzinfo=mar_zone())


def _waits_for_an_answer(application: Application) -> bool:
    return application.questions.filter(closed_at__isnull=True, answered_at__isnull=True).exists()


def _store(application: Application, question: Question, *, user_id: UUID, at: datetime) -> FieldQuestion:
    # A field is asked about by one open question: an answered one before it is settled by asking again.
    again = application.questions.filter(
        section=question.section, field=question.field, closed_at__isnull=True
    )
    again.update(closed_at=at)
    return FieldQuestion.objects.create(
        application=application,
        section=question.section,
        field=question.field,
        reason_code=question.reason_code,
        text=question.text,
        example=question.example,
        due_on=question.due_on,
        asked_by_id=user_id,
        asked_at=at,
        value_before=_value_now(application, question),
    )


def _value_now(application: Application, question: Question) -> Any:
    section = ApplicationSection.objects.filter(application=application, name=question.section).first()
    if section is not None:
        return section.answers.get(question.field)
    value = getattr(application, question.field, None) if question.section == COLUMNS_SECTION else None
    return value if isinstance(value, str | int) else None


def _require_well_put(application: Application, questions: Sequence[Question], *, at: datetime) -> None:
    found = faults(list(questions), today=at.astimezone(mar_zone()).date())
    if not found:
        return
    words = {
        "count": _("Ask about one to twenty fields."),
        "twice": _("Ask about each field once."),
        "reason": _("Choose why you ask."),
        "text": _("Say what is to be answered."),
        "date": _("Name a day between tomorrow and sixty days from now."),
    }
    raise QuestionWrong(
        refuse(
            "question_incomplete",
            _("The question cannot be sent like this."),
            rule="P-REV-3",
            facts={_("Application"): application.reference},
            next_step=" ".join(words[code] for code in found),
        )
    )
