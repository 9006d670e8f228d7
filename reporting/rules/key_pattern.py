"""A full product key may never appear in a document: how one is recognised."""

import re

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, refuse

_CHARACTER = "[BCDFGHJKMPQRTVWXY2346789N]"
_DASH = "[-\u2010-\u2015\u2212 ]"
_KEY = re.compile(
    rf"(?<![A-Z0-9])(?:{_CHARACTER}{{5}}(?:{_DASH}{_CHARACTER}{{5}}){{4}}|{_CHARACTER}{{25}})(?![A-Z0-9])",
    re.IGNORECASE,
)

# For long streams: every byte as x (could be of a key), # (another letter or digit), - or ~ (not ASCII).
_SHAPES = bytes(
    ord("x") if chr(byte).upper() in "BCDFGHJKMPQRTVWXY2346789N"
    else ord("#") if chr(byte).isalnum() and byte < 128
    else ord("-") if chr(byte) in "- "
    else ord("~") if byte >= 128
    else ord(".")
    for byte in range(256)
)  # fmt: skip
_GROUPED = b"-".join([b"x" * 5] * 5)
_PLAIN = b"x" * 25


class KeyInDocument(DomainError):
    """A document would have shown a full product key; carries the place, never the key."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            refuse(
                "key_in_document",
                _("A full product key would appear in a document."),
                rule="DOC-KEY",
                facts={"place": place},
                next_step=_("Find where the key was typed into a free text, remove it there, and try again."),
            )
        )


def contains_key(text: str) -> bool:
    """Say whether the text holds 5x5 characters of Microsoft's key alphabet."""
    return _KEY.search(text) is not None


def refuse_keys(text: str, *, place: str) -> None:
    """Let text without a full product key pass.

    :raises KeyInDocument: the text holds one.
    """
    if contains_key(text):
        raise KeyInDocument(place)


def _may_hold_key(content: bytes) -> bool:
    """Say quickly whether UTF-8 bytes are worth a closer look; never no where `contains_key` says yes."""
    shape = content.translate(_SHAPES).replace(b"~~~", b"-")
    return _GROUPED in shape or _PLAIN in shape


class KeyScanner:
    """Looks for full product keys in a stream of UTF-8 lines that is too long to hold."""

    def __init__(self, *, place: str) -> None:
        self._place = place
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the chunk unchanged; whole lines are looked at, a last half line waits.

        :raises KeyInDocument: a line holds a key.
        """
        whole, newline, rest = (self._rest + chunk).rpartition(b"\n")
        if newline and _may_hold_key(whole):
            refuse_keys(whole.decode("utf-8", "replace"), place=self._place)
        self._rest = rest
        return chunk

    def finish(self) -> None:
        """Look at what followed the last line end.

        :raises KeyInDocument: it holds a key.
        """
        refuse_keys(self._rest.decode("utf-8", "replace"), place=self._place)
        self._rest = b""
