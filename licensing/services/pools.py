"""Pools of stock: asked for by one person, opened by another; then keys move in and out with a reason.

A pool is a part of the free stock: its keys keep state, hold and account, so no sum of the books changes.
Opening needs two people, because it says who gets keys and who does not. Moving keys needs one: it follows
what two agreed on, and the next person can move them back. It takes nothing from anybody, so it is refused
while somebody who may not draw from the pool waits for the product, or its stock is shared out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.tenancy import acting_as, mar_scope
from licensing.locks import lock_free_keys, lock_pool, lock_queue
from licensing.models import Product, ProductKey, StockPool, StockPoolMember
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.rules.pools import GENERAL, PoolState
from licensing.selectors.pools import waiting_outside
from licensing.selectors.scarcity import policy_in_force
from licensing.services.custody import Step, record_hold_in_stock
from licensing.services.stock_arrival import announce_free_stock

MOST_MOVED = 100_000
TIDIER = Actor.system("End of a pool")


class PoolRefused(DomainError):
    """The pool does not allow this act, or not by this person."""


class PoolInvalid(Invalid):
    """The facts of a pool are missing or contradict each other."""


@dataclass(frozen=True, slots=True)
class PoolWish:
    """What somebody wants kept apart, and for whom: by tier, by the way into the programme, by name."""

    code: str
    name: str
    product_id: int
    valid_from: datetime
    valid_before: datetime | None = None
    tiers: Sequence[str] = ()
    branches: Sequence[str] = ()
    partner_ids: Sequence[UUID] = ()
    note: str = ""


@transaction.atomic
def ask_pool(wish: PoolWish, *, by: Actor, at: datetime) -> StockPool:
    """Ask for a pool, in the MAR's scope; nothing is kept apart before a second person opens it.

    :raises PoolInvalid: when nobody may draw, when it ends before it begins or is over, for a code in use.
    :raises NotFound: for an unknown product.
    """
    if not Product.objects.filter(pk=wish.product_id).exists():
        raise NotFound(_("There is no such product."))
    if not (wish.tiers or wish.branches or wish.partner_ids):
        raise PoolInvalid(_invalid(_("Nobody may draw from this pool."), _("Name tiers or partners.")))
    if wish.valid_before is not None and wish.valid_before <= max(at, wish.valid_from):
        raise PoolInvalid(
            _invalid(_("The pool ends before it begins, or it is over."), _("Choose a later end."))
        )
    try:
        with transaction.atomic(), acting_as(by.user_id):
            pool = StockPool.objects.create(
                code=wish.code, name=wish.name.strip()[:80], product_id=wish.product_id,
                tiers=sorted(set(wish.tiers)), branches=sorted(set(wish.branches)), valid_from=wish.valid_from,
                valid_before=wish.valid_before, note=mask_keys(wish.note.strip())[:300],
                created_by_id=_person(by), created_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise PoolInvalid(_invalid(_("Another pool has this code."), _("Choose another code."))) from error
    StockPoolMember.objects.bulk_create(
        StockPoolMember(pool=pool, partner_id=partner_id) for partner_id in sorted(set(wish.partner_ids))
    )
    _audit("asked", pool, by=by, at=at, members=len(set(wish.partner_ids)))
    return pool


@transaction.atomic
def open_pool(pool_id: int, *, by: Actor, at: datetime) -> StockPool:
    """Open a pool as the second person: from now on its rule stands and keys may be put into it.

    :raises PoolRefused: for who asked for it, a second time, or when it is over.
    """
    pool = _locked(pool_id)
    if pool.state_at(at) is not PoolState.ASKED:
        raise PoolRefused(_wrong_state(pool, at))
    if pool.created_by_id == by.user_id:
        raise PoolRefused(_second_person())
    pool.opened_by_id, pool.opened_at = _person(by), at
    with acting_as(by.user_id):
        pool.save(update_fields=["opened_by", "opened_at"])
    _audit("opened", pool, by=by, at=at)
    return pool


@transaction.atomic
def move_to_pool(pool_id: int, quantity: int, *, reason: str, by: Actor, at: datetime) -> int:
    """Put so many free keys of the general stock into a pool, all or none; return how many lie in it free.

    :raises PoolInvalid: without a reason, for no key or too many.
    :raises PoolRefused: for a pool that is not open or planned, past others who wait or a fair share, or with
        too few free keys.
    """
    pool = _ready(pool_id, quantity, reason, at)
    if pool.state_at(at) not in (PoolState.OPEN, PoolState.PLANNED):
        raise PoolRefused(_wrong_state(pool, at))
    _move(pool, quantity, source=GENERAL, target=pool.pk, reason=reason, by=by, at=at)
    # Who waits and may draw from the pool gets its keys.
    announce_free_stock(pool.product_id, at=at)
    return _free_in(pool)


@transaction.atomic
def release_from_pool(pool_id: int, quantity: int, *, reason: str, by: Actor, at: datetime) -> int:
    """Give so many free keys of a pool back to the general stock, all or none; return how many are left free.

    :raises PoolInvalid: without a reason, for no key or too many.
    :raises PoolRefused: with too few free keys in the pool.
    """
    pool = _ready(pool_id, quantity, reason, at)
    _move(pool, quantity, source=pool.pk, target=GENERAL, reason=reason, by=by, at=at)
    announce_free_stock(pool.product_id, at=at)
    return _free_in(pool)


@transaction.atomic
def end_pool(pool_id: int, *, reason: str, by: Actor, at: datetime) -> int:
    """End a pool: its free keys are everybody's again; return how many.

    Keys that an order holds this moment follow when they come back (``tidy_pools``).

    :raises PoolInvalid: without a reason.
    :raises PoolRefused: when it has ended.
    """
    pool = _ready(pool_id, 1, reason, at)
    if pool.ended_at is not None:
        raise PoolRefused(_wrong_state(pool, at))
    return _end(pool, reason, by, at)


def tidy_pools(*, at: datetime) -> int:
    """End the pools whose day has come, and empty ended ones of keys that came back; return how many keys moved.

    Opens its own transactions, one for each pool: with several in one it would hold a product's queue while
    it waits for the next pool, which somebody holds who waits for that queue.
    """
    free = ProductKey.objects.filter(state=KeyState.FULFILLED, hold=Hold.NONE).exclude(pool=GENERAL)
    with mar_scope():
        over = Q(ended_at__isnull=True, valid_before__lte=at)
        left = Q(ended_at__isnull=False, pk__in=free.values("pool"))
        found = list(StockPool.objects.filter(over | left).order_by("pk").values_list("pk", flat=True))
    return sum(_tidy(pool_id, at) for pool_id in found)


def _tidy(pool_id: int, at: datetime) -> int:
    with mar_scope():
        pool = _locked(pool_id)
        if pool.ended_at is None:
            return _end(pool, _("Its last day is over."), TIDIER, at)
        return _empty(pool, TIDIER, at)


def _end(pool: StockPool, reason: str, by: Actor, at: datetime) -> int:
    pool.ended_at, pool.end_reason = at, mask_keys(reason.strip())[:300]
    pool.save(update_fields=["ended_at", "end_reason"])
    moved = _empty(pool, by, at)
    _audit("ended", pool, by=by, at=at, keys=moved, reason=pool.end_reason)
    return moved


def _empty(pool: StockPool, by: Actor, at: datetime) -> int:
    """Give what is free in a pool to everybody, but for keys in a rival's hands."""
    lock_queue(pool.product_id)
    ids = lock_free_keys(pool.product_id, pool=pool.pk, most=None)
    if ids:
        _put(ids, pool, GENERAL, by, at)
        announce_free_stock(pool.product_id, at=at)
    return len(ids)


