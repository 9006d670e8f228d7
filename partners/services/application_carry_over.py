"""What a partner of another MAR brings along: listed when the case is claimed, ticked off by staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from partners.models import Application, CarryOverItem, Document
from partners.rules.applications import CARRY_OVER_BRANCHES
from partners.rules.carry_over import SECTION, items_of
from partners.selectors.drafts import answers_of, papers_of
from partners.services.application_case import locked, note_step, person

PROOF_KIND = Document.Kind.EARLIER_MEMBERSHIP


class CarryOverOpen(DomainError):
    """Something is brought along that nobody has ticked off."""


class SettledWithoutNote(Invalid):
    """A tick needs a word on how it was settled."""


def ensure_carry_over(application: Application) -> list[CarryOverItem]:
    """List what the applicant brings along, once a kind; what he states later is read anew until ticked off.

    Inside the transaction of a step of the case, which holds its lock.
    """
    if application.branch not in CARRY_OVER_BRANCHES:
        return []
    answers = _stated(application)
    known = {item.kind: item for item in CarryOverItem.objects.filter(application=application)}
    for kind, stated in items_of(answers).items():
        item = known.get(kind)
        if item is None:
            known[kind] = CarryOverItem.objects.create(application=application, kind=kind, stated=stated)
        elif item.settled_at is None and item.stated != stated:
            item.stated = stated
            item.save(update_fields=["stated"])
    return list(known.values())


def _stated(application: Application) -> dict[str, Any]:
    """Return his answers, and the papers that prove the earlier membership."""
    answers = answers_of(application.pk, SECTION)
    proofs = [paper.file_name for paper in papers_of(application.pk) if paper.kind == PROOF_KIND]
    return answers | {"proof": proofs}


@transaction.atomic
def settle_carry_over(item_id: UUID, *, note: str, by: Actor, at: datetime) -> CarryOverItem:
    """Tick one thing off, with a word on how it was settled; ticking twice keeps the first tick.

    :raises NotFound: when there is no such item.
    :raises SettledWithoutNote: without a note.
    """
    found = CarryOverItem.objects.filter(pk=item_id).values_list("application_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is nothing like this to tick off."))
    application, user_id = locked(found), person(by)
    item = CarryOverItem.objects.get(pk=item_id)
    if item.settled_at is not None:
        return item
    if not note.strip():
        raise SettledWithoutNote(
            refuse(
                "note_missing",
                _("Say how it was settled."),
                rule="P-REV-5",
                next_step=_("A few words: what you saw, or who confirmed it."),
            )
        )
    item.settled_by_id, item.settled_at, item.settled_note = user_id, at, note.strip()[:300]
    item.save(update_fields=["settled_by", "settled_at", "settled_note"])
    note_step("carry_over_settled", application, by=by, at=at, kind=item.kind)
    return item


def require_carry_over(application: Application) -> None:
    """Refuse an approval while something brought along is open.

    :raises CarryOverOpen: naming it.
    """
    open_items = [item for item in ensure_carry_over(application) if item.settled_at is None]
    if not open_items:
        return
    raise CarryOverOpen(
        refuse(
            "carry_over_open",
            _("Not everything the applicant brings along is ticked off."),
            rule="P-REV-5",
            facts={
                _("Still open"): ", ".join(str(item.get_kind_display()) for item in open_items),
            },
            next_step=_("Tick each line of the carry-over list off, with a word on how it was settled."),
            lifted_by=_("A reviewer of the MAR"),
        )
    )
