"""Stop a person or a station at once, when something must be looked at first; and let a person in again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor, ActorKind
from core.errors import NotFound
from core.models import User
from core.services.sessions import end_sessions
from partners.models import ApiKey


@transaction.atomic
def freeze_actor(actor: Actor, *, by: Actor, at: datetime, reason: str) -> bool:
    """Shut out the person or end the station's credential; False when it is neither, or frozen already.

    Nothing is deleted and no role is lost. Even the last administrator is frozen: ``thaw_person`` is a command
    of whoever runs the portal. Runs in the MAR's scope.
    """
    if actor.kind is ActorKind.USER and actor.id:
        return _freeze_person(UUID(actor.id), by=by, at=at, reason=reason)
    if actor.kind is ActorKind.API_KEY:
        return _end_station(UUID(actor.id), by=by, at=at, reason=reason)
    return False


@transaction.atomic
def thaw_person(email: str, *, by: Actor, at: datetime, reason: str) -> User:
    """Let a frozen person sign in again.

    :raises NotFound: when nobody of this address is frozen.
    """
    user = User.objects.filter(email=email.strip().lower(), is_active=False).first()
    if user is None or not user.has_usable_password():
        raise NotFound(_("Nobody of this address is frozen."))
    User.objects.filter(pk=user.pk).update(is_active=True)
    _audit("thawed", "user", user.pk, by=by, at=at, reason=reason)
    return user


def _freeze_person(user_id: UUID, *, by: Actor, at: datetime, reason: str) -> bool:
    if not User.objects.filter(pk=user_id, is_active=True).update(is_active=False):
        return False
    end_sessions(user_id, at=at)
    _audit("frozen", "user", user_id, by=by, at=at, reason=reason)
    return True


def _end_station(api_key_id: UUID, *, by: Actor, at: datetime, reason: str) -> bool:
    if not ApiKey.objects.filter(pk=api_key_id, revoked_at__isnull=True).update(revoked_at=at):
        return False
    _audit("frozen", "api_key", api_key_id, by=by, at=at, reason=reason)
    return True


def _audit(act: str, kind: str, object_id: UUID, *, by: Actor, at: datetime, reason: str) -> None:
    audit.record(
        f"partners.person.{act}", by=by, at=at, object_type=kind, object_id=object_id,
        facts={"reason": reason[:200]},
    )  # fmt: skip
