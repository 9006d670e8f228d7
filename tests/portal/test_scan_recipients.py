"""The scan for private persons: clean on clean data, and it fires on each violation planted past the door."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from core.tenancy import mar_scope
from partners.models import Recipient
from tests import databases
from tests.factories import make_mar
from tests.factories.recipients import make_giver, make_recipient

PLANTED = {
    "name": "Familie Müller, Tel. 0170 1234567",
    "town": "bei Frau Schulz",
    "purpose": "anna.kowalska@example.org",
    "programme_criteria": "born 12.05.1987",
    "review_note": "Mr Smith showed his letter",
    "decision_reason": "DE89 3704 0044 0532 0130 00",
    "register_id": "PESEL 44051401458",
    "website": "https://x.example/?for=anna@example.org",
    "class_code": "x@example.org",
}


@pytest.fixture
def recipient(db: None) -> Recipient:
    make_mar()
    return make_recipient(make_giver(), class_code="tap")


def _scan() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("scan_recipients", stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def _plant(statement: str, *values: object) -> None:
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def test_clean_data_passes(recipient: Recipient) -> None:
    assert _scan() == (0, "Nothing of a private person was found.\n")


@pytest.mark.parametrize("field", PLANTED)
def test_a_planted_person_is_found_by_row_and_field_and_not_said_back(
    recipient: Recipient, field: str
) -> None:
    _plant(f"UPDATE partners_recipient SET {field} = %s WHERE id = %s", PLANTED[field], recipient.pk)
    code, said = _scan()
    assert code == 1
    assert f"partners_recipient {recipient.pk} {field}: " in said
    assert PLANTED[field] not in said


def test_a_text_in_the_place_of_a_code_is_found(recipient: Recipient) -> None:
    _plant("UPDATE partners_recipient SET criteria = '[\"Anna, 43\"]' WHERE id = %s", recipient.pk)
    assert _scan() == (
        1,
        f"partners_recipient {recipient.pk} criteria: not a criterion's code\n1 findings\n",
    )


def test_a_file_name_and_a_conflicts_reason_are_looked_through(recipient: Recipient) -> None:
    _plant("UPDATE partners_document SET file_name = 'Herr Meier.png'")
    code, said = _scan()
    assert (code, "partners_document" in said, "file_name" in said) == (1, True, True)


def test_a_column_nobody_decided_on_is_found(cloned_db: str) -> None:
    with databases.owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE partners_recipient ADD COLUMN birth_date date")
    code, said = _scan()
    assert (code, "partners_recipient – birth_date: a column that is not on the list" in said) == (1, True)