def _ready(pool_id: int, quantity: int, reason: str, at: datetime) -> StockPool:
    if len(reason.strip()) < 3:
        raise PoolInvalid(_invalid(_("The reason is missing."), _("Write why, in a few words.")))
    if not 1 <= quantity <= MOST_MOVED:
        raise PoolInvalid(
            _invalid(
                _("Between 1 and %(most)s keys are moved at once.") % {"most": MOST_MOVED},
                _("Choose a number."),
            )
        )
    return _locked(pool_id)


def _move(
    pool: StockPool, quantity: int, *, source: int, target: int, reason: str, by: Actor, at: datetime
) -> None:
    # A pre-flight under this lock counts either before or after the move.
    lock_queue(pool.product_id)
    if source == GENERAL:
        _require_nobody_passed(pool)
    ids = lock_free_keys(pool.product_id, pool=source, most=quantity)
    if len(ids) < quantity:
        raise PoolRefused(_short(quantity, len(ids), is_from_pool=source != GENERAL))
    _put(ids, pool, target, by, at)
    _audit(
        "filled" if source == GENERAL else "released", pool, by=by, at=at, keys=quantity,
        reason=mask_keys(reason.strip())[:200],
    )  # fmt: skip


def _require_nobody_passed(pool: StockPool) -> None:
    """Refuse to put aside what others wait for, or what is shared out; the caller holds the queue."""
    orders, keys = waiting_outside(pool.pk, pool.product_id)
    if orders:
        raise PoolRefused(_others_wait(pool, orders, keys))
    if policy_in_force(pool.product_id) is not None:
        raise PoolRefused(_shared_out(pool))


