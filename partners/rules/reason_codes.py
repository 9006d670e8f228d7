"""Why an answer is asked for again, and why an application is refused: codes with their words per language.

The words are templates for the person who writes; he may change them before they are sent. A language
without words gets the English ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partners.rules import reason_texts as texts

FALLBACK_LANGUAGE = "en"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class QuestionReason:
    """Why a single answer is asked for again. ``example`` shows what a good answer looks like."""

    code: str
    label: Promise
    words: Mapping[str, str]
    example: str = ""

    def text(self, language: str) -> str:
        """Return the question in the applicant's language, empty when it must be written by hand."""
        return _in(self.words, language)


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """Why an application is refused, and what the applicant can do next."""

    code: str
    label: Promise
    words: Mapping[str, str]
    next_steps: Mapping[str, str]

    def text(self, language: str) -> str:
        """Return the reason in the applicant's language, empty when it must be written by hand."""
        return _in(self.words, language)

    def next_step(self, language: str) -> str:
        """Return what the applicant can do now."""
        return _in(self.next_steps, language)


QUESTION_REASONS: tuple[QuestionReason, ...] = (
    QuestionReason("unclear", _("Not clear enough"), texts.UNCLEAR),
    QuestionReason("unreadable", _("Paper cannot be read"), texts.UNREADABLE, "PDF, 300 dpi"),
    QuestionReason("expired", _("Paper has expired"), texts.EXPIRED),
    QuestionReason("missing_evidence", _("Proof is missing"), texts.MISSING_EVIDENCE),
    QuestionReason("does_not_match", _("Differs from the register"), texts.DOES_NOT_MATCH),
    QuestionReason(
        "vat_not_confirmed", _("VAT number not confirmed"), texts.VAT_NOT_CONFIRMED, "DE123456789"
    ),
    QuestionReason(
        "wiping_not_shown",
        _("Wiping practice not shown"),
        texts.WIPING_NOT_SHOWN,
        "NIST SP 800-88 Rev. 2, Purge, Blancco 7",
    ),
    QuestionReason("implausible", _("Figure looks unlikely"), texts.IMPLAUSIBLE),
    QuestionReason(OTHER, _("Another reason, in own words"), {}),
)

REFUSAL_REASONS: tuple[RefusalReason, ...] = (
    RefusalReason("not_a_refurbisher", _("Does not refurbish"), texts.NOT_A_REFURBISHER, texts.NEXT_FINDER),
    RefusalReason("outside_area", _("Outside our area"), texts.OUTSIDE_AREA, texts.NEXT_OTHER_MAR),
    RefusalReason("facts_not_confirmed", _("Facts not confirmed"), texts.NOT_CONFIRMED, texts.NEXT_PROOF),
    RefusalReason("wiping_insufficient", _("Wiping not sufficient"), texts.WIPING_WEAK, texts.NEXT_WIPING),
    RefusalReason("no_answer", _("Question not answered in time"), texts.NO_ANSWER, texts.NEXT_AGAIN),
    RefusalReason("open_duties", _("Open duties at an earlier MAR"), texts.OPEN_DUTIES, texts.NEXT_DUTIES),
    RefusalReason("sanctions", _("On a sanctions list"), texts.SANCTIONS, texts.NEXT_AUTHORITY),
    RefusalReason("duplicate", _("Is a partner already"), texts.DUPLICATE, texts.NEXT_SIGN_IN),
    RefusalReason(OTHER, _("Another reason, in own words"), {}, texts.NEXT_AGAIN),
)

_QUESTIONS = {reason.code: reason for reason in QUESTION_REASONS}
_REFUSALS = {reason.code: reason for reason in REFUSAL_REASONS}


def question_reason(code: str) -> QuestionReason | None:
    """Return the reason of a question, None for an unknown code."""
    return _QUESTIONS.get(code)


def refusal_reason(code: str) -> RefusalReason | None:
    """Return the reason of a refusal, None for an unknown code."""
    return _REFUSALS.get(code)


def choices(reasons: Iterable[QuestionReason | RefusalReason]) -> list[tuple[str, Promise]]:
    """Return code and label of each reason, for a form."""
    return [(reason.code, reason.label) for reason in reasons]


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get(FALLBACK_LANGUAGE, "")
