"""How a Windows product key and its id are written, and how a key is carried without being shown."""

import hmac
import random
import re
from typing import NoReturn

KEY_ALPHABET = "BCDFGHJKMNPQRTVWXY2346789"
PRODUCT_KEY_ID_DIGITS = 13
SYNTHETIC_FIRST_GROUP = "NNNNN"

_GROUP = f"[{KEY_ALPHABET}]{{5}}"
_KEY = re.compile(rf"{_GROUP}(?:-{_GROUP}){{4}}", re.ASCII)
# Wider than the alphabet on purpose: a mistyped key is still nearly a key and must not be shown either.
# Without separators only an isolated run counts, else every long hash would be taken for a key.
# Four or more further groups, so that a five-letter word before the key does not shield its last group.
_HYPHEN = "[-_\u2010-\u2015]"
_KEY_LIKE = re.compile(
    rf"[A-Z0-9]{{5}}(?:{_HYPHEN}[A-Z0-9]{{5}}){{4,}}"
    rf"|(?<![A-Z0-9])[A-Z0-9]{{5}}(?:(?:\s|{_HYPHEN}){{1,3}}[A-Z0-9]{{5}}){{4,}}(?![A-Z0-9])"
    r"|(?<![A-Z0-9+/])[A-Z0-9]{25}(?![A-Z0-9+/=])",
    re.IGNORECASE | re.ASCII,
)
# Exactly what the scanner of the monthly report refuses (reporting/rules/key_pattern.py): a text that passes
# here can never stand in the way of a report.
_KEY_IN_TEXT = re.compile(
    rf"(?<![A-Z0-9])(?:{_GROUP}(?:[-\u2010-\u2015\u2212 ]{_GROUP}){{4}}|[{KEY_ALPHABET}]{{25}})(?![A-Z0-9])",
    re.IGNORECASE,
)
_ID = re.compile(r"[0-9]{13}", re.ASCII)

# Last two groups of the keys Microsoft publishes for everybody (setup keys and KMS client keys of Windows 10
# and 11). They install Windows but are nobody's licence. Two groups, because five characters alone would
# hit a real key by chance about once in a few hundred thousand.
PUBLIC_KEY_ENDINGS = frozenset(
    {
        "7M9GH-8HVX7",  # Home
        "RXX86-WXCHW",  # Home N
        "4YWX6-6F4BT",  # Home Single Language
        "8DV9T-8TYMD",  # Home Country Specific
        "9MPGT-3V66T",  # Pro
        "Y2C8J-PKCKT",  # Pro N
        "X4T3X-2YV77",  # Pro for Workstations
        "TX4WX-WT2RQ",  # Pro N for Workstations
        "C2D3X-MHBPB",  # Pro Education
        "HVGC7-QPF8P",  # Pro Education N
        "C8XTP-7CFBY",  # Education
        "QWJK7-DRR8H",  # Education N
        "W3FW7-8HV2C",  # Enterprise
        "M8RF3-MDWWW",  # Enterprise LTSB
        "R8YTK-DYJWX",  # Enterprise LTSC
        "KT3KK-P39PB",  # Enterprise LTSB N
        "K8732-CKFFD",  # IoT Enterprise
        "P3YRH-YY74H",  # IoT Enterprise LTSC
        "BX98W-J8JXD",  # IoT Enterprise LTSC
        "4J6C9-T83GX",  # KMS Pro
        "C7227-GCQG9",  # KMS Pro N
        "BX7FG-H8Q99",  # KMS Home
        "F7HPR-844BM",  # KMS Home N
        "4WPJ4-YTDFH",  # KMS Home Single Language
        "7BKTT-D3WVR",  # KMS Home Country Specific
        "9G2XF-6Q84J",  # KMS Pro for Workstations
        "6383H-6XYWF",  # KMS Pro N for Workstations
        "7B7DP-J447Y",  # KMS Pro Education
        "CPQ99-66QFC",  # KMS Pro Education N
        "3GKT6-VCFB2",  # KMS Education
        "CT43Q-MDWWJ",  # KMS Education N
        "H872K-2YT43",  # KMS Enterprise
        "TJR4H-KHJW4",  # KMS Enterprise N
    }
)


class SecretKey:
    """Carry one full product key; printing or logging shows the last five, pickling is refused."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the full key; call it only where the key is encrypted, indexed or handed over."""
        return self._value

    @property
    def last5(self) -> str:
        return self._value[-5:]

    def __repr__(self) -> str:
        return f"•••••-{self.last5}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((SecretKey, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("A product key is never pickled")


def normalise_key(text: str) -> str:
    """Return the key in capitals without the spaces around it; say nothing about whether it is one."""
    return text.strip().upper()


def is_key(text: str) -> bool:
    """Tell whether the text is five groups of five allowed characters, in capitals, joined by hyphens."""
    return _KEY.fullmatch(text) is not None


def is_product_key_id(text: str) -> bool:
    """Tell whether the text is a product key id: 13 ASCII digits."""
    return _ID.fullmatch(text) is not None


def is_placeholder(key: str) -> bool:
    """Tell whether a well-formed key cannot be anyone's licence: a pattern, or a key Microsoft publishes.

    A pattern is: all groups equal, every group one repeated letter, or fewer than five different letters.
    """
    groups = key.split("-")
    letters = set(key) - {"-"}
    if len(set(groups)) == 1 or all(len(set(group)) == 1 for group in groups):
        return True
    return len(letters) < 5 or key[-11:] in PUBLIC_KEY_ENDINGS


def is_synthetic(key: str) -> bool:
    """Tell whether a key was made by our sample generator.

    A real key of this format carries at most one N; a synthetic one starts with five, so neither can be
    taken for the other.
    """
    return key.startswith(SYNTHETIC_FIRST_GROUP + "-")


def synthetic_key(*, seed: str | int, number: int) -> str:
    """Return the synthetic key with this number; the same seed and number give the same key."""
    letters = KEY_ALPHABET.replace("N", "")
    chosen = random.Random(f"key:{seed}:{number}").choices(letters, k=20)  # noqa: S311
    groups = ["".join(chosen[start : start + 5]) for start in range(0, 20, 5)]
    return "-".join([SYNTHETIC_FIRST_GROUP, *groups])


def holds_key(text: str) -> bool:
    """Tell whether somewhere in the text stand 5x5 characters of the key alphabet."""
    return _KEY_IN_TEXT.search(text) is not None


def mask_keys(text: str) -> str:
    """Return the text with everything that looks like a product key reduced to its last five characters."""
    return _KEY_LIKE.sub(lambda match: "•••••-" + match.group()[-5:], text)
