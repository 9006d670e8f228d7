"""Encrypt to a public key of age (age-encryption.org), in memory only.

The library is loaded when a file is made: nothing else of the portal needs it.
"""

from typing import Any


class NotAnAgeKey(ValueError):
    """The text is no public key of age."""


def check_recipient(text: str) -> None:
    """Hold a text against the form of a public key.

    :raises NotAnAgeKey: when it has another form, or is a secret key.
    """
    _recipient(text)


def encrypt_to(text: str, plain: bytes) -> bytes:
    """Return the bytes as only the holder of the matching secret key can open them.

    :raises NotAnAgeKey: when the text is no public key.
    """
    import pyrage

    encrypted: bytes = pyrage.encrypt(plain, [_recipient(text)])
    return encrypted


def _recipient(text: str) -> Any:
    import pyrage

    if not text.startswith("age1"):
        raise NotAnAgeKey("A public key of age begins with age1.")
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise NotAnAgeKey("This is no public key of age.") from error
