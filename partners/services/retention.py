"""Throw away what is no longer needed, class by class. Source: docs/security.md, "Personal data"."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from core import audit
from core.actor import Actor
from core.models import IdempotencyKey, OutboxItem, SignInSession
from core.tenancy import mar_scope, no_scope
from partners.models import Invitation

GONE = "–"
_NOBODY = "nobody@erased.invalid"
_Rows = Callable[[datetime], QuerySet[Any]]

# Class, scope, days it is kept, rows older than that. Invitations are blanked, the others deleted.
_CLASSES: tuple[tuple[str, Callable[[], AbstractContextManager[None]], int, _Rows], ...] = (
    ("finished_work", no_scope, 30, lambda before: OutboxItem.objects.filter(done_at__lt=before)),
    (
        "repeatable_requests",
        mar_scope,
        90,
        lambda before: IdempotencyKey.objects.filter(created_at__lt=before),
    ),
    ("sign_ins", no_scope, 90, lambda before: SignInSession.objects.filter(seen_at__lt=before)),
    ("browser_sessions", no_scope, 1, lambda before: Session.objects.filter(expire_date__lt=before)),
    (
        "invitations",
        mar_scope,
        180,
        lambda before: Invitation.objects.filter(
            Q(accepted_at__lt=before) | Q(expires_at__lt=before)
        ).exclude(email=_NOBODY),
    ),
)


def kept_days() -> dict[str, int]:
    """Return how many days each class is kept."""
    return {name: days for name, _scope, days, _rows in _CLASSES}


def count_expired(*, at: datetime) -> dict[str, int]:
    """Return how many rows of each class are past their time; nothing is changed."""
    counts = {}
    for name, scope, days, rows in _CLASSES:
        with scope():
            counts[name] = rows(at - timedelta(days=days)).count()
    return counts


@transaction.atomic
def purge_expired(*, by: Actor, second: Actor, at: datetime) -> dict[str, int]:
    """Throw away what is past its time, in the name of two people, and return the counts.

    :raises ValueError: when both are the same person.
    """
    if by.id == second.id:
        raise ValueError("a retention run takes two people")
    counts = {}
    for name, scope, days, rows in _CLASSES:
        with scope():
            found = rows(at - timedelta(days=days))
            counts[name] = (
                found.update(email=_NOBODY, name=GONE) if name == "invitations" else found.delete()[0]
            )
    with mar_scope():
        audit.record("partners.retention.run", by=by, at=at, facts={"second": second.id, "counts": counts})
    return counts
