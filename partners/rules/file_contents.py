"""What an uploaded paper is, by its content and never by its name."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

import filetype

MAX_DOCUMENT_BYTES = 15 * 1024 * 1024
NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file that is taken, and how it is named and served."""

    content_type: str
    suffix: str


PDF = FileType("application/pdf", ".pdf")
# P-DOC-1: papers and photographs of papers, nothing else.
TYPES = {
    PDF.content_type: PDF,
    "image/jpeg": FileType("image/jpeg", ".jpg"),
    "image/png": FileType("image/png", ".png"),
    "image/heic": FileType("image/heic", ".heic"),
}
ACCEPT = ".pdf,.jpg,.jpeg,.png,.heic"
_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_ODD = re.compile(r"[^\w .,()+-]")


def find_type(content: bytes) -> FileType | None:
    """Return what the content is, None when it is nothing that is taken.

    The signature must stand at the very beginning: a program or a page with a PDF behind it is none.
    """
    guessed = filetype.guess(content[:8192])
    found = TYPES.get(guessed.mime) if guessed else None
    if found is PDF and not content.startswith(b"%PDF-"):
        return None
    if found is not None and found.suffix == ".png" and not content.startswith(_PNG_START):
        return None
    return found


def clean_file_name(name: str, *, suffix: str) -> str:
    """Return the name without path and odd signs, ending as its content does."""
    bare = PurePosixPath(name.replace("\\", "/")).name
    stem = _ODD.sub("_", unicodedata.normalize("NFC", PurePosixPath(bare).stem)).strip(" ._")
    return (stem[:NAME_LENGTH] or "document") + suffix
