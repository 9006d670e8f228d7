"""Check one answer, and count what a page still lacks."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _
from stdnum import iban

from partners.rules import register_numbers, vat_ids
from partners.rules.application_fields import Case, FieldKind, FormField, Section
from partners.rules.application_form import MAX_WHOLE_NUMBER
from partners.rules.countries import country_name

_PHONE = re.compile(r"\+?[0-9 ()/.-]{6,30}")
# What nobody types: control and format characters, surrogates, private and unassigned ones.
_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_LINE_BREAKS = "\r\n\t"
_POSTCODES = {
    "AT": r"\d{4}", "BE": r"\d{4}", "CH": r"\d{4}", "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}", "DK": r"\d{4}",
    "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}", "IT": r"\d{5}", "LU": r"\d{4}", "NL": r"\d{4} ?[A-Z]{2}",
    "NO": r"\d{4}", "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}", "SE": r"\d{3} ?\d{2}",
    "GB": r"[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}",
}  # fmt: skip
_POSTCODE_EXAMPLES = {
    "NL": "1012 AB", "PL": "00-950", "GB": "SW1A 1AA", "CZ": "110 00", "SE": "111 22", "PT": "1000-001",
}  # fmt: skip
_LONG = frozenset({FieldKind.LONG_TEXT, FieldKind.LINES, FieldKind.URLS})
_web_address = URLValidator(schemes=["http", "https"])


class AnswerWrong(ValueError):
    """The answer cannot be right; the text says what is expected."""


def clean_answer(field: FormField, raw: Any, case: Case) -> Any:
    """Return the answer as it is kept; nothing given gives an empty one. Cleaning twice changes nothing.

    :raises AnswerWrong: in words for the applicant.
    """
    if field.kind == FieldKind.TICK:
        return raw in (True, "on", "true", "True", "1")
    if field.kind == FieldKind.CHOICES:
        return _chosen(field, raw)
    text = "" if raw is None else str(raw)
    if len(text) > field.max_length and field.kind not in (FieldKind.NUMBER, FieldKind.DATE):
        raise AnswerWrong(
            _("At most %(limit)d characters; this has %(count)d.")
            % {"limit": field.max_length, "count": len(text)}
        )
    _require_plain(text)
    text = _lines(text) if field.kind in _LONG else " ".join(text.split())
    return _READERS.get(field.kind, _as_it_is)(field, text, case) if text else ""


def missing_fields(section: Section, case: Case, papers: Collection[str]) -> list[FormField]:
    """Return the fields of a page that still need an answer; ``papers`` are the kinds handed in."""
    return [
        field
        for field in section.fields_for(case)
        if field.is_required(case) and not _is_given(field, case.answers, papers)
    ]


def is_complete(section: Section, case: Case, papers: Collection[str]) -> bool:
    """Return whether a page has everything; ``case`` carries the page's answers."""
    if section.is_done is not None:
        return section.is_done(case.answers)
    return not missing_fields(section, case, papers)


def _is_given(field: FormField, answers: Mapping[str, Any], papers: Collection[str]) -> bool:
    if field.kind == FieldKind.PAPER:
        return field.paper_kind in papers
    value = answers.get(field.name)
    # Zero is an answer.
    return value is not None and value != "" and value != [] and value is not False


def _chosen(field: FormField, raw: Any) -> list[str]:
    wanted = [str(one) for one in raw] if isinstance(raw, list | tuple) else [str(raw)] if raw else []
    known = [code for code, _words in field.choices]
    if set(wanted) - set(known):
        raise AnswerWrong(_("Choose from the list."))
    return [code for code in known if code in wanted]


def _require_plain(text: str) -> None:
    if any(unicodedata.category(sign) in _ODD and sign not in _LINE_BREAKS for sign in text):
        raise AnswerWrong(_("This holds invisible characters. Type it by hand."))


def _lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line)


def _as_it_is(_field: FormField, text: str, _case: Case) -> str:
    return text


