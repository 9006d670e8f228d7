"""Write, publish and read announcements of a product's last dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from licensing.locks import lock_change, lock_product
from licensing.models import ChangeNotice, ChangeReading, Product, ProgrammeChange
from licensing.rules.programme_changes import Windows, check_change, check_windows
from licensing.selectors.programme_changes import stock_affected
from licensing.selectors.stock import free_of_product


class ChangeRefused(DomainError):
    """The change cannot stand as it was written, or not be published like this."""


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change as it is written; texts are (title, text) by language."""

    product_id: int
    order_stop_at: datetime | None
    install_stop_at: datetime | None
    sell_through_stop_at: datetime | None
    texts: Mapping[str, tuple[str, str]]


@transaction.atomic
def write_change(written: WrittenChange, *, by: Actor, at: datetime) -> ProgrammeChange:
    """Write a draft; nothing stops and nobody is told before another person publishes it.

    :raises ChangeRefused: without a date, with dates out of order or in the past, without words, or with
        a date that does not go with those the product keeps.
    """
    product = Product.objects.filter(pk=written.product_id).first()
    if product is None or by.user_id is None:
        raise NotFound(_("This product is not in the catalogue."))
    dates = (written.order_stop_at, written.install_stop_at, written.sell_through_stop_at)
    _require_sound(product, *dates, texts=written.texts, at=at)
    change = ProgrammeChange.objects.create(
        product=product,
        order_stop_at=written.order_stop_at,
        install_stop_at=written.install_stop_at,
        sell_through_stop_at=written.sell_through_stop_at,
        texts={lang: {"title": title, "text": text} for lang, (title, text) in written.texts.items()},
        written_by_id=by.user_id,
        written_at=at,
    )
    _audit("licensing.change.written", change, by=by, at=at)
    return change


@transaction.atomic
def publish_change(change_id: UUID, *, by: Actor, at: datetime) -> ProgrammeChange:
    """Set the dates on the product and tell every partner who may order it or holds some of it.

    :raises ChangeRefused: for whoever wrote it, for one that is out already, or whose dates have passed.
    """
    change = lock_change(change_id)
    if change is None or by.user_id is None:
        raise NotFound(_("There is no such change."))
    _require_draft(change)
    _require_second_person(change, by)
    dates = (change.order_stop_at, change.install_stop_at, change.sell_through_stop_at)
    texts = {language: (words["title"], words["text"]) for language, words in change.texts.items()}
    product = lock_product(change.product_id)  # two changes of one product: each is checked after the other
    _require_sound(product, *dates, texts=texts, at=at)
    _set_dates(product, change)
    change.published_by_id, change.announced_at = by.user_id, at
    change.free_keys = free_of_product(change.product_id)
    change.save(update_fields=["published_by", "announced_at", "free_keys"])
    told = _notify(change, at)
    _audit("licensing.change.published", change, by=by, at=at, partners=told)
    return change


@transaction.atomic
def discard_change(change_id: UUID, *, by: Actor, at: datetime) -> None:
    """Put a draft away.

    :raises ChangeRefused: when it is out already.
    """
    change = lock_change(change_id)
    if change is None:
        raise NotFound(_("There is no such change."))
    _require_draft(change)
    change.discarded_at = at
    change.save(update_fields=["discarded_at"])
    _audit("licensing.change.discarded", change, by=by, at=at)


def _require_sound(
    product: Product, *dates: datetime | None, texts: Mapping[str, tuple[str, str]], at: datetime
) -> None:
    problem = check_change(*dates, texts=texts, now=at)
    if problem:
        raise ChangeRefused(problem)
    own = Windows(product.order_from, product.order_before, product.install_before, product.sell_before)
    if found := check_windows(own, Windows(product.order_from, *dates)):
        raise ChangeRefused(*found)


def _set_dates(product: Product, change: ProgrammeChange) -> None:
    """Put the dates on the product, which alone the gates look at; one that is not named stays."""
    moved = {
        "order_before": change.order_stop_at,
        "install_before": change.install_stop_at,
        "sell_before": change.sell_through_stop_at,
    }
    moved = {name: moment for name, moment in moved.items() if moment is not None}
    for name, moment in moved.items():
        setattr(product, name, moment)
    product.save(update_fields=list(moved))


def _notify(change: ProgrammeChange, at: datetime) -> int:
    stock = stock_affected(change.product_id)
    notices = [
        ChangeNotice(
            change=change,
            partner_id=one.partner_id,
            keys_assigned=one.keys_assigned,
            keys_taken=one.keys_taken,
            devices_unsold=one.devices_unsold,
        )
        for one in stock
    ]
    ChangeNotice.objects.bulk_create(notices, batch_size=500)
    for notice in notices:
        enqueue("licensing.send_change_notice", at=at, partner_id=notice.partner_id, change_id=change.pk)
    return len(notices)


@transaction.atomic
def read_change(change_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> None:
    """Note that a person has read a change; reading again changes nothing.

    :raises NotFound: when it is not in his company's inbox.
    """
    is_his = ChangeNotice.objects.filter(change_id=change_id, partner_id=partner_id).exists()
    if not is_his or by.user_id is None:
        raise NotFound(_("There is no such change."))
    reading = ChangeReading(change_id=change_id, partner_id=partner_id, user_id=by.user_id, read_at=at)
    if not ChangeReading.objects.filter(change_id=change_id, user_id=by.user_id).exists():
        ChangeReading.objects.bulk_create([reading], ignore_conflicts=True)


def _require_draft(change: ProgrammeChange) -> None:
    if change.state == "draft":
        return
    raise ChangeRefused(
        refuse(
            "change_not_a_draft",
            _("This change is no longer a draft."),
            rule="P-CHANGE-3",
            facts={
                _("Announced"): change.announced_at or "–",
                _("Discarded"): change.discarded_at or "–",
            },
            next_step=_("Write a new change; it moves the dates it names."),
            lifted_by=_("Nobody: what was announced stands"),
        )
    )


def _require_second_person(change: ProgrammeChange, by: Actor) -> None:
    if change.written_by_id != by.user_id:
        return
    raise ChangeRefused(
        refuse(
            "change_needs_second_person",
            _("A change is published by another person than the one who wrote it."),
            rule="P-CHANGE-2",
            facts={_("Written by"): str(change.written_by), _("Written"): change.written_at},
            next_step=_("Ask a MAR approver to look at it and publish it."),
            lifted_by=_("A MAR approver who is another person"),
        )
    )


def _audit(action: str, change: ProgrammeChange, *, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="programme_change",
        object_id=change.pk,
        facts={
            "product": change.product_id,
            "order_stop_at": _instant(change.order_stop_at),
            "install_stop_at": _instant(change.install_stop_at),
            "sell_through_stop_at": _instant(change.sell_through_stop_at),
            **facts,
        },
    )


def _instant(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
