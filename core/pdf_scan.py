"""The child process that reads a hostile PDF: bytes on stdin, one line of findings on stdout.

Run by core/pdf_guard.py only. It imports nothing of Django and has no environment of ours.
"""

import json
import resource
import sys
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

MAX_OBJECTS = 200_000
MAX_DEPTH = 60
SCRIPT_KEYS = frozenset({"/JS", "/JavaScript", "/XFA"})
ACTION_KEYS = frozenset({"/AA", "/Launch"})
FILE_KEYS = frozenset({"/EmbeddedFiles", "/EmbeddedFile", "/EF", "/RichMedia"})
SCRIPT_TYPES = frozenset({"/JavaScript", "/Rendition"})
ACTION_TYPES = frozenset({"/Launch", "/ImportData", "/SubmitForm", "/GoToE"})
FILE_TYPES = frozenset({"/EmbeddedFile", "/FileAttachment", "/RichMedia", "/3D", "/Movie", "/Screen"})


class TooLarge(Exception):
    """The file holds more objects, or nests deeper, than a paper does."""


def main() -> None:
    """Read one PDF within the limits given and say what was found."""
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        found = findings(sys.stdin.buffer.read())
    except Exception:  # noqa: BLE001  (whatever pypdf meets in a broken file: it cannot be read)
        found = ["unreadable"]
    sys.stdout.write(json.dumps(sorted(found)))


def findings(content: bytes) -> list[str]:
    """Return what stands against a PDF: encrypted, script, action, file; nothing for a plain paper.

    Every object of every cross-reference is read, also those no page leads to: a viewer may find a
    way that we do not.
    """
    reader = PdfReader(BytesIO(content), strict=False)
    if reader.is_encrypted:
        return ["encrypted"]
    found: set[str] = set()
    numbers = {(number, generation) for generation, items in reader.xref.items() for number in items}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MAX_OBJECTS:
        raise TooLarge
    _walk(reader.trailer, found, 0)
    for number, generation in sorted(numbers):
        if number == 0:
            continue
        _walk(IndirectObject(number, generation, reader).get_object(), found, 0)
    if not len(reader.pages):
        raise ValueError("no page")
    return sorted(found)


def _walk(node: Any, found: set[str], depth: int) -> None:
    """Look through what stands inside one object; references to others are followed by their number."""
    if depth > MAX_DEPTH:
        raise TooLarge
    if isinstance(node, DictionaryObject):
        found.update(_of_dictionary(node))
        for value in dict.values(node):
            _walk(value, found, depth + 1)
    elif isinstance(node, ArrayObject):
        for value in list.__iter__(node):
            _walk(value, found, depth + 1)


def _of_dictionary(node: DictionaryObject) -> set[str]:
    keys = set(dict.keys(node))
    kinds = {str(dict.get(node, name, "")) for name in ("/S", "/Subtype", "/Type")}
    found = set()
    if keys & SCRIPT_KEYS or kinds & SCRIPT_TYPES:
        found.add("script")
    if keys & ACTION_KEYS or kinds & ACTION_TYPES:
        found.add("action")
    if keys & FILE_KEYS or kinds & FILE_TYPES:
        found.add("file")
    return found


if __name__ == "__main__":
    main()