def _email(_field: FormField, text: str, _case: Case) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise AnswerWrong(_("An e-mail address looks like eva@company.example.")) from error
    return text.lower()


def _phone(_field: FormField, text: str, _case: Case) -> str:
    if not _PHONE.fullmatch(text) or sum(sign.isdigit() for sign in text) < 6:
        raise AnswerWrong(_("A telephone number looks like +49 40 123456."))
    return text


def _postcode(_field: FormField, text: str, case: Case) -> str:
    pattern = _POSTCODES.get(case.country)
    if pattern and not re.fullmatch(pattern, text.upper()):
        raise AnswerWrong(
            _("A postcode of this country (%(country)s) looks like %(example)s.")
            % {
                "country": country_name(case.country),
                "example": _POSTCODE_EXAMPLES.get(case.country) or "12345"[: 4 if pattern == r"\d{4}" else 5],
            }
        )
    return text.upper()


def _url(_field: FormField, text: str, _case: Case) -> str:
    address = text if "://" in text else f"https://{text}"
    try:
        _web_address(address)
    except ValidationError as error:
        raise AnswerWrong(_("A web address looks like https://company.example.")) from error
    return address


def _urls(field: FormField, text: str, case: Case) -> str:
    return "\n".join(_url(field, line, case) for line in text.split("\n"))


def _number(_field: FormField, text: str, _case: Case) -> int:
    bare = text.replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,7}", bare) or int(bare) > MAX_WHOLE_NUMBER:
        raise AnswerWrong(_("A whole number from 0 to %(limit)d.") % {"limit": MAX_WHOLE_NUMBER})
    if _field.column == "expected_volume" and int(bare) == 0:
        raise AnswerWrong(_("At least 1 a month."))
    return int(bare)


def _date(_field: FormField, text: str, _case: Case) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise AnswerWrong(_("A date looks like 2027-03-31.")) from error


def _choice(field: FormField, text: str, _case: Case) -> str:
    if text not in {code for code, _words in field.choices}:
        raise AnswerWrong(_("Choose from the list."))
    return text


def _iban(_field: FormField, text: str, _case: Case) -> str:
    if not iban.is_valid(text):
        raise AnswerWrong(_("This IBAN is mistyped: its check digits do not agree. One looks like %(example)s.")
                          % {"example": "DE02 1203 0000 0000 2020 51"})  # fmt: skip
    return str(iban.compact(text))


def _vat_id(_field: FormField, text: str, case: Case) -> str:
    vat_id = vat_ids.normalise_vat_id(text, country=case.country)
    words = {"country": country_name(case.country), "example": vat_ids.FORMS[case.country].example}
    if not vat_ids.fits_country(vat_id, country=case.country):
        raise AnswerWrong(_("A VAT number of this country (%(country)s) looks like %(example)s.") % words)
    if not vat_ids.is_valid_vat_id(vat_id, country=case.country):
        raise AnswerWrong(
            _("The check digits of this VAT number do not agree, so a digit is mistyped. "
              "One of this country (%(country)s) looks like %(example)s.") % words
        )  # fmt: skip
    return vat_id


def _register_number(_field: FormField, text: str, case: Case) -> str:
    number = register_numbers.normalise_register_number(text)
    if not register_numbers.is_valid_register_number(number, country=case.country):
        form = register_numbers.form_of(case.country)
        raise AnswerWrong(
            _("A number of this kind (%(label)s) looks like %(example)s.")
            % {"label": form.label, "example": _(" or ").join(form.examples) or "12345"}
        )
    return number


_READERS = {
    FieldKind.EMAIL: _email,
    FieldKind.PHONE: _phone,
    FieldKind.POSTCODE: _postcode,
    FieldKind.URL: _url,
    FieldKind.URLS: _urls,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.IBAN: _iban,
    FieldKind.VAT_ID: _vat_id,
    FieldKind.REGISTER_NUMBER: _register_number,
}
