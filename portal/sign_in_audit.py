"""Write sign-ins, failed tries and changes of the ways to sign in to the audit log."""

import hashlib
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from core import audit
from core.actor import Actor, ActorKind
from core.models import User
from core.queue import enqueue
from core.services.sessions import end_sessions
from core.tenancy import no_scope
from partners.selectors.people import membership_of
from partners.services.factor_resets import close_reset
from portal.actors import actor_of, request_id_of
from portal.factors import ANY, RECOVERY
from portal.sign_in import note_enrolment
from portal.sign_in_sessions import change_key, stop_following

CHANGES = {
    "password_changed": password_changed,
    "password_set": password_set,
    "password_reset": password_reset,
    "factor_added": authenticator_added,
    "factor_removed": authenticator_removed,
    "factor_reset": authenticator_reset,
}


def connect() -> None:
    """Listen to sign-ins and to changes of password and second factor."""
    user_logged_in.connect(signed_in, dispatch_uid="portal.audit.signed_in")
    user_logged_out.connect(signed_out, dispatch_uid="portal.audit.signed_out")
    user_login_failed.connect(refused, dispatch_uid="portal.audit.sign_in_refused")
    authenticator_used.connect(change_key, dispatch_uid="portal.sign_in.change_key")
    for act, signal in CHANGES.items():
        signal.connect(_recorder(act), weak=False, dispatch_uid=f"portal.audit.{act}")


def signed_in(request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    """Record a sign-in."""
    _record("signed_in", request, user)


def signed_out(request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    """Record a sign-out."""
    if user is not None:
        stop_following(request)
        _record("signed_out", request, user)


def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Record a failed try by the address's hash: a mistyped address may be a password."""
    tried = str(credentials.get("email") or credentials.get("username") or "").lower()
    by = actor_of(request) if request is not None else Actor.system("sign-in")
    audit.record(
        "portal.sign_in.refused",
        by=by,
        at=timezone.now(),
        facts={"address_sha256": hashlib.sha256(tried.encode()).hexdigest()[:16]},
    )


def _recorder(act: str) -> Any:
    def record(
        request: HttpRequest | None = None,
        user: User | None = None,
        authenticator: Authenticator | None = None,
        **_kwargs: Any,
    ) -> None:
        if user is None:
            return
        if act == "factor_added" and request is not None and authenticator is not None:
            note_enrolment(request, authenticator.type)
        kind = authenticator.type if authenticator else ""
        _record(act, request, user, **({"kind": kind} if kind else {}))
        _after_change(act, user, kind)

    return record


def _after_change(act: str, user: User, kind: str) -> None:
    """Tell the person, and end his other sessions when the password is another."""
    now = timezone.now()
    with no_scope():
        if act in ("password_changed", "password_reset"):
            end_sessions(user.pk, at=now)
        if act == "factor_added" and kind in ANY:
            close_reset(user.pk, by=Actor(ActorKind.USER, str(user.pk), user.name, user_id=user.pk), at=now)
        if not (act == "factor_added" and kind == RECOVERY):  # those come with the first factor
            enqueue("partners.send_security_notice", at=now, user_id=user.pk, what=act, where=kind)


def _record(act: str, request: HttpRequest | None, user: User, **facts: str) -> None:
    # The request may still be held to the house of whoever was signed in before.
    with no_scope():
        audit.record(
            f"portal.sign_in.{act}",
            by=_actor(request, user),
            at=timezone.now(),
            object_type="user",
            object_id=user.pk,
            facts=facts,
        )


def _actor(request: HttpRequest | None, user: User) -> Actor:
    membership = membership_of(user)
    return Actor(
        ActorKind.USER,
        str(user.pk),
        user.name,
        partner_id=membership.partner_id if membership else None,
        user_id=user.pk,
        request_id=request_id_of(request) if request is not None else "",
        ip=request.META.get("REMOTE_ADDR") if request is not None else None,
    )
