"""Price books: open one, write a price, announce it as another person, withdraw it before it counts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from licensing.locks import lock_price, serialise
from licensing.models import Price, PriceBook, Product
from licensing.rules.price_checks import (
    LARGEST,
    check_announcement,
    in_force,
    not_open,
    price_there,
    second_person,
)
from partners.selectors.mar import mar_zone, the_mar

DEFAULT_NOTICE_DAYS = 30
LARGEST_THRESHOLD = 1_000_000


class PriceRefused(DomainError):
    """The price cannot take this step, or not by this person."""


@dataclass(frozen=True, slots=True)
class NewBook:
    """A book as it is opened."""

    code: str
    name: str
    route: str
    currency: str
    tier: str = ""
    valid_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price as it is written, net, for one licence."""

    book_id: int
    product_id: int
    amount: Decimal
    valid_from: datetime
    min_quantity: int = 1


@transaction.atomic
def open_book(wanted: NewBook, *, by: Actor, at: datetime) -> PriceBook:
    """Open an empty price book, in force from now.

    :raises Invalid: when its code is taken, or a book for everyone or for that tier is there already.
    """
    serialise("price_books")
    taken = PriceBook.objects.filter(code__iexact=wanted.code).exists()
    same = PriceBook.objects.filter(route=wanted.route, tier=wanted.tier, currency=wanted.currency)
    if taken or (wanted.route in (PriceBook.Route.STANDARD, PriceBook.Route.TIER) and same.exists()):
        raise Invalid(_book_there(wanted))
    if (wanted.route == PriceBook.Route.TIER) != bool(wanted.tier):
        raise Invalid(_book_there(wanted))
    book = PriceBook.objects.create(
        code=wanted.code.upper(),
        name=wanted.name,
        route=wanted.route,
        tier=wanted.tier,
        currency=wanted.currency,
        valid_from=at,
        valid_before=wanted.valid_before if wanted.route != PriceBook.Route.STANDARD else None,
    )
    audit.record(
        "licensing.price_book.opened",
        by=by,
        at=at,
        object_type="price_book",
        object_id=book.pk,
        facts={"code": book.code, "route": book.route},
    )
    return book


@transaction.atomic
def write_price(wanted: NewPrice, *, by: Actor, at: datetime) -> Price:
    """Write a draft; it counts for nobody before another person announces it.

    :raises NotFound: for an unknown book or product.
    :raises Invalid: for an amount or a threshold that no price has.
    :raises PriceRefused: for a day that has passed.
    """
    book = PriceBook.objects.filter(pk=wanted.book_id).first()
    product = Product.objects.filter(pk=wanted.product_id).first()
    if book is None or product is None or by.user_id is None:
        raise NotFound(_("There is no such book or product."))
    if not (0 <= wanted.amount <= LARGEST and 1 <= wanted.min_quantity <= LARGEST_THRESHOLD):
        raise Invalid(_no_price(wanted))
    _require_time(book, wanted.product_id, wanted.min_quantity, wanted.amount, wanted.valid_from, at)
    price = Price.objects.create(
        book=book,
        product=product,
        min_quantity=wanted.min_quantity,
        amount=wanted.amount,
        valid_from=wanted.valid_from,
        written_by_id=by.user_id,
        written_at=at,
    )
    _audit("licensing.price.written", price, by=by, at=at)
    return price


@transaction.atomic
def announce_price(price_id: int, *, by: Actor, at: datetime) -> Price:
    """Announce a colleague's price: partners see it from now, and pay it from its day on.

    The database ends the price before it at that instant. Owners and buyers whom it concerns get a mail.

    :raises PriceRefused: for whoever wrote it, for what is no draft, for a day too soon.
    """
    serialise("price_books")
    price = _locked(price_id)
    if price.state != "draft" or by.user_id is None:
        raise PriceRefused(not_open(price.state))
    if price.written_by_id == by.user_id:
        raise PriceRefused(second_person(str(price.written_by), price.written_at))
    _require_time(price.book, price.product_id, price.min_quantity, price.amount, price.valid_from, at)
    price.approved_by_id, price.announced_at = by.user_id, at
    price.save(update_fields=["approved_by", "announced_at"])
    _audit("licensing.price.announced", price, by=by, at=at)
    enqueue("licensing.tell_price", at=at, price_id=price.pk)
    return price


