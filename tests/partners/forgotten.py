"""A person who has left words about himself in many tables, and a look at every table."""

from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from core import audit
from core.models import User
from core.tenancy import mar_scope, no_scope
from partners.models import Application, ErasureRequest, Invitation, NamedContact, Partner
from partners.services.privacy import carry_out_erasure, request_erasure
from tests.factories import AT, actor_for, make_member, make_partner
from tests.factories.applications import make_application
from tests.web import sign_in

NAME, EMAIL, PHONE = "Wilhelmina Vergissmeinnicht", "wilhelmina@vergissmein.example", "+49 30 5557788"


def make_person() -> User:
    """Return somebody who has left words about himself in many tables."""
    partner = make_partner()
    user = make_member("tpr_buyer", partner=partner, name=NAME, email=EMAIL)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    sign_in(Client(), user).get("/accounts/2fa/")
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(contact_name=NAME, contact_email=EMAIL, phone=PHONE)
        NamedContact.objects.create(
            partner=partner, side="tpr", area="technical", name=NAME, email=EMAIL, phone=PHONE, changed_at=AT
        )
        Invitation.objects.create(
            token_hash=b"w" * 32, email=EMAIL, name=NAME, partner=partner, role="tpr_buyer",
            invited_by=actor_for(user).label, created_at=AT, expires_at=AT,
        )  # fmt: skip
        application = make_application()
        Application.objects.filter(pk=application.pk).update(
            contact_name=NAME, contact_email=EMAIL, phone=PHONE
        )
        audit.record("test.acted", by=actor_for(user), at=AT, object_type="user", object_id=user.pk)
    return user


def forget_by_two(user: User) -> ErasureRequest:
    first, second = (
        make_member("mar_admin", name="First Person"),
        make_member("compliance", name="Second Person"),
    )
    with mar_scope():
        request = request_erasure(user.pk, by=actor_for(first), at=AT)
        return carry_out_erasure(request.pk, by=actor_for(second), at=AT)


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
