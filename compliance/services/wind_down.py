"""A partner leaves in order: begin, settle or waive what is open, finish, end all access."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from compliance.models import WindDown, WindDownItem
from compliance.rules.wind_down import BY_WORD, LONGEST, ItemKind, is_end_possible
from compliance.selectors.wind_down import Exit, Item, exit_of, keys_to_recall, unused_keys
from compliance.services.exit_steps import locked_wind_down, note_exit
from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, Refusal, refuse
from core.money import Money
from core.queue import enqueue
from core.tenancy import acting_as
from licensing.locks import lock_credit
from licensing.models import OrderState
from licensing.selectors.orders import all_orders
from licensing.services.order_cancel import cancel_order
from licensing.services.recall import recall_key, unassign_keys
from partners.services.partners import (
    end_access,
    set_end_of_access,
    start_wind_down,
    terminate_partner,
)

PROPOSED = ("waived_by", "waived_by_id", "waived_reason", "waived_at")
CONFIRMED = (
    "waiver_confirmed_by", "waiver_confirmed_by_id", "waiver_confirmed_at", "waived_count", "waived_amount",
)  # fmt: skip


class EndNotPossible(Invalid):
    """The end is too soon or too far."""


class ItemNotSettled(DomainError):
    """This kind of item is not settled or waived in this way."""


class OpenItems(DomainError):
    """Something is still open between the partner and the MAR."""


class WindDownClosed(DomainError):
    """The way out is finished already."""


@transaction.atomic
def begin_wind_down(partner_id: UUID, *, reason: str, ends_at: datetime, by: Actor, at: datetime) -> WindDown:
    """Begin a partner's way out: no new orders from now on, all access until ``ends_at``.

    :raises EndNotPossible: for an end within a day or later than a year from now.
    :raises PartnerCannotMove: from a state that does not lead there.
    """
    _require_possible_end(ends_at, at=at)
    start_wind_down(partner_id, reason=reason, by=by, at=at)
    set_end_of_access(partner_id, ends_at=ends_at, by=by, at=at)
    wind_down = WindDown.objects.create(
        partner_id=partner_id,
        reason=reason.strip()[:300],
        started_by=by.label[:200],
        started_by_id=by.id,
        started_at=at,
        ends_at=ends_at,
    )
    WindDownItem.objects.bulk_create(
        WindDownItem(wind_down=wind_down, partner_id=partner_id, kind=kind.value) for kind in ItemKind
    )
    _refresh(partner_id)
    note_exit("begun", wind_down, by=by, at=at, ends_at=ends_at.isoformat())
    return wind_down


@transaction.atomic
def move_end(partner_id: UUID, *, ends_at: datetime, reason: str, by: Actor, at: datetime) -> WindDown:
    """Move the day on which all access ends, while it has not come.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when access has ended.
    :raises EndNotPossible: for an end within a day or later than a year from now.
    """
    wind_down = locked_wind_down(partner_id)
    if wind_down.access_ended_at is not None or wind_down.ends_at <= at:
        raise _closed(_("The access of this partner has ended."))
    _require_possible_end(ends_at, at=at)
    before, wind_down.ends_at = wind_down.ends_at, ends_at
    wind_down.save(update_fields=["ends_at"])
    set_end_of_access(partner_id, ends_at=ends_at, by=by, at=at)
    facts = {"before": before.isoformat(), "after": ends_at.isoformat(), "reason": reason.strip()[:300]}
    note_exit("end_moved", wind_down, by=by, at=at, **facts)
    return wind_down


@transaction.atomic
def take_back_unused_keys(partner_id: UUID, *, by: Actor, at: datetime) -> int:
    """Put every assigned key that nobody has taken back into stock; return how many. In the MAR's scope.

    An order none of whose keys was taken is cancelled; of the others only the untouched keys go.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when the way out is finished.
    """
    wind_down = _open(partner_id)
    lock_credit(partner_id)  # before any order or key, as every cancellation does
    by_order: dict[UUID, list[int]] = defaultdict(list)
    for key_id, order_id in unused_keys(partner_id):
        by_order[order_id].append(key_id)
    orders = all_orders().filter(pk__in=by_order, state=OrderState.ALLOCATED)
    whole = {order.pk for order in orders if order.quantity == len(by_order[order.pk])}  # type: ignore[attr-defined]
    for order_id, key_ids in sorted(by_order.items()):
        if order_id in whole:
            cancel_order(order_id, reason=_("The partner leaves."), by=by, at=at, partner_leaves=True)
        else:
            unassign_keys(key_ids, order_id=order_id, by=by, at=at)
    taken = sum(map(len, by_order.values()))
    _refresh(partner_id)
    note_exit("keys_taken_back", wind_down, by=by, at=at, keys=taken)
    return taken


@transaction.atomic
def recall_unreported_keys(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> int:
    """Call back every key that was handed over and sits on no reported PC; return how many.

    They stay quarantined for good: somebody has seen them. Runs in the MAR's scope.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when the way out is finished.
    """
    wind_down = _open(partner_id)
    ids = keys_to_recall(partner_id)
    for key_id in ids:
        recall_key(key_id, reason=reason, by=by, at=at, tells_partner=False)
    _refresh(partner_id)
    note_exit("keys_recalled", wind_down, by=by, at=at, keys=len(ids))
    return len(ids)


@transaction.atomic
def settle_item(partner_id: UUID, kind: str, *, note: str, by: Actor, at: datetime) -> WindDownItem:
    """Say that labels, proof pages or papers are dealt with, and how. Counted items settle by themselves.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when the way out is finished.
    :raises ItemNotSettled: for an item that the portal counts, or for the data file.
    """
    wind_down = _open(partner_id)
    if kind not in BY_WORD:
        raise ItemNotSettled(
            refuse(
                "item_counts_itself",
                _("This item is settled when nothing is left of it, not by a word."),
                rule="P-EXIT-2",
                facts={_("Item"): _label(kind)},
                next_step=_("Settle what is open, or let it go with a reason and a second person."),
            )
        )
    item = wind_down.items.get(kind=kind)
    item.settled_by, item.settled_note, item.settled_at = by.label[:200], note.strip()[:300], at
    item.save(update_fields=["settled_by", "settled_note", "settled_at"])
    _refresh(partner_id)
    note_exit("item_settled", wind_down, by=by, at=at, item=kind, note=item.settled_note)
    return item


@transaction.atomic
def waive_item(partner_id: UUID, kind: str, *, reason: str, by: Actor, at: datetime) -> WindDownItem:
    """Propose to let an open item go; it counts once another person confirms.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when the way out is finished.
    :raises ItemNotSettled: when nothing of it is open, or when no person proposes.
    """
    wind_down, item = _open_item(partner_id, kind)
    _require_person(by)
    if not reason.strip():
        raise _not_waived(kind, _("Say why it is let go."))
    row = item.row
    row.waived_by, row.waived_by_id = by.label[:200], by.id
    row.waived_reason, row.waived_at = reason.strip()[:300], at
    # An earlier waiver that has been outgrown is over: the new one needs its own second person.
    row.state = item.state.value
    row.waiver_confirmed_by, row.waiver_confirmed_by_id, row.waiver_confirmed_at = "", "", None
    row.waived_count, row.waived_amount = 0, 0
    with acting_as(by.user_id):
        row.save(update_fields=["state", *PROPOSED, *CONFIRMED])
    note_exit("waiver_proposed", wind_down, by=by, at=at, item=kind, reason=row.waived_reason)
    return row


@transaction.atomic
def confirm_waiver(partner_id: UUID, kind: str, *, by: Actor, at: datetime) -> WindDownItem:
    """Let an open item go, as another person than the one who proposed it. The database says the same.

    It covers what is open now: when more comes, the item is open again.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when the way out is finished.
    :raises ItemNotSettled: when nobody proposed it, or the same person confirms.
    """
    wind_down, item = _open_item(partner_id, kind)
    _require_person(by)
    row = item.row
    if not item.awaits_second:
        raise _not_waived(kind, _("Nobody has proposed to let this go."))
    if row.waived_by_id == by.id:
        raise _not_waived(kind, _("You proposed this, so another person confirms it."))
    row.waiver_confirmed_by, row.waiver_confirmed_by_id, row.waiver_confirmed_at = by.label[:200], by.id, at
    row.waived_count, row.waived_amount = item.now.count, item.now.amount
    with acting_as(by.user_id):
        row.save(update_fields=CONFIRMED)
    _refresh(partner_id)
    facts = {"count": row.waived_count, "amount": str(row.waived_amount), "reason": row.waived_reason}
    note_exit("waiver_confirmed", wind_down, by=by, at=at, item=kind, **facts)
    return row


@transaction.atomic
def ask_for_data_file(partner_id: UUID, *, by: Actor, at: datetime) -> WindDown:
    """Have the partner's data file made by a task; asked again, it is made anew.

    :raises NotFound: when the partner does not leave.
    """
    wind_down = locked_wind_down(partner_id)
    wind_down.file_asked_at = at
    wind_down.save(update_fields=["file_asked_at"])
    enqueue("compliance.make_exit_file", at=at, partner_id=partner_id)
    note_exit("file_asked", wind_down, by=by, at=at)
    return wind_down


@transaction.atomic
def finish_wind_down(partner_id: UUID, *, by: Actor, at: datetime) -> WindDown:
    """End the contract: every item settled, or waived by two people. In the MAR's scope.

    From now on the partner only reads, until access ends.

    :raises NotFound: when the partner does not leave.
    :raises WindDownClosed: when it is finished already.
    :raises OpenItems: naming each item that is open.
    :raises EndsByAnother: by whoever began it.
    """
    wind_down = _open(partner_id)
    way_out = _refresh(partner_id)
    if way_out.open:
        raise OpenItems(*_open_items(way_out))
    terminate_partner(partner_id, reason=wind_down.reason, by=by, at=at)
    wind_down.finished_by, wind_down.finished_by_id, wind_down.finished_at = by.label[:200], by.id, at
    wind_down.save(update_fields=["finished_by", "finished_by_id", "finished_at"])
    note_exit("finished", wind_down, by=by, at=at)
    return wind_down


@transaction.atomic
def end_access_of(wind_down_id: UUID, *, by: Actor, at: datetime) -> bool:
    """Revoke credentials and memberships once the end date is here; return whether this run did it."""
    due = WindDown.objects.filter(pk=wind_down_id, ends_at__lte=at, access_ended_at__isnull=True).first()
    if due is None:
        return False
    wind_down = locked_wind_down(due.partner_id)
    if wind_down.access_ended_at is not None or wind_down.ends_at > at:
        return False
    keys, people = end_access(wind_down.partner_id, by=by, at=at)
    wind_down.access_ended_at = at
    wind_down.save(update_fields=["access_ended_at"])
    note_exit("access_ended", wind_down, by=by, at=at, credentials=keys, people=people)
    return True


def _refresh(partner_id: UUID) -> Exit:
    """Write what is counted now and where each item stands; the caller holds the wind-down."""
    way_out = exit_of(partner_id)
    assert way_out is not None  # noqa: S101  (the caller has it locked)
    for item in way_out.items:
        item.row.count, item.row.amount, item.row.state = item.now.count, item.now.amount, item.state.value
        item.row.save(update_fields=["count", "amount", "state"])
    return way_out


def _open(partner_id: UUID) -> WindDown:
    wind_down = locked_wind_down(partner_id)
    if wind_down.finished_at is not None:
        raise _closed(_("This way out is finished."))
    return wind_down


def _open_item(partner_id: UUID, kind: str) -> tuple[WindDown, Item]:
    wind_down = _open(partner_id)
    way_out = exit_of(partner_id)
    assert way_out is not None  # noqa: S101  (it is locked)
    item = next((each for each in way_out.open if each.row.kind == kind), None)
    if item is None:
        raise _not_waived(kind, _("Nothing of this item is open."))
    return wind_down, item


def _require_possible_end(ends_at: datetime, *, at: datetime) -> None:
    if is_end_possible(ends_at, at=at):
        return
    raise EndNotPossible(
        refuse(
            "end_not_possible",
            _("Access ends at least one day and at most a year from now."),
            rule="P-EXIT-1",
            facts={_("Asked"): ends_at, _("Latest"): at + LONGEST},
            next_step=_("Choose another day."),
            lifted_by=_("You"),
        )
    )


def _require_person(by: Actor) -> None:
    if by.kind is not ActorKind.USER or not by.id:
        raise _not_waived("", _("Only a person lets something go."))


def _not_waived(kind: str, what: str) -> ItemNotSettled:
    return ItemNotSettled(
        refuse(
            "item_not_waived",
            what,
            rule="P-EXIT-3",
            facts={_("Item"): _label(kind)},
            next_step=_("Open the page again to see how it stands."),
            lifted_by=_("A second person of the MAR"),
        )
    )


def _open_items(way_out: Exit) -> Iterator[Refusal]:
    for item in way_out.open:
        facts: dict[str, Any] = {_("Open"): item.now.count} if item.now.count else {}
        if item.now.amount:
            facts[_("Amount")] = Money(item.now.amount, way_out.currency)
        yield refuse(
            f"open_{item.row.kind}",
            _("Still open: %(item)s.") % {"item": _label(item.row.kind)},
            rule="P-EXIT-4",
            facts=facts,
            next_step=_("Settle it, or let it go with a reason and a second person."),
            lifted_by=_("Two people of the MAR, with a reason"),
        )


def _closed(what: str) -> WindDownClosed:
    return WindDownClosed(
        refuse(
            "wind_down_closed",
            what,
            rule="P-EXIT-5",
            next_step=_("Open the page again to see how it stands."),
        )
    )


def _label(kind: str) -> str:
    return str(WindDownItem.Kind(kind).label) if kind in WindDownItem.Kind.values else kind
