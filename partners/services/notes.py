"""Write down what the MAR's people know about a partner."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, NotFound, refuse
from partners import locks
from partners.models import PartnerNote
from partners.selectors.partners import partner_by_id

MAX_LENGTH = 2000


class NoteRefused(Invalid):
    """The note says nothing, is too long, or nobody signs it."""


@transaction.atomic
def write_note(partner_id: UUID, *, text: str, is_pinned: bool, by: Actor, at: datetime) -> PartnerNote:
    """Keep a note about a partner, for the MAR's people alone.

    The audit row names the partner as its object only, so that it stays out of the partner's own history.

    :raises NotFound: for an unknown partner.
    :raises NoteRefused: for an empty or too long text, or when no person signs it.
    """
    if partner_by_id(partner_id) is None:
        raise NotFound(_("There is no such partner."))
    text = text.strip()
    if by.user_id is None or not 1 <= len(text) <= MAX_LENGTH:
        raise NoteRefused(
            refuse(
                "note_refused",
                _("A note has 1 to 2,000 characters and a person who signs it."),
                rule="P-NOTE-1",
                facts={_("Characters"): len(text)},
                next_step=_("Shorten it, or write two."),
            )
        )
    note = PartnerNote.objects.create(
        partner_id=partner_id, author_id=by.user_id, text=text, at=at, is_pinned=is_pinned
    )
    _audit("partners.note.written", note, by=by, at=at)
    return note


@transaction.atomic
def pin_note(note_id: UUID, *, partner_id: UUID, is_pinned: bool, by: Actor, at: datetime) -> PartnerNote:
    """Keep a note on top of the list, or let it go down.

    :raises NotFound: when there is no such note about this partner.
    """
    note = locks.lock_note(note_id)
    if note is None or note.partner_id != partner_id:
        raise NotFound(_("There is no such note."))
    if note.is_pinned != is_pinned:
        note.is_pinned = is_pinned
        note.save(update_fields=["is_pinned"])
        _audit("partners.note.pinned" if is_pinned else "partners.note.unpinned", note, by=by, at=at)
    return note


def _audit(action: str, note: PartnerNote, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="partner",
        object_id=note.partner_id,
        facts={"note": str(note.pk)},
    )