def _put(ids: Sequence[int], pool: StockPool, target: int, by: Actor, at: datetime) -> None:
    ProductKey.objects.filter(pk__in=ids).update(pool=target)
    step = Step("pool.left" if target == GENERAL else "pool.joined", pool.code, by, at)
    record_hold_in_stock(ids, product_id=pool.product_id, partner_id=None, hold=Hold.NONE, step=step)


def _free_in(pool: StockPool) -> int:
    return ProductKey.objects.filter(pool=pool.pk, state=KeyState.FULFILLED, hold=Hold.NONE).count()


def _locked(pool_id: int) -> StockPool:
    pool = lock_pool(pool_id)
    if pool is None:
        raise NotFound(_("There is no such pool."))
    return pool


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise ValueError("a pool is asked for and opened by people")
    return by.user_id


def _invalid(what: str, next_step: str) -> Refusal:
    return refuse("pool_invalid", what, rule="POOL-1", next_step=next_step, lifted_by=_("You"))


def _second_person() -> Refusal:
    return refuse(
        "pool_second_person",
        _("Whoever asks for a pool does not open it."),
        rule="POOL-2",
        missing={_("Person"): _("another one of the MAR")},
        next_step=_("Ask an approver to look at it."),
        lifted_by=_("A second person"),
    )


def _wrong_state(pool: StockPool, at: datetime) -> Refusal:
    return refuse(
        "pool_state",
        _("The pool does not stand where this step begins."),
        rule="POOL-2",
        facts={_("Pool"): pool.name, _("State"): pool.state_at(at).value},
        next_step=_("Open the pool's page to see where it stands."),
        lifted_by=_("Nobody: a pool is asked for, opened and ended once"),
    )


def _short(asked: int, free: int, *, is_from_pool: bool) -> Refusal:
    place = _("Free in the pool") if is_from_pool else _("Free in the general stock")
    return refuse(
        "pool_short",
        _("There are too few free keys."),
        rule="POOL-3",
        facts={_("Asked for"): asked, place: free},
        missing={_("Keys"): asked - free},
        next_step=_("Move fewer keys, or wait for the next delivery."),
        lifted_by=_("The next delivery"),
    )


def _others_wait(pool: StockPool, orders: int, keys: int) -> Refusal:
    return refuse(
        "pool_others_wait",
        _("Others wait for this product who may not draw from the pool."),
        rule="POOL-4",
        facts={_("Pool"): pool.name, _("Orders that wait"): orders, _("Keys they wait for"): keys},
        next_step=_("Serve the queue first; what is left then goes into the pool."),
        lifted_by=_("The queue, once it is served"),
        fix_path="/mar/allocation/",
    )


def _shared_out(pool: StockPool) -> Refusal:
    return refuse(
        "pool_shared_out",
        _("The stock of this product is shared out by a fair share."),
        rule="POOL-4",
        facts={_("Pool"): pool.name},
        next_step=_("Put keys into the pool when the fair share has ended."),
        lifted_by=_("Who ends the fair share"),
        fix_path="/mar/allocation/",
    )


def _audit(act: str, pool: StockPool, *, by: Actor, at: datetime, **facts: Any) -> None:
    audit.record(
        f"licensing.pool.{act}", by=by, at=at, object_type="stock_pool", object_id=pool.code,
        facts={"product": pool.product_id, **facts},
    )  # fmt: skip
