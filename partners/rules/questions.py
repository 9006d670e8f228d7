"""What a question to an applicant must say, and by when it may be due."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from partners.rules.reason_codes import question_reason

MAX_QUESTIONS = 20
MAX_TEXT = 600
MAX_EXAMPLE = 200
SOONEST = timedelta(days=1)
LATEST = timedelta(days=60)
USUAL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one field of one page. An empty text takes the words of the reason."""

    section: str
    field: str
    reason_code: str
    text: str
    example: str
    due_on: date


def completed(question: Question, *, language: str) -> Question:
    """Return the question with the words and the example of its reason where it has none of its own."""
    reason = question_reason(question.reason_code)
    text = question.text.strip() or (reason.text(language) if reason else "")
    example = question.example.strip() or (reason.example if reason else "")
    return replace(question, text=text[:MAX_TEXT], example=example[:MAX_EXAMPLE])


def faults(questions: list[Question], *, today: date) -> list[str]:
    """Return the codes of what is wrong with the questions, none when they can be sent (P-REV-3)."""
    found = []
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        found.append("count")
    if len({(question.section, question.field) for question in questions}) != len(questions):
        found.append("twice")
    if any(question_reason(question.reason_code) is None for question in questions):
        found.append("reason")
    if any(not question.text or not question.field for question in questions):
        found.append("text")
    if any(not today + SOONEST <= question.due_on <= today + LATEST for question in questions):
        found.append("date")
    return found
