"""What a rule decides for a partner or an order, as comparable facts: the currency of a simulation."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

PARTNER, ORDER = "partner", "order"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that holds for one subject at one instant: what, and how it comes out."""

    kind: str
    id: str
    label: str
    partner_id: UUID
    aspect: str
    value: str


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A subject for which something comes out differently."""

    kind: str
    id: str
    label: str
    partner_id: str
    aspect: str
    before: str
    after: str


def compare(before: Iterable[Outcome], after: Iterable[Outcome]) -> list[OutcomeChange]:
    """Return what differs, in the order of kind, label and aspect; what is missing on a side is empty there."""
    old, new = ({(one.kind, one.id, one.aspect): one for one in side} for side in (before, after))
    changes = [
        _change(old.get(key), new.get(key))
        for key in {**old, **new}
        if getattr(old.get(key), "value", "") != getattr(new.get(key), "value", "")
    ]
    return sorted(changes, key=lambda one: (one.kind, one.label, one.aspect, one.id))


def _change(old: Outcome | None, new: Outcome | None) -> OutcomeChange:
    one = old or new
    assert one is not None  # noqa: S101  (the key came from one of the two)
    return OutcomeChange(
        kind=one.kind,
        id=one.id,
        label=one.label,
        partner_id=str(one.partner_id),
        aspect=one.aspect,
        before=old.value if old else "",
        after=new.value if new else "",
    )


def sha256_of(changes: Sequence[OutcomeChange], *, rules_sha256: str, data_at: str) -> str:
    """Return the hash of a result with the rules and the time of the data it was computed from."""
    rows: list[Any] = [rules_sha256, data_at, [asdict(one) for one in changes]]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