@transaction.atomic
def discard_price(price_id: int, *, by: Actor, at: datetime) -> None:
    """Put a draft away.

    :raises PriceRefused: when it was announced or put away before.
    """
    price = _locked(price_id)
    if price.state != "draft":
        raise PriceRefused(not_open(price.state))
    price.discarded_at = at
    price.save(update_fields=["discarded_at"])
    _audit("licensing.price.discarded", price, by=by, at=at)


@transaction.atomic
def withdraw_price(price_id: int, *, by: Actor, at: datetime) -> None:
    """Take an announced price back before it counts; the one before it goes on.

    :raises PriceRefused: once it counts, or when it was never announced.
    """
    serialise("price_books")
    price = _locked(price_id)
    if price.state != "announced":
        raise PriceRefused(not_open(price.state))
    if price.valid_from <= at:
        raise PriceRefused(in_force(price.valid_from))
    price.withdrawn_at = at
    price.save(update_fields=["withdrawn_at"])
    _audit("licensing.price.withdrawn", price, by=by, at=at)
    enqueue("licensing.tell_price", at=at, price_id=price.pk)


def notice_days() -> int:
    """Return how many days ahead a dearer price is announced."""
    mar = the_mar()
    return mar.notice_days if mar else DEFAULT_NOTICE_DAYS


def _require_time(
    book: PriceBook, product_id: int, min_quantity: int, amount: Decimal, valid_from: datetime, at: datetime
) -> None:
    live = Price.objects.filter(product_id=product_id, announced_at__isnull=False, withdrawn_at__isnull=True)
    if live.filter(book=book, min_quantity=min_quantity, valid_from=valid_from).exists():
        raise PriceRefused(price_there(valid_from))
    # Paid for that quantity on the eve: by this threshold, else by a lower one. A book without a price left the
    # question to the standard book.
    eve = live.filter(min_quantity__lte=min_quantity, valid_from__lt=valid_from)
    eve = eve.order_by("-min_quantity", "-valid_from")
    standard = eve.filter(book__route=PriceBook.Route.STANDARD, book__currency=book.currency)
    before = eve.filter(book=book).first() or standard.first()
    problem = check_announcement(
        amount=amount,
        before=before.amount if before else None,
        valid_from=valid_from,
        at=at,
        notice_days=notice_days(),
        zone=mar_zone(),
    )
    if problem:
        raise PriceRefused(problem)


def _locked(price_id: int) -> Price:
    price = lock_price(price_id)
    if price is None:
        raise NotFound(_("There is no such price."))
    return price


def _book_there(wanted: NewBook) -> Refusal:
    return refuse(
        "book_there",
        _("There is such a book already, or a tier is missing."),
        rule="PRC-7",
        facts={_("Code"): wanted.code, _("Tier"): wanted.tier or "–", _("Currency"): wanted.currency},
        next_step=_("Choose another code, or write prices into the book that is there."),
        lifted_by=_("You"),
    )


def _no_price(wanted: NewPrice) -> Refusal:
    return refuse(
        "price_field",
        _("This is no price."),
        rule="PRC-7",
        facts={_("Price"): str(wanted.amount), _("From licences a year"): wanted.min_quantity},
        next_step=_("Name an amount of nought or more and a quantity from 1 to 1,000,000."),
        lifted_by=_("You"),
    )


def _audit(action: str, price: Price, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="price",
        object_id=price.pk,
        facts={
            "book": price.book.code,
            "product": price.product.code,
            "amount": str(price.amount),
            "from_quantity": price.min_quantity,
            "valid_from": price.valid_from.isoformat(),
        },
    )
