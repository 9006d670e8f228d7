"""The declared pages: who is asked what, when a page is complete, and what each answer must look like."""

import pytest

from partners.models import Application, Document
from partners.rules.application_answers import AnswerWrong, clean_answer, is_complete, missing_fields
from partners.rules.application_fields import Case, FieldKind, FormField
from partners.rules.application_form import SECTIONS, section_named, sections_for
from partners.rules.knowledge_test import PASS_MARK, QUESTIONS, mark
from partners.rules.register_numbers import FORMS as REGISTERS
from partners.rules.register_numbers import is_valid_register_number
from partners.rules.vat_ids import FORMS, is_valid_vat_id, may_lack_vat_id

DE = Case("shop", "new", "DE")


def _names(section, case):
    return [field.name for field in section_named(section, case).fields_for(case)]


def _missing(section, case, papers=()):
    return [field.name for field in missing_fields(section_named(section, case), case, papers)]


def _clean(kind, raw, country="DE", **more):
    return clean_answer(FormField("x", "X", kind, **more), raw, Case("shop", "new", country))


@pytest.mark.parametrize(("branch", "count"), [("new", 12), ("transfer", 13), ("former_rrp", 13)])
def test_who_comes_from_elsewhere_has_one_page_more(branch, count):
    assert len(sections_for(Case("shop", branch, "DE"))) == count


def test_names_are_unique_columns_exist_and_papers_have_a_kind():
    assert len({section.name for section in SECTIONS}) == len(SECTIONS)
    columns = {field.name for field in Application._meta.get_fields()}
    for section in SECTIONS:
        names = [field.name for field in section.fields]
        assert len(set(names)) == len(names)
        assert {field.column for field in section.fields} - {""} <= columns
        for field in section.fields:
            assert (field.kind == FieldKind.PAPER) == (field.paper_kind in Document.Kind.values)


def test_every_column_an_answer_stands_in_holds_its_length():
    for section in SECTIONS:
        for field in section.fields:
            limit = Application._meta.get_field(field.column).max_length if field.column else None
            if limit and field.kind not in (
                FieldKind.VAT_ID,
                FieldKind.IBAN,
                FieldKind.CHOICE,
            ):  # kept shorter
                assert field.max_length <= limit, field.name


@pytest.mark.parametrize(("kind", "field"), [("broker", "prepared_by"), ("school", "supervisor")])
def test_some_questions_are_for_one_kind_only(kind, field):
    assert field in _names("practice", Case(kind, "new", "DE"))
    assert field not in _names("practice", DE)


@pytest.mark.parametrize(
    ("kind", "wanted"), [("charity", True), ("school", True), ("shop", False), ("itad", False)]
)
def test_charities_and_schools_prove_their_status(kind, wanted):
    case = Case(kind, "new", "NL", {"register_number": "12345678", "vat_id": "NL123456794B01"})
    assert ("charity_proof" in _missing("register", case)) is wanted
    assert _missing("register", case, {"charity_proof"}) == []


@pytest.mark.parametrize(
    ("country", "kind", "may"),
    [
        ("DE", "shop", True),
        ("NL", "shop", False),
        ("NL", "charity", True),
        ("PL", "shop", True),
        ("IT", "shop", False),
    ],
)
def test_who_may_be_without_a_vat_id(country, kind, may):
    assert may_lack_vat_id(country=country, kind=kind) is may
    assert ("no_vat" in _names("register", Case(kind, "new", country))) is may


def test_the_tick_of_a_small_trader_asks_for_its_reason_instead_of_the_number():
    answers = {"register_number": "Hamburg HRB 12345", "no_vat": True}
    assert _missing("register", DE.with_answers(answers)) == ["no_vat_reason"]
    assert _missing("register", DE.with_answers(answers | {"no_vat_reason": "small_trader"})) == []
    assert _missing("register", DE.with_answers({"no_vat": False})) == ["register_number", "vat_id"]


@pytest.mark.parametrize(
    ("channels", "missing"),
    [(["web_shop"], ["web_shops"]), (["marketplace"], ["marketplaces"]), (["counter"], [])],
)
def test_a_channel_asks_for_its_names(channels, missing):
    case = DE.with_answers({"expected_volume": 5, "channels": channels, "sale_countries": "DE"})
    assert _missing("volumes", case) == missing


def test_zero_is_an_answer():
    case = Case(
        "shop", "transfer", "DE", {"open_keys": 0, "unreported_builds": 0, "labels": 0, "notice": "not_yet"}
    )
    assert _missing("transfer", case) == []
    assert _missing("transfer", case.with_answers(case.answers | {"notice": "given"})) == ["notice_on"]


@pytest.mark.parametrize(
    ("name", "answers", "done"),
    [
        ("knowledge", {"attempts": 3}, False),
        ("knowledge", {"passed_at": "2026-11-15"}, True),
        ("terms", {"agreed": True, "sha256": "old"}, False),
    ],
)
def test_pages_with_a_form_of_their_own_say_themselves_when_they_are_done(name, answers, done):
    assert is_complete(section_named(name, DE), DE.with_answers(answers), ()) is done


