"""Keep the list of a person's sign-ins, and end them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction

from core.models import SignInSession
from core.networks import network_of

REMEMBERED_FOR = timedelta(days=90)


def note_session(
    session_key: str, *, user_id: UUID, ip: str | None, device: str, at: datetime
) -> SignInSession | None:
    """Add a sign-in to the person's list and return it; None when it stands there already."""
    try:
        with transaction.atomic():
            return SignInSession.objects.create(
                session_key=session_key, user_id=user_id, started_at=at, seen_at=at, ip=ip,
                network=network_of(ip), device=device[:60],
            )  # fmt: skip
    except IntegrityError:  # two first requests at once
        return None


def is_first_from_here(session: SignInSession) -> bool:
    """Return whether this person never signed in with such a device from this network, but did elsewhere."""
    before = SignInSession.objects.filter(
        user_id=session.user_id, started_at__gt=session.started_at - REMEMBERED_FOR
    ).exclude(pk=session.pk)
    seen = list(before.values_list("network", "device"))
    return bool(seen) and (session.network, session.device) not in seen


def note_seen(session_key: str, *, ip: str | None, at: datetime) -> None:
    """Move a sign-in's last moment."""
    SignInSession.objects.filter(session_key=session_key).update(seen_at=at, ip=ip, network=network_of(ip))


def note_new_key(before: str, after: str) -> None:
    """Follow a session whose key was changed."""
    SignInSession.objects.filter(session_key=before).update(session_key=after)


def end_session(session_id: UUID, *, user_id: UUID, at: datetime) -> bool:
    """End one of a person's sign-ins and return whether there was one to end."""
    return _end(SignInSession.objects.filter(pk=session_id, user_id=user_id), at=at) > 0


def end_sessions(user_id: UUID, *, at: datetime, but: str | None = None) -> int:
    """End every sign-in of a person, but for the one with this key, and return how many ended."""
    rows = SignInSession.objects.filter(user_id=user_id)
    return _end(rows.exclude(session_key=but) if but else rows, at=at)


def close_session(session_key: str, *, at: datetime) -> None:
    """Note that a person signed out."""
    SignInSession.objects.filter(session_key=session_key, ended_at__isnull=True).update(ended_at=at)


def _end(rows: "object", *, at: datetime) -> int:
    open_rows = rows.filter(ended_at__isnull=True)  # type: ignore[attr-defined]
    keys = list(open_rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return int(open_rows.update(ended_at=at))
