"""Product keys made for one test run only, and the search for them in whatever a portal leaves behind."""

import base64
import gzip
import io
import random
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from licensing.rules.key_syntax import KEY_ALPHABET

_LETTERS = KEY_ALPHABET.replace("N", "")


def new_canaries(count: int) -> list[str]:
    """Return keys that nobody has seen before: five groups of five, one N each as in a real one."""
    chance = random.SystemRandom()
    keys = []
    for _ in range(count):
        letters = chance.choices(_LETTERS, k=25)
        letters[chance.randrange(1, 20)] = "N"
        text = "".join(letters)
        keys.append("-".join(text[start : start + 5] for start in range(0, 25, 5)))
    return keys


@dataclass(frozen=True)
class Hit:
    """A canary that was found."""

    place: str
    form: str

    def __str__(self) -> str:
        return f"{self.place}: {self.form}"


class Search:
    """Looks for keys in every way they could have been written down."""

    def __init__(self, keys: list[str]) -> None:
        self._wanted = [(name, wanted) for key in keys for name, wanted in _spellings(key)]
        self._groups = [key.encode().split(b"-") for key in keys]

    def in_bytes(self, content: bytes, place: str) -> list[Hit]:
        """Return what is found in bytes, in any case of letters."""
        found = [Hit(place, name) for name, wanted in self._wanted if wanted in content]
        upper = content.upper()
        for name, wanted in self._wanted:
            if not name.startswith("base64") and wanted.upper() in upper:
                found.append(Hit(place, f"{name}, any case"))
        found += [Hit(place, "in pieces") for groups in self._groups if _in_pieces(groups, upper)]
        return found

    def in_tree(self, folder: Path) -> list[Hit]:
        """Return what is found in the files of a folder, their names, and what is packed inside them."""
        found = []
        for path in sorted(folder.rglob("*")):
            place = str(path.relative_to(folder))
            found += self.in_bytes(place.encode(), f"name of {place}")
            if path.is_file():
                for inner, content in unpacked(place, path.read_bytes()):
                    found += self.in_bytes(content, inner)
        return found


def _in_pieces(groups: list[bytes], upper: bytes) -> bool:
    """Say whether any two groups of a key stand close to each other, as a page might show a part of it.

    One group alone is what everybody may see: the last.
    """
    there = [group for group in groups if group in upper]
    return any(
        re.search(rb"%b.{0,80}?%b" % (one, other), upper, re.DOTALL) is not None
        for place, one in enumerate(there)
        for other in there[place + 1 :]
    )


def _spellings(key: str) -> Iterator[tuple[str, bytes]]:
    for dashes, text in (("with dashes", key), ("without dashes", key.replace("-", ""))):
        for case, spelled in (("", text), (", lower case", text.lower())):
            yield f"{dashes}{case}", spelled.encode()
            yield f"utf-16le {dashes}{case}", spelled.encode("utf-16-le")
            yield f"utf-16be {dashes}{case}", spelled.encode("utf-16-be")
            yield f"hex {dashes}{case}", spelled.encode().hex().encode()
            for start in range(3):
                yield f"base64 {dashes}{case}", _base64_core(spelled.encode(), start)
                yield f"base64 of utf-16le {dashes}{case}", _base64_core(spelled.encode("utf-16-le"), start)


def _base64_core(content: bytes, start: int) -> bytes:
    """Return the characters that the bytes give in any base64 in which they begin at this place of three."""
    encoded = base64.b64encode(b"\0" * start + content)
    first = 4 if start else 0
    whole = (start + len(content)) // 3 * 4
    return encoded[first:whole]


def unpacked(place: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the bytes themselves, and those of archives and PDF streams inside them."""
    yield place, content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from unpacked(f"{place}!{name}", archive.read(name))
    elif content.startswith(b"\x1f\x8b"):
        yield from unpacked(f"{place}!gz", gzip.decompress(content))
    elif content.startswith(b"%PDF-"):
        yield from _streams_of(place, content)


def _streams_of(place: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for number, found in enumerate(pdf.objects):
            if isinstance(found, pikepdf.Stream):
                yield f"{place}!stream {number}", found.read_bytes()
        for name, attached in pdf.attachments.items():
            yield from unpacked(f"{place}!{name}", attached.get_file().read_bytes())
        for number, page in enumerate(pdf.pages):
            yield f"{place}!text {number}", _shown_text(page)


def _shown_text(page: pikepdf.Page) -> bytes:
    """Return the strings that a page's own operators show, one after the other."""
    shown = bytearray()
    for instruction in pikepdf.parse_content_stream(page):
        for operand in instruction.operands:
            parts = operand if isinstance(operand, pikepdf.Array) else [operand]
            for part in parts:
                if isinstance(part, pikepdf.String):
                    shown += bytes(part)
    return bytes(shown)
