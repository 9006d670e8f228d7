"""Forget again, after a restore, everybody who was forgotten since the backup was made. Source: ADR 11."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import audit, keyring
from core.actor import Actor
from core.erasure_ledger import Erasure, erasures
from core.models import User
from core.tenancy import acting_as
from partners import locks
from partners.models import ErasureRequest
from partners.selectors.personal_data import residues_of
from partners.services.forgetting import forget, nobody, words_about


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the ledger asked for and what this run did: people forgotten again, keys destroyed again."""

    listed: int
    people: tuple[UUID, ...]
    keys: int
    left: dict[str, int]


def come_back() -> list[UUID]:
    """Return who stands in the ledger of erasures and in the tables under his name, as a restore leaves him."""
    listed = [erasure.person_id for erasure in erasures()]
    found = {user.pk for user in User.objects.filter(pk__in=listed) if user.email != nobody(user)}
    return [person_id for person_id in dict.fromkeys(listed) if person_id in found]


@transaction.atomic
def reapply_erasures(*, by: Actor, at: datetime) -> Replayed:
    """Forget everybody in the ledger who is in the tables again, and destroy his keys. Safe to run twice.

    Runs in the MAR's scope, before anybody is let in.

    :raises LedgerBroken: when a line of the ledger does not hold; nobody is touched.
    """
    listed = erasures()
    by_person = {erasure.person_id: erasure for erasure in listed}
    back, left = come_back(), dict[str, int]()
    for person_id in back:
        erasure, user = by_person[person_id], User.objects.get(pk=person_id)
        words = words_about(user)
        forget(user, at=at)
        left |= residues_of(words)
        _settle_request(erasure)
        audit.record(
            "partners.erasure.reapplied", by=by, at=at, object_type="user", object_id=erasure.person_id,
            facts={"request_id": str(erasure.request_id), "erased_at": erasure.at.isoformat()},
        )  # fmt: skip
    # Only keys that were destroyed then: an older state of a row may point to one that is still needed.
    keys = sum(keyring.destroy(subject) for erasure in listed for subject in erasure.subjects)
    return Replayed(len(listed), tuple(back), keys, left)


def _settle_request(erasure: Erasure) -> None:
    """Close the request where the backup holds it open, in the names of the two who decided it then."""
    request = locks.lock_erasure_request(erasure.request_id)
    is_known = User.objects.filter(pk=erasure.done_by).exists()
    if request is None or request.state != ErasureRequest.State.REQUESTED or not is_known:
        return
    request.state, request.decided_at = ErasureRequest.State.DONE, erasure.at
    request.decided_by_user_id = erasure.done_by
    with acting_as(erasure.done_by):
        request.save(update_fields=["state", "decided_by_user", "decided_at"])
