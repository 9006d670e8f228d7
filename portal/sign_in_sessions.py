"""Follow the sign-ins of people through their requests, and tell them of one from a new place."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from core.models import User
from core.queue import enqueue
from core.services.sessions import close_session, is_first_from_here, note_new_key, note_seen, note_session
from portal.devices import device_in_words


def begin_following(request: HttpRequest) -> None:
    """Put a new sign-in on the person's list; tell him by mail when device and network are new."""
    user, now = request.user, timezone.now()
    assert isinstance(user, User)  # noqa: S101  (asked of signed-in people only)
    session = note_session(
        str(request.session.session_key),
        user_id=user.pk,
        ip=request.META.get("REMOTE_ADDR") or None,
        device=device_in_words(request.headers.get("User-Agent", "")),
        at=now,
    )
    if session is not None and is_first_from_here(session):
        enqueue(
            "partners.send_security_notice", at=now, user_id=user.pk, what="new_device", where=str(session)
        )


def keep_following(request: HttpRequest) -> None:
    """Move the sign-in's last moment."""
    if request.user.is_authenticated:
        note_seen(
            str(request.session.session_key), ip=request.META.get("REMOTE_ADDR") or None, at=timezone.now()
        )


def stop_following(request: HttpRequest | None) -> None:
    """Note that the person signs out of this session."""
    if request is not None and request.session.session_key:
        close_session(request.session.session_key, at=timezone.now())


def change_key(request: HttpRequest | None = None, *, reauthenticated: bool = False, **_kwargs: Any) -> None:
    """Give the session a new key when its power grows: a stolen older one does not grow with it."""
    if request is None or not reauthenticated or not request.user.is_authenticated:
        return
    before = request.session.session_key
    request.session.cycle_key()
    if before:
        note_new_key(before, str(request.session.session_key))
