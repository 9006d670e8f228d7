"""Where the hash chains end."""

from dataclasses import dataclass
from datetime import datetime

from core.models.seal import SealBlock


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """A chain's last block; ``sealed_at`` is None before the first. ``head`` is its hash in hexadecimal."""

    stream: str
    links: int
    blocks: int
    sealed_at: datetime | None
    head: str = ""


def chain_end(stream: str) -> ChainEnd:
    """Return the end of a stream's chain."""
    last = SealBlock.objects.filter(stream=stream).order_by("-number").first()
    if last is None:
        return ChainEnd(stream, 0, 0, None)
    return ChainEnd(stream, last.last_sequence, last.number, last.sealed_at, bytes(last.head).hex())
