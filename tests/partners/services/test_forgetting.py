"""Test T45: after an erasure nothing names the person in any table, and the audit chain still verifies."""

from django.utils import timezone

from core.services.seal import seal_stream, verify_stream
from core.streams import AUDIT_STREAM
from core.tenancy import mar_scope
from tests.partners.forgotten import EMAIL, NAME, PHONE, dump, forget_by_two, make_person


def test_nothing_that_names_the_person_is_left_in_any_table_and_the_chain_holds(cloned_db: str) -> None:
    person = make_person()
    before = dump()
    for word in (NAME, EMAIL, PHONE):
        assert word in before
    with mar_scope():
        seal_stream(AUDIT_STREAM, at=timezone.now())
    done = forget_by_two(person)
    after = dump()
    for word in (NAME, EMAIL, PHONE, "Vergissmeinnicht", "vergissmein.example"):
        assert word not in after, word
    assert done.outcome["left"] == {}
    assert done.outcome["blanked"]["applications"] == 1
    assert str(person.pk) in after
    with mar_scope():
        seal_stream(AUDIT_STREAM, at=timezone.now())
        assert verify_stream(AUDIT_STREAM, at=timezone.now()).problem == ""
