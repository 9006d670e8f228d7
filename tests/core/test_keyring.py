"""Keys of subjects: one each, made once, and gone for good when destroyed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from core.crypto import CannotDecrypt
from core.keyring import KeyDestroyed, KeyMissing, destroy, open_sealed, seal
from core.storage import read_sealed, store_sealed
from core.tenancy import mar_scope
from partners.models import NamedContact
from partners.services.contacts import name_contact
from tests.factories import AT, actor_for, make_member


def _open(sealed: bytes, subject: Any, identity: str = "t.c") -> bytes:
    return open_sealed(sealed, subject=subject, identity=identity)


def test_opens_for_its_subject_and_place_only() -> None:
    one, other = uuid4(), uuid4()
    sealed = seal(b"Ada", subject=one, identity="t.c")
    seal(b"Bea", subject=other, identity="t.c")
    assert _open(sealed, one) == b"Ada"
    with pytest.raises(CannotDecrypt):
        _open(sealed, other)
    with pytest.raises(CannotDecrypt):
        _open(sealed, one, "t.another")


def test_destroyed_key_opens_nothing_and_a_copy_that_comes_back_neither(settings: Any) -> None:
    subject = uuid4()
    sealed = seal(b"Ada", subject=subject, identity="t.c")
    (file,) = Path(settings.KEYRING_DIR).rglob("*.key")
    copy = file.read_bytes()
    assert (destroy(subject), destroy(subject)) == (True, False)
    assert not file.exists()
    file.write_bytes(copy)
    with pytest.raises(KeyDestroyed):
        _open(sealed, subject)
    with pytest.raises(KeyDestroyed):
        seal(b"Ada", subject=subject, identity="t.c")


def test_a_folder_that_never_heard_of_the_subject_says_so_aloud(settings: Any, tmp_path: Path) -> None:
    subject = uuid4()
    sealed = seal(b"Ada", subject=subject, identity="t.c")
    settings.KEYRING_DIR = tmp_path / "not mounted"
    with pytest.raises(KeyMissing):
        _open(sealed, subject)


def test_two_first_writers_share_one_key() -> None:
    subject = uuid4()
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda n: seal(bytes([n]), subject=subject, identity="t.c"), range(16)))
    assert [_open(one, subject) for one in sealed] == [bytes([n]) for n in range(16)]


def test_key_file_is_wrapped_and_nobody_elses(settings: Any) -> None:
    seal(b"Ada", subject=uuid4(), identity="t.c")
    (file,) = Path(settings.KEYRING_DIR).rglob("*.key")
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_bytes()) == 12 + 32 + 16  # nonce, key, tag: the key itself never lies there


def test_sealed_file_that_was_changed_does_not_open(settings: Any) -> None:
    subject = uuid4()
    path, digest = store_sealed(b"a paper", subject=subject, folder="documents")
    stored = Path(settings.STORAGES["default"]["OPTIONS"]["location"]) / path
    assert b"a paper" not in stored.read_bytes()
    assert read_sealed(path, subject=subject, sha256=digest) == b"a paper"
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match="has changed"):
        read_sealed(path, subject=subject, sha256=digest)


@pytest.mark.django_db
def test_contact_stands_in_the_table_as_ciphertext_only() -> None:
    by = actor_for(make_member("mar_admin"))
    with mar_scope():
        contact = name_contact(
            None, area="technical", name="Ada Lov", email="ada@x.example", phone="+49 30 1", by=by, at=AT
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT t::text FROM partners_namedcontact t")
            (row,) = cursor.fetchone()
        assert [word for word in ("Ada", "ada@", "+49") if word in row] == []
        assert NamedContact.objects.get(pk=contact.pk).name == "Ada Lov"
        with pytest.raises(TypeError, match="sealed"):
            NamedContact.objects.filter(name="Ada Lov").first()
        with pytest.raises(TypeError, match="sealed"), transaction.atomic():
            NamedContact.objects.update(name="Ada Lov")
        with (
            pytest.raises(IntegrityError, match="contact_is_sealed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE partners_namedcontact SET name = 'Ada Lov'")


@pytest.mark.django_db
def test_key_of_a_replaced_contact_dies_and_of_a_corrected_one_lives(
    django_capture_on_commit_callbacks: Any,
) -> None:
    by = actor_for(make_member("mar_admin"))

    def name(who: str, email: str) -> NamedContact:
        with mar_scope(), django_capture_on_commit_callbacks(execute=True):
            return name_contact(None, area="technical", name=who, email=email, phone="", by=by, at=AT)

    first = name("Ada Lov", "ada@x.example").subject
    assert name("Ada Love", "ada@x.example").subject == first
    second = name("Bea New", "bea@x.example")
    assert second.subject != first
    with pytest.raises(KeyDestroyed):
        seal(b"", subject=first, identity="t.c")
    with mar_scope():
        assert NamedContact.objects.get(pk=second.pk).name == "Bea New"
