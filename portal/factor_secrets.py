"""Keep the secrets of second factors encrypted, each bound to the person whose row it stands in.

allauth's hooks see a secret but not its owner. So a new secret is sealed by the hook for the moment and
bound to its owner when the row is saved; a secret copied into another person's row does not open.
Secrets sealed before this rule still open, and are bound when their row is saved next.
"""

import base64
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models.signals import post_init, pre_save

from core.crypto import CannotDecrypt, open_bytes, seal_bytes
from core.custody_keys import master_key

_UNBOUND = "second-factor"
_BOUND = "u1"
_FIELDS = ("secret", "seed")
_NOT_HIS = "not-his:"


def connect() -> None:
    """Bind secrets on saving, and look at whose they are on loading."""
    pre_save.connect(_bind, sender=Authenticator, dispatch_uid="portal.factor_secrets.bind")
    post_init.connect(_check, sender=Authenticator, dispatch_uid="portal.factor_secrets.check")


def seal(text: str) -> str:
    """Encrypt a secret whose owner is not known yet."""
    return _encode(seal_bytes(master_key().key, text.encode(), context=_UNBOUND))


def seal_for(user_id: Any, text: str) -> str:
    """Encrypt a person's secret."""
    sealed = seal_bytes(master_key().key, text.encode(), context=_context(str(user_id)))
    return f"{_BOUND}:{user_id}:{_encode(sealed)}"


def unseal(sealed: str) -> str:
    """Decrypt a stored secret, bound or from before.

    :raises CannotDecrypt: for another person's secret, another master key, or changed text.
    """
    parts = sealed.split(":")
    try:
        if parts[0] == _BOUND and len(parts) == 3:
            return _open(parts[2], _context(parts[1]))
        return _open(sealed, _UNBOUND)
    except ValueError as error:  # not base64 at all
        raise CannotDecrypt("The secret is no ciphertext.") from error


def _bind(instance: Authenticator, **_kwargs: Any) -> None:
    for field in _FIELDS:
        text = instance.data.get(field)
        if not isinstance(text, str) or text.startswith((f"{_BOUND}:", _NOT_HIS)):
            continue
        try:
            instance.data[field] = seal_for(instance.user_id, unseal(text))
        except CannotDecrypt:
            continue  # it opens nothing, here or bound


def _check(instance: Authenticator, **_kwargs: Any) -> None:
    # A deferred field would be loaded by looking at it, and loading comes back here.
    if "data" in instance.get_deferred_fields() or not isinstance(instance.data, dict):
        return
    for field in _FIELDS:
        text = instance.data.get(field)
        if not isinstance(text, str) or not text.startswith(f"{_BOUND}:"):
            continue
        if text.split(":")[1] != str(instance.user_id):
            instance.data[field] = _NOT_HIS + text


def _context(user_id: str) -> str:
    return f"{_UNBOUND}:{user_id}"


def _encode(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


def _open(encoded: str, context: str) -> str:
    return open_bytes(master_key().key, base64.b64decode(encoded, validate=True), context=context).decode()
