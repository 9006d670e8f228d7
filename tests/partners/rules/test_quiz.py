"""A test is read from plain text, shuffled by its seed and graded by exact answers."""

import pytest

from partners.rules.quiz import (
    QuizUnreadable,
    from_data,
    grade,
    is_same_test,
    parse_questions,
    shuffle,
    to_data,
    write_questions,
)

TEXT = """
# May a key be passed on?
- Yes, to a partner.
+ No, never.
> One key, one PC.

# What is wiped by NIST SP 800-88?
+ Hard disks
+ SSDs
- Monitors
> Everything that stores data.
"""


def test_a_text_becomes_questions_and_the_questions_the_same_text_again():
    questions = parse_questions(TEXT)
    assert [(q.text, q.choices, q.right, q.why) for q in questions] == [
        ("May a key be passed on?", ("Yes, to a partner.", "No, never."), frozenset({1}), "One key, one PC."),
        (
            "What is wiped by NIST SP 800-88?",
            ("Hard disks", "SSDs", "Monitors"),
            frozenset({0, 1}),
            "Everything that stores data.",
        ),
    ]
    assert parse_questions(write_questions(questions)) == questions
    assert from_data(to_data(questions)) == questions
    assert [q.has_several for q in questions] == [False, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("- an answer first", 1),
        ("# only a question", 1),
        ("# q\n+ a\n> why", 1),
        ("# q\n- a\n- b\n> why", 1),
        ("# q\n+ a\n+ b\n> why", 1),
        ("# q\n+ a\n- b", 1),
        ("# q\n+ a\n- b\n> why\n\nhello", 6),
        ("# q\n+\n- b\n> why", 2),
        ("# " + "x" * 601, 1),
        ("\n".join(["# q", *["- a"] * 8, "+ b", "> why"]), 1),
        ("\n".join(["# q\n+ a\n- b\n> why"] * 41), 0),
    ],
)
def test_what_is_no_test_is_refused_with_its_line(text, line):
    with pytest.raises(QuizUnreadable) as refused:
        parse_questions(text)
    assert refused.value.line == line


def test_a_question_counts_only_when_exactly_its_right_answers_were_chosen():
    questions = parse_questions(TEXT)
    both = grade(questions, {0: frozenset({1}), 1: frozenset({0, 1})}, pass_mark=100)
    assert (both.score, both.is_passed, both.right) == (100, True, (True, True))
    half = grade(questions, {0: frozenset({1}), 1: frozenset({0})}, pass_mark=51)
    assert (half.score, half.is_passed, half.right) == (50, False, (True, False))
    assert grade(questions, {0: frozenset({1}), 1: frozenset({0, 1, 2})}, pass_mark=50).is_passed
    none = grade(questions, {}, pass_mark=1)
    assert (none.score, none.is_passed) == (0, False)


def test_percent_is_rounded_down_so_that_69_is_not_70():
    questions = parse_questions("\n".join(f"# q{number}\n+ a\n- b\n> why" for number in range(13)))
    nine = grade(questions, {place: frozenset({0}) for place in range(9)}, pass_mark=70)
    assert (nine.score, nine.is_passed) == (69, False)
    ten = grade(questions, {place: frozenset({0}) for place in range(10)}, pass_mark=70)
    assert (ten.score, ten.is_passed) == (76, True)


def test_the_seed_decides_the_order_and_nothing_gets_lost():
    questions = parse_questions("\n".join(f"# q{number}\n+ a\n- b\n- c\n> why" for number in range(8)))
    shown = shuffle(questions, seed=7)
    assert shown == shuffle(questions, seed=7)
    assert shown != shuffle(questions, seed=8)
    assert sorted(one.place for one in shown) == list(range(8))
    assert {tuple(sorted(one.order)) for one in shown} == {(0, 1, 2)}


def test_two_languages_ask_the_same_when_the_same_places_are_right():
    one = parse_questions("# q\n+ a\n- b\n> why")
    assert is_same_test(one, parse_questions("# F\n+ A\n- B\n> darum"))
    assert not is_same_test(one, parse_questions("# F\n- A\n+ B\n> darum"))
    assert not is_same_test(one, parse_questions("# F\n+ A\n- B\n- C\n> darum"))
