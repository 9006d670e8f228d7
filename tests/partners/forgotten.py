"""A person who has left words about himself in many places, and a look at every one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import audit
from core.models import User
from core.services.seal import seal_stream
from core.streams import AUDIT_STREAM
from core.tenancy import mar_scope, no_scope
from licensing.streams import CUSTODY_STREAM
from partners.models import Application, Document, ErasureRequest, Invitation, Partner
from partners.services.application_drafts import hand_in_paper
from partners.services.contacts import name_contact
from partners.services.letters import Letter
from partners.services.mails import send_letter
from partners.services.notes import write_note
from partners.services.privacy import carry_out_erasure, request_erasure
from tests import databases
from tests.factories import AT, actor_for, make_member, make_partner
from tests.factories.applications import VISITOR, make_application, make_full_draft
from tests.partners import papers
from tests.web import sign_in

NAME, EMAIL, PHONE = "Wilhelmina Vergissmeinnicht", "wilhelmina@vergissmein.example", "+49 30 5557788"
WORDS = (NAME, EMAIL, PHONE)


def make_person() -> User:
    """Return somebody who has left words about himself in many tables, a mail and a paper."""
    partner = make_partner()
    user = make_member("tpr_buyer", partner=partner, name=NAME, email=EMAIL)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    sign_in(Client(), user).get("/accounts/2fa/")
    by = actor_for(user)
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(contact_name=NAME, contact_email=EMAIL, phone=PHONE)
        name_contact(partner.pk, area="technical", name=NAME, email=EMAIL, phone=PHONE, by=by, at=AT)
        words = f"Called {NAME} under {PHONE}, wants mail to {EMAIL.upper()}."
        write_note(partner.pk, text=words, is_pinned=False, by=by, at=AT)
        Invitation.objects.create(
            token_hash=b"w" * 32, email=EMAIL, name=NAME, partner=partner, role="tpr_buyer",
            invited_by=by.label, created_at=AT, expires_at=AT,
        )  # fmt: skip
        application = make_application()
        Application.objects.filter(pk=application.pk).update(
            contact_name=NAME, contact_email=EMAIL, phone=PHONE
        )
        audit.record("test.acted", by=by, at=AT, object_type="user", object_id=user.pk)
    return user


def make_abandoned_draft() -> Document:
    """Return a paper about the person, of an application that he never sent."""
    draft = make_full_draft(contact_email=EMAIL, contact_name=NAME, phone=PHONE, directors=NAME)
    about = papers.JPEG[:-2] + f"{NAME} {EMAIL} {PHONE}".encode() + papers.JPEG[-2:]
    return hand_in_paper(
        draft.pk, "register", "register_extract", about, file_name=f"{NAME}.jpg", by=VISITOR, at=AT
    )


def write_to_the_person() -> None:
    """Send one mail to the person and one to somebody else, into the folder of a trial without a mail server."""
    letter = Letter(subject="Your keys", sentence="They are here.", recipient_name=NAME)
    send_letter(letter, to=[EMAIL], identity="test.1")
    send_letter(Letter(subject="Other", sentence="Nothing."), to=["other@else.example"], identity="test.2")


def ask_to_forget(user: User) -> ErasureRequest:
    with mar_scope():
        by = actor_for(make_member("mar_admin", name="First Person"))
        return request_erasure(user.pk, by=by, at=AT)


def carry_out(request: ErasureRequest, *, second: User) -> ErasureRequest:
    with mar_scope():
        return carry_out_erasure(request.pk, by=actor_for(second), at=AT)


def forget_by_two(user: User) -> ErasureRequest:
    return carry_out(ask_to_forget(user), second=make_member("compliance", name="Second Person"))


def dump() -> str:
    """Return every row of every table as text, seen by the roles that may read them."""
    texts = []
    for scope in (mar_scope, no_scope):
        with scope(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind = 'r' AND n.nspname = 'public' AND has_table_privilege(c.oid, 'SELECT')"
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {table} t")
                texts.append(cursor.fetchone()[0])
    return "\n".join(texts)


def files_below(folder: Path) -> str:
    """Return the names and the bytes of every file in a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return "\n".join(f"{path} {path.read_bytes().decode(errors='replace')}" for path in files)


def cached() -> str:
    """Return every key and value of the cache."""
    client = cache._cache.get_client()
    keys = client.keys(f"*{settings.CACHES['default']['KEY_PREFIX']}*")
    return "\n".join(f"{key!r} {client.get(key)!r}" for key in keys)


def seal_chains() -> None:
    with mar_scope():
        for stream in (AUDIT_STREAM, CUSTODY_STREAM):
            seal_stream(stream, at=timezone.now())


def back_up(database: str) -> str:
    """Return the name of a copy of the database as it is now."""
    connection.close()
    return databases.clone(database, label="backup")


@contextmanager
def restored(backup: str) -> Iterator[None]:
    """Run on the copy, as after a restore."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = backup
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        databases.drop(backup)
