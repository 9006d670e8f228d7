"""Make, use and revoke a machine's credential."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.crypto import Secret
from core.errors import DomainError, Invalid, NotFound, refuse
from partners import locks
from partners.models import ApiKey
from partners.rules.api_keys import BODY_BYTES, SHOWN_LENGTH, format_secret, hash_secret, scopes_of_house

# Often enough to see which station is idle, seldom enough not to write on every request.
USE_NOTED_EVERY = timedelta(minutes=1)


class ScopeNotOfHouse(Invalid):
    """A right was asked that credentials of this house cannot carry."""


class ApiKeyRevoked(DomainError):
    """The credential is revoked already."""


@transaction.atomic
def create_api_key(
    partner_id: UUID | None,
    *,
    name: str,
    scopes: Sequence[str],
    daily_claims: int,
    by: Actor,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, Secret]:
    """Make a credential of a partner, or of the MAR, and return it with its text.

    The text is known here only; the database keeps its hash. ``daily_claims`` is keys a day.

    :raises ScopeNotOfHouse: when there is no right at all, or one this house does not have.
    """
    allowed = scopes_of_house(is_partner=partner_id is not None)
    foreign = [scope for scope in scopes if scope not in allowed]
    if foreign or not scopes:
        raise ScopeNotOfHouse(
            refuse(
                "scope_not_of_house",
                _("A credential of this organisation cannot carry these rights."),
                rule="P-KEY-1",
                facts={_("Asked"): ", ".join(foreign) or _("none"), _("Possible"): ", ".join(allowed)},
                next_step=_("Choose at least one of the rights offered."),
            )
        )
    secret = format_secret(secrets.token_bytes(BODY_BYTES))
    api_key = ApiKey.objects.create(
        partner_id=partner_id,
        name=" ".join(name.split()),
        prefix=secret[:SHOWN_LENGTH],
        secret_hash=hash_secret(secret),
        scopes=[scope for scope in allowed if scope in scopes],
        daily_claims=daily_claims,
        created_by=by.label[:200],
        created_at=at,
        expires_at=expires_at,
    )
    _audit(
        "partners.api_key.created", api_key, by=by, at=at, scopes=api_key.scopes, daily_claims=daily_claims
    )
    return api_key, Secret(secret)


@transaction.atomic
def revoke_api_key(api_key_id: UUID, *, partner_id: UUID | None, by: Actor, at: datetime) -> ApiKey:
    """End a credential at once.

    :raises NotFound: when this house has no such credential.
    :raises ApiKeyRevoked: when it is revoked already.
    """
    api_key = locks.lock_api_key(api_key_id)
    if api_key is None or api_key.partner_id != partner_id:
        raise NotFound(_("There is no such credential."))
    if api_key.revoked_at is not None:
        raise ApiKeyRevoked(
            refuse(
                "api_key_revoked",
                _("This credential is revoked already."),
                rule="P-KEY-2",
                facts={_("Revoked"): api_key.revoked_at},
                next_step=_("Nothing is left to do here."),
            )
        )
    api_key.revoked_at = at
    api_key.save(update_fields=["revoked_at"])
    _audit("partners.api_key.revoked", api_key, by=by, at=at)
    return api_key


def note_use(api_key: ApiKey, *, at: datetime) -> None:
    """Remember when a credential was used last, to the minute. No audit row: each act writes its own."""
    since = at - USE_NOTED_EVERY
    if api_key.last_used_at is not None and api_key.last_used_at >= since:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=since)
    ApiKey.objects.filter(stale, pk=api_key.pk).update(last_used_at=at)


def _audit(action: str, api_key: ApiKey, *, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="api_key",
        object_id=api_key.pk,
        partner_id=api_key.partner_id,
        facts={"name": api_key.name, "prefix": api_key.prefix, **facts},
    )
