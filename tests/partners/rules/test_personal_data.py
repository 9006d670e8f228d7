"""What looks like a private person is found, what names an organisation is not; every column is accounted for."""

import pytest

from licensing.models import QuotaException
from partners.models import Recipient, RecipientConflict, RecipientEvidence
from partners.rules.personal_data import (
    CONFLICT_COLUMNS,
    EVIDENCE_COLUMNS,
    EXCEPTION_COLUMNS,
    FREE,
    NUMBER,
    RECIPIENT_COLUMNS,
    find_personal,
    personal_refusals,
)

FOUND = {
    "email": ["write to anna.kowalska@szkola.example", "x@y.org"],
    "phone": ["call +49 40 123456", "0170 1234567", "(040) 12 34 56 78", "0031-20-1234567"],
    "birth_date": ["born 12.05.1987", "geb. am 3.4.62", "née le 01/02/1999", "ur. 12.05.1987"],
    "title": ["Mr Smith lives here", "for Mrs. Jones", "Herr Müller", "Frau Dr. Özil", "Mme Dupont", "dhr. de Vries",
              "Pani Kowalska", "benefit-letter Mr Smith.pdf"],
    "iban": ["DE89 3704 0044 0532 0130 00", "NL91ABNA0417164300"],
    "full_date": ["since 12.05.1987", "on 2019-02-28"],
    "person_number": ["PESEL 44051401458", "BSN: 123456782"],
}  # fmt: skip
CLEAN = [
    "Frauenhaus Hamburg e. V.", "Herrnhuter Brüdergemeine", "Grundschule Am Park 12", "12345 Berlin",
    "founded in 1987, 250 pupils", "ul. Mickiewicza 12/4", "2024/2025 school year", "Martin-Luther-Schule",
    "families who show a needs-based state benefit; 20 to 40 a month", "Windows 11 Pro 24H2", "Pan-European University",
    "Les Dames", "MS Office for 30 PCs", "100 more PCs in November 2026", "https://www.school.example/2024/0401234567",
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in FOUND.items() for text in texts])
def test_what_looks_like_a_person_is_found(code: str, text: str) -> None:
    assert code in [pattern.code for pattern in find_personal(text)]


@pytest.mark.parametrize("text", CLEAN)
def test_what_names_an_organisation_passes(text: str) -> None:
    assert find_personal(text) == []


@pytest.mark.parametrize("text", ["KRS 0000123456", "0401234567", "732 829 320 00074", "VR 12345"])
def test_a_register_number_is_no_telephone(text: str) -> None:
    assert find_personal(text, NUMBER) == []


def test_a_refusal_names_the_field_and_does_not_say_the_text_back() -> None:
    (refusal,) = personal_refusals({"Purpose": "for Frau Müller", "Town": "Kiel"})
    assert (refusal.code, refusal.rule, refusal.facts["Field"]) == ("personal_data", "P-REC-5", "Purpose")
    assert "Müller" not in refusal.what + str(refusal.facts) + refusal.next_step


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Recipient, RECIPIENT_COLUMNS),
        (RecipientEvidence, EVIDENCE_COLUMNS),
        (RecipientConflict, CONFLICT_COLUMNS),
        (QuotaException, EXCEPTION_COLUMNS),
    ],
)
def test_every_column_is_accounted_for(model: type, columns: dict[str, str]) -> None:
    assert {field.column for field in model._meta.concrete_fields} == set(columns)


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Recipient, RECIPIENT_COLUMNS),
        (RecipientConflict, CONFLICT_COLUMNS),
        (QuotaException, EXCEPTION_COLUMNS),
    ],
)
def test_every_typed_text_is_looked_through(model: type, columns: dict[str, str]) -> None:
    """A text column is looked through, unless the portal writes it itself."""
    own = {"class_code", "register_norm", "country", "size", "state", "claim", "likeness", "outcome", "reference",
           "requested_by", "package_path", "package_sha256", "register_id"}  # fmt: skip
    texts = {
        field.column
        for field in model._meta.concrete_fields
        if field.get_internal_type() in ("CharField", "TextField", "URLField", "EmailField")
    }
    assert {column for column in texts - own if columns[column] != FREE} == set()
