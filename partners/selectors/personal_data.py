"""What the portal knows of a person, and where words about him still stand."""

from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models
from django.db.models import Q, QuerySet

from core.models import AuditEvent, SignInSession, User
from core.sealed import SealedTextField, found_by
from partners.models import (
    Application,
    ErasureRequest,
    Invitation,
    Membership,
    NamedContact,
    RetentionProposal,
    TermsAcceptance,
    TrainingAttempt,
)

# Issued documents name who answers for them; they are kept as they are (Art. 17(3)(b) and (e) GDPR).
KEPT_BY_LAW = frozenset({"reporting_usagereport", "reporting_reportfile"})
_TEXT = (models.CharField, models.TextField, models.JSONField)


def personal_data_of(user_id: UUID) -> dict[str, Any]:
    """Return everything stored about a person, by heading. Runs in a scope that sees his house."""
    user = User.objects.get(pk=user_id)
    own, address = {"user": user}, user.email
    rows: tuple[tuple[str, QuerySet[Any], str], ...] = (
        ("account", User.objects.filter(pk=user_id), "email name language time_zone joined_at last_login"),
        ("memberships", Membership.objects.filter(**own), "partner__name role is_active created_at"),
        ("second_factors", Authenticator.objects.filter(**own), "type created_at last_used_at"),
        ("sign_ins", SignInSession.objects.filter(**own), "device ip started_at seen_at ended_at"),
        ("invitations", Invitation.objects.filter(email=address), "email name role created_at accepted_at"),
        (
            "applications",
            Application.objects.filter(contact_email=address),
            "reference company contact_name contact_email phone submitted_at",
        ),
        (
            "named_contacts",
            NamedContact.objects.filter(email_index=found_by(address)),
            "area name email phone",
        ),
        ("accepted_terms", TermsAcceptance.objects.filter(**own), "terms__version role accepted_at"),
        ("courses", TrainingAttempt.objects.filter(**own), "course__code started_at submitted_at"),
        (
            "acts",
            AuditEvent.objects.filter(actor_id=str(user_id)).order_by("id"),
            "at action object_type object_id ip",
        ),
        ("erasure_requests", ErasureRequest.objects.filter(**own), "state requested_at decided_at"),
    )
    return {heading: _values(found, *names.split()) for heading, found, names in rows}


def erasure_requests() -> QuerySet[ErasureRequest]:
    """Return every request with its people, the newest first."""
    return ErasureRequest.objects.select_related("user", "requested_by_user", "decided_by_user")


def retention_proposals() -> QuerySet[RetentionProposal]:
    """Return every proposal to throw away what is past its time, the newest first."""
    return RetentionProposal.objects.all()


def open_erasure_of(user_id: UUID) -> ErasureRequest | None:
    """Return a person's open request, None without one."""
    return ErasureRequest.objects.filter(user_id=user_id, state="requested").first()


def active_user_by_email(email: str) -> User | None:
    """Return the person with an address who may sign in."""
    return User.objects.filter(email=email.strip().lower(), is_active=True).first()


def residues_of(words: list[str]) -> dict[str, int]:
    """Return in how many rows of which table one of the words still stands, in any text or JSON.

    Looks where this scope may look. Documents kept by law are left out; sealed columns hold ciphertext.
    """
    found = {}
    for model, columns in searched_tables():
        count = found_in(model, columns, words).count() if words else 0
        if count:
            found[model._meta.db_table] = count
    return found


def searched_tables() -> Iterator[tuple[Any, list[str]]]:
    """Yield every table this scope may read, with its columns of text in clear."""
    for model in apps.get_models(include_auto_created=True):
        columns = [field.name for field in model._meta.concrete_fields if _holds_words(field)]
        table = model._meta.db_table
        if columns and table not in KEPT_BY_LAW and _may_read(table):
            yield model, columns


def found_in(model: Any, columns: list[str], words: list[str]) -> QuerySet[Any]:
    """Return the rows of a table in which one of the words stands."""
    query = Q(pk__in=[])
    for name, word in product(columns, words):
        query |= Q(**{f"{name}__icontains": word})
    return model._default_manager.filter(query)  # type: ignore[no-any-return]


def _holds_words(field: Any) -> bool:
    return isinstance(field, _TEXT) and not field.choices and not isinstance(field, SealedTextField)


def _may_read(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass(%s) IS NOT NULL AND has_table_privilege(%s, 'SELECT')", [table, table]
        )
        return bool(cursor.fetchone()[0])


def _values(rows: QuerySet[Any], *names: str) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in rows.values(*names)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
