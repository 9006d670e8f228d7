"""Six questions an applicant answers about the duties; any number of attempts, each one counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PASS_MARK = 5
Words = Promise | str


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its choices (code, words), the right code, and why it is right."""

    name: str
    text: Words
    choices: tuple[tuple[str, Words], ...]
    right: str
    why: Words


@dataclass(frozen=True, slots=True)
class Marked:
    """One attempt: how many were right, whether it is a pass, and which questions were wrong."""

    right: int
    is_pass: bool
    wrong: tuple[str, ...]


QUESTIONS = (
    Question(
        "device",
        _("A customer brings a PC that he bought new two months ago. May it get a refurbisher licence?"),
        (
            ("yes", _("Yes, every used PC may")),
            ("no", _("No, it is not yet six months old")),
            ("ask", _("Only if the customer agrees")),
        ),
        "no",
        _("A PC qualifies after six months of use, with its original board and a genuine Windows before."),
    ),
    Question(
        "keys",
        _("A befriended shop is out of keys and asks you for one. What do you do?"),
        (
            ("give", _("Give one and note it down")),
            ("sell", _("Sell one at cost")),
            ("refuse", _("Give none: keys leave my house on a PC only")),
        ),
        "refuse",
        _("A key is never passed to another refurbisher, a reseller or a customer apart from its PC."),
    ),
    Question(
        "report",
        _("You have installed 40 PCs this month. When do you report them?"),
        (
            ("year", _("Once a year, together")),
            ("days", _("Each one soon, within 30 days at the latest")),
            ("sold", _("When the last one is sold")),
        ),
        "days",
        _(
            "Each build is reported with its hardware hash before the PC leaves, within 30 days at the latest."
        ),
    ),
    Question(
        "loss",
        _("A notebook with three keys on it was stolen. What comes first?"),
        (
            ("wait", _("Wait whether it turns up")),
            ("tell", _("Tell the programme office at once")),
            ("order", _("Order three new keys")),
        ),
        "tell",
        _("Loss or theft is reported at once, so that the keys can be stopped."),
    ),
    Question(
        "wiping",
        _("Which is true about wiping disks?"),
        (
            ("format", _("A quick format is enough")),
            ("record", _("Each disk is wiped by a named standard, and there is a record")),
            ("sold", _("Only disks of companies have to be wiped")),
        ),
        "record",
        _(
            "The standard with its revision, the method and the tool are kept for each disk, and can be shown."
        ),
    ),
    Question(
        "citizenship",
        _("A company wants 20 PCs with the cheaper Citizenship licence. May you?"),
        (
            ("no", _("No: they are for approved schools, charities and programmes")),
            ("yes", _("Yes, if it promises to give them away")),
            ("price", _("Yes, at the commercial price")),
        ),
        "no",
        _("Citizenship licences go only to recipients that were approved, and a record of each is kept."),
    ),
)


def mark(given: Mapping[str, str]) -> Marked:
    """Return the result of one attempt; an open question counts as wrong."""
    wrong = tuple(question.name for question in QUESTIONS if given.get(question.name) != question.right)
    right = len(QUESTIONS) - len(wrong)
    return Marked(right=right, is_pass=right >= PASS_MARK, wrong=wrong)
