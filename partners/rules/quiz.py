"""A test as plain data: read from a text a person can write, shuffled by a seed, graded without a clock.

The text of a test:

    # May a key be passed on to a colleague's shop?
    - Yes, if he is a partner too.
    + No, never.
    > A key belongs to one PC. It is never passed on without it.

``#`` begins a question, ``+`` is a right answer, ``-`` a wrong one, ``>`` says why. A question with
several right answers asks for all of them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

MAX_QUESTIONS = 40
MAX_CHOICES = 8
MAX_LENGTH = 600  # characters of one line


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``right`` holds the places of the right choices as they were written."""

    text: str
    choices: tuple[str, ...]
    right: frozenset[int]
    why: str

    @property
    def has_several(self) -> bool:
        """Return whether more than one answer is right."""
        return len(self.right) > 1


@dataclass(frozen=True, slots=True)
class Grade:
    """What a test came to: percent, rounded down, and which questions were right."""

    score: int
    is_passed: bool
    right: tuple[bool, ...]


class QuizUnreadable(ValueError):
    """A test that cannot be used; ``line`` is counted from 1, 0 for the test as a whole."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"line {line}: {problem}")


def parse_questions(text: str) -> list[Question]:
    """Return the questions written in a text.

    :raises QuizUnreadable: naming the first line that does not fit.
    """
    questions: list[Question] = []
    block: list[tuple[int, str, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        mark, words = line[0], line[1:].strip()
        if mark not in "#+->" or not words:
            raise QuizUnreadable(number, _("each line begins with #, +, - or > and has words after it"))
        if len(words) > MAX_LENGTH:
            raise QuizUnreadable(number, _("a line has at most %(most)s characters") % {"most": MAX_LENGTH})
        if mark == "#" and block:
            questions.append(_question(block))
            block = []
        if mark != "#" and not block:
            raise QuizUnreadable(number, _("a question comes first: a line that begins with #"))
        block.append((number, mark, words))
    if block:
        questions.append(_question(block))
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise QuizUnreadable(0, _("a test has 1 to %(most)s questions") % {"most": MAX_QUESTIONS})
    return questions


def _question(block: Sequence[tuple[int, str, str]]) -> Question:
    begins, _mark, text = block[0]
    answers = [(mark, words) for _number, mark, words in block[1:] if mark in "+-"]
    why = " ".join(words for _number, mark, words in block[1:] if mark == ">")
    right = frozenset(place for place, (mark, _words) in enumerate(answers) if mark == "+")
    if not 2 <= len(answers) <= MAX_CHOICES:
        raise QuizUnreadable(begins, _("a question has 2 to %(most)s answers") % {"most": MAX_CHOICES})
    if not right or len(right) == len(answers):
        raise QuizUnreadable(begins, _("a question has at least one right and one wrong answer"))
    if not why:
        raise QuizUnreadable(begins, _("a question says why: a line that begins with >"))
    return Question(text, tuple(words for _mark, words in answers), right, why)


def write_questions(questions: Sequence[Question]) -> str:
    """Return the text from which these questions are read."""
    blocks = []
    for question in questions:
        lines = [f"# {question.text}"]
        lines += [
            f"{'+' if place in question.right else '-'} {words}"
            for place, words in enumerate(question.choices)
        ]
        blocks.append("\n".join([*lines, f"> {question.why}"]))
    return "\n\n".join(blocks) + "\n"


def to_data(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return the questions as JSON holds them."""
    return [
        {"text": one.text, "choices": list(one.choices), "right": sorted(one.right), "why": one.why}
        for one in questions
    ]


def from_data(rows: Sequence[Mapping[str, Any]]) -> list[Question]:
    """Return the questions that JSON held."""
    return [
        Question(str(row["text"]), tuple(row["choices"]), frozenset(row["right"]), str(row["why"]))
        for row in rows
    ]


def is_same_test(one: Sequence[Question], other: Sequence[Question]) -> bool:
    """Return whether two languages ask the same: as many choices, the same ones right."""
    return [(len(q.choices), q.right) for q in one] == [(len(q.choices), q.right) for q in other]


@dataclass(frozen=True, slots=True)
class Shown:
    """A question as it stands on the page: its own place, and the places of its choices in the order shown."""

    place: int
    question: Question
    order: tuple[int, ...]


def shuffle(questions: Sequence[Question], *, seed: int) -> list[Shown]:
    """Return the questions and their choices in the order that a seed gives, the same each time."""
    chance = random.Random(seed)  # noqa: S311 (an order, no secret)
    places = list(range(len(questions)))
    chance.shuffle(places)
    shown = []
    for place in places:
        order = list(range(len(questions[place].choices)))
        chance.shuffle(order)
        shown.append(Shown(place, questions[place], tuple(order)))
    return shown


def grade(questions: Sequence[Question], answers: Mapping[int, frozenset[int]], *, pass_mark: int) -> Grade:
    """Return what the answers come to. A question counts when exactly its right choices were chosen.

    ``answers`` names by the question's place the chosen choices; one that is left out is wrong.
    """
    right = tuple(
        answers.get(place, frozenset()) == question.right for place, question in enumerate(questions)
    )
    score = sum(right) * 100 // len(questions)
    return Grade(score, score >= pass_mark, right)