@pytest.mark.parametrize(
    ("kind", "raw", "country", "kept"),
    [
        (FieldKind.TEXT, "  Eva \t Brandt ", "DE", "Eva Brandt"),
        (FieldKind.LINES, " a \r\n\r\n b", "DE", "a\nb"),
        (FieldKind.EMAIL, "Eva@Kreislauf.Example", "DE", "eva@kreislauf.example"),
        (FieldKind.POSTCODE, "1012 lg", "NL", "1012 LG"),
        (FieldKind.POSTCODE, "80-831", "PL", "80-831"),
        (FieldKind.POSTCODE, "anything", "HU", "ANYTHING"),
        (FieldKind.URL, "kreislauf.example", "DE", "https://kreislauf.example"),
        (FieldKind.URLS, "a.example\nhttp://b.example", "DE", "https://a.example\nhttp://b.example"),
        (FieldKind.NUMBER, "1 200", "DE", 1200),
        (FieldKind.DATE, "2027-03-31", "DE", "2027-03-31"),
        (FieldKind.IBAN, "de02 1203 0000 0000 2020 51", "DE", "DE02120300000000202051"),
        (FieldKind.VAT_ID, "123.456-796", "DE", "DE123456796"),
        (FieldKind.VAT_ID, "fr 40 123 456 824", "FR", "FR40123456824"),
        (FieldKind.REGISTER_NUMBER, " Hamburg   HRB 12345 ", "DE", "Hamburg HRB 12345"),
        (FieldKind.REGISTER_NUMBER, "W751234567", "FR", "W751234567"),
        (FieldKind.TICK, "on", "DE", True),
        (FieldKind.TICK, None, "DE", False),
        (FieldKind.TEXT, None, "DE", ""),
    ],
)
def test_answers_are_brought_into_one_form_and_stay_in_it(kind, raw, country, kept):
    cleaned = _clean(kind, raw, country)
    assert (cleaned, _clean(kind, cleaned, country)) == (kept, kept)


@pytest.mark.parametrize(
    ("kind", "raw", "country", "words"),
    [
        (FieldKind.TEXT, "a\u202eb", "DE", "invisible"),
        (FieldKind.TEXT, "x" * 121, "DE", "At most 120 characters; this has 121."),
        (FieldKind.EMAIL, "eva@", "DE", "eva@company.example"),
        (FieldKind.POSTCODE, "1234", "DE", "(Germany) looks like 12345"),
        (FieldKind.POSTCODE, "80831", "PL", "(Poland) looks like 00-950"),
        (FieldKind.PHONE, "call me", "DE", "+49 40 123456"),
        (FieldKind.URL, "javascript:alert(1)", "DE", "https://company.example"),
        (FieldKind.NUMBER, "1.5", "DE", "whole number"),
        (FieldKind.NUMBER, "100001", "DE", "100000"),
        (FieldKind.NUMBER, "٣", "DE", "whole number"),
        (FieldKind.DATE, "31.03.2027", "DE", "2027-03-31"),
        (FieldKind.IBAN, "DE02120300000000202052", "DE", "check digits"),
        (FieldKind.VAT_ID, "DE12", "DE", "(Germany) looks like DE123456796"),
        (FieldKind.VAT_ID, "DE123456789", "DE", "check digits"),
        (FieldKind.VAT_ID, "NL123456789B01", "NL", "(Netherlands) looks like NL123456794B01"),
        (FieldKind.REGISTER_NUMBER, "HRB 12345", "DE", "Hamburg HRB 12345 or Köln VR 1234"),
        (FieldKind.REGISTER_NUMBER, "1234567", "NL", "12345678"),
        (FieldKind.REGISTER_NUMBER, "123456780", "PL", "0000123456 or 123456785"),
    ],
)
def test_a_wrong_answer_is_told_with_the_form_that_is_expected(kind, raw, country, words):
    with pytest.raises(AnswerWrong) as wrong:
        _clean(kind, raw, country)
    assert words in str(wrong.value)


def test_choices_come_from_the_list_in_its_order():
    choices = (("a", "A"), ("b", "B"), ("c", "C"))
    assert _clean(FieldKind.CHOICES, ["c", "a"], choices=choices) == ["a", "c"]
    for kind, raw in ((FieldKind.CHOICES, ["a", "x"]), (FieldKind.CHOICE, "x")):
        with pytest.raises(AnswerWrong):
            _clean(kind, raw, choices=choices)


@pytest.mark.parametrize("country", sorted(FORMS))
def test_every_example_of_a_vat_id_is_formally_right_and_a_changed_digit_is_not(country):
    example = FORMS[country].example
    assert is_valid_vat_id(example, country=country)
    place = max(place for place, sign in enumerate(example[:11]) if sign.isdigit())
    changed = f"{example[:place]}{(int(example[place]) + 1) % 10}{example[place + 1 :]}"
    assert not is_valid_vat_id(changed, country=country)


@pytest.mark.parametrize("country", sorted(REGISTERS))
def test_every_example_of_a_register_number_is_taken(country):
    for example in REGISTERS[country].examples:
        assert is_valid_register_number(example, country=country)


@pytest.mark.parametrize(("wrong", "is_pass"), [(0, True), (1, True), (2, False), (6, False)])
def test_five_of_six_pass(wrong, is_pass):
    given = {question.name: question.right for question in QUESTIONS[wrong:]}
    marked = mark(given)
    assert (marked.right, marked.is_pass, len(marked.wrong)) == (6 - wrong, is_pass, wrong)
    assert (PASS_MARK, len(QUESTIONS)) == (5, 6)
