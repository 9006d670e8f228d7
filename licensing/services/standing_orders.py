"""Standing orders: made once with a fresh proof of who one is, then paused, resumed, skipped or ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, idempotency
from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound, Refusal
from licensing.locks import lock_standing_order
from licensing.models import (
    OrderFileLine,
    Product,
    StandingOrder,
    StandingOrderLine,
    StandingRun,
    StandingState,
)
from licensing.rules.key_syntax import mask_keys
from licensing.rules.ordering import check_quantity
from licensing.rules.required_fields import check_fields
from licensing.rules.standing_orders import (
    MOST_LINES,
    cannot_stand,
    nothing_ahead,
    schedule_fault,
    wrong_state,
)
from licensing.rules.standing_schedule import Schedule
from licensing.selectors.products import required_fields_at
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.standing_orders import schedule_of, times_left
from licensing.services.order_rows import as_stored
from partners.selectors.recipients import recipient_of

MAKE = "standing_order.make"


class StandingOrderRefused(DomainError):
    """Its state does not allow this step."""


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One product that is ordered each time."""

    product_code: str
    quantity: int
    recipient_id: UUID | None = None
    shortage: str = OrderFileLine.Shortage.REFUSE.value
    may_wait: bool = True
    lane: str = ""
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandingWish:
    """What is ordered, when, for how long, and what happens when it is refused.

    Without ``weekday`` or ``month_day`` that of ``starts_on`` counts.
    """

    name: str
    lines: Sequence[StandingLine]
    cadence: str
    starts_on: date
    time_of_day: time
    time_zone: str
    weekday: int | None = None
    month_day: int | None = None
    ends_on: date | None = None
    times: int | None = None
    if_refused: str = StandingOrder.IfRefused.SKIP.value


@transaction.atomic
def make_standing_order(
    partner_id: UUID, wish: StandingWish, *, idempotency_key: str = "", by: Actor, at: datetime
) -> StandingOrder:
    """Make a standing order that orders as the one who makes it. Runs in the partner's scope.

    :raises Invalid: for lines or days that make no sense.
    :raises idempotency.KeyReused: when the key came before with another wish.
    """
    claimed = None
    if idempotency_key:
        claimed = idempotency.claim(
            partner_id=partner_id, operation=MAKE, key=idempotency_key, request={"wish": repr(wish)}, at=at
        )
        if claimed.object_id is not None:
            return StandingOrder.objects.get(pk=claimed.object_id)
    schedule = _schedule(wish, at)
    lines = [_line(partner_id, place, line, at) for place, line in enumerate(wish.lines, start=1)]
    if not 1 <= len(lines) <= MOST_LINES or not wish.name.strip():
        raise Invalid(cannot_stand(_("It needs a name and 1 to 20 products."), {_("Lines"): len(lines)}))
    first = next(schedule.days())
    order = StandingOrder.objects.create(
        partner_id=partner_id, name=mask_keys(wish.name).strip()[:60], **_owner(by), cadence=schedule.cadence,
        weekday=schedule.weekday, month_day=schedule.month_day, starts_on=schedule.starts_on,
        ends_on=schedule.ends_on, times=1 if schedule.cadence == "once" else wish.times,
        time_of_day=schedule.time_of_day, time_zone=wish.time_zone, if_refused=wish.if_refused,
        state=StandingState.ACTIVE, next_on=first, next_at=schedule.due_at(first), made_by=by.label[:200],
        made_at=at, confirmed_by=by.auth_strength[:40],
    )  # fmt: skip
    for line in lines:
        line.standing_order = order
    StandingOrderLine.objects.bulk_create(lines)
    if claimed:
        idempotency.remember(claimed, object_id=order.pk)
    _audit("made", order, by=by, at=at, facts={"cadence": order.cadence, "lines": len(lines)})
    return order


@transaction.atomic
def pause_standing_order(standing_order_id: UUID, *, by: Actor, at: datetime) -> None:
    """Let it rest; days that come meanwhile are left out.

    :raises StandingOrderRefused: when it is not active.
    """
    order = _locked(standing_order_id, StandingState.ACTIVE)
    stop(order, _("Paused by you."))
    _audit("paused", order, by=by, at=at)


@transaction.atomic
def resume_standing_order(standing_order_id: UUID, *, by: Actor, at: datetime) -> None:
    """Let it go on: with the time that was refused and held, else with its next day.

    :raises StandingOrderRefused: when it is not paused, or all its days are over.
    """
    order = _locked(standing_order_id, StandingState.PAUSED)
    open_run = order.runs.filter(outcome__in=(StandingRun.Outcome.HELD, StandingRun.Outcome.STOPPED)).first()
    schedule = schedule_of(order)
    day = open_run.period if open_run is not None else schedule.first_after(at)
    if day is None or times_left(order) == 0:
        raise StandingOrderRefused(nothing_ahead())
    order.state, order.reason = StandingState.ACTIVE, ""
    order.next_on, order.next_at = day, schedule.due_at(day)
    _save(order)
    _audit("resumed", order, by=by, at=at)


@transaction.atomic
def skip_next_time(standing_order_id: UUID, day: date, *, by: Actor, at: datetime) -> None:
    """Leave its next day out; ``day`` is the one that was seen, so a second press skips no second one.

    :raises StandingOrderRefused: when it is not active, or another day is the next.
    """
    order = _locked(standing_order_id, StandingState.ACTIVE)
    if order.next_on != day:
        raise StandingOrderRefused(wrong_state(order.state))
    run = StandingRun(standing_order=order, partner_id=order.partner_id, period=day, ran_at=at)
    note_day(run, StandingRun.Outcome.SKIPPED)
    go_on(order, day, at)
    _audit("skipped", order, by=by, at=at, facts={"day": day.isoformat()})


@transaction.atomic
def end_standing_order(standing_order_id: UUID, *, by: Actor, at: datetime) -> None:
    """End it for good. What was ordered stays ordered.

    :raises StandingOrderRefused: when it has ended before.
    """
    order = _locked(standing_order_id, StandingState.ACTIVE, StandingState.PAUSED)
    finish(order, _("Ended by you."), at)
    _audit("ended", order, by=by, at=at)


def go_on(order: StandingOrder, day: date, at: datetime) -> None:
    """Move to the day after one that is done, or end when none is left."""
    order.runs_made += 1
    schedule = schedule_of(order)
    following = next(iter(schedule.days_after(day, 1)), None)
    if following is None or times_left(order) == 0:
        finish(order, _("All its days are over."), at)
        return
    order.next_on, order.next_at = following, schedule.due_at(following)
    _save(order)


def note_day(run: StandingRun, outcome: StandingRun.Outcome, refusals: Sequence[Refusal] = ()) -> StandingRun:
    """Write what became of a day, under the order's lock; one that was left open is written over."""
    found = StandingRun.objects.filter(standing_order=run.standing_order, period=run.period).first()
    run = found or run
    run.outcome, run.refusals = outcome, as_stored(refusals)
    if found is None:
        run.save(force_insert=True)
    else:
        run.save(update_fields=["outcome", "refusals"])
    return run


def stop(order: StandingOrder, reason: str) -> None:
    """Pause it, and keep why."""
    order.state, order.reason, order.next_on, order.next_at = StandingState.PAUSED, reason[:300], None, None
    _save(order)


def finish(order: StandingOrder, reason: str, at: datetime) -> None:
    """End it, and keep why."""
    order.state, order.reason, order.ended_at = StandingState.ENDED, reason[:300], at
    order.next_on, order.next_at = None, None
    _save(order)


def _save(order: StandingOrder) -> None:
    order.save(update_fields=["state", "reason", "next_on", "next_at", "runs_made", "ended_at"])


def _schedule(wish: StandingWish, at: datetime) -> Schedule:
    if wish.time_zone not in available_timezones():
        raise Invalid(cannot_stand(_("This time zone is not known."), {_("Time zone"): wish.time_zone[:50]}))
    is_weekly, is_monthly = wish.cadence == "weekly", wish.cadence == "monthly"
    known = wish.cadence if wish.cadence in StandingOrder.Cadence.values else "once"
    schedule = Schedule(
        known,
        wish.starts_on,
        wish.time_of_day.replace(tzinfo=None, second=0, microsecond=0),
        ZoneInfo(wish.time_zone),
        (wish.weekday or wish.starts_on.isoweekday()) if is_weekly else None,
        (wish.month_day or wish.starts_on.day) if is_monthly else None,
        wish.ends_on,
    )
    fault = schedule_fault(schedule, wish.times, at)
    if fault or known != wish.cadence or wish.if_refused not in StandingOrder.IfRefused.values:
        what = fault or _("It orders once, every week or every month; when refused it skips or holds.")
        raise Invalid(cannot_stand(what, {_("From"): wish.starts_on}))
    return schedule


def _line(partner_id: UUID, place: int, wanted: StandingLine, at: datetime) -> StandingOrderLine:
    product = Product.objects.filter(code=wanted.product_code).first()
    if product is None:
        raise Invalid(cannot_stand(_("There is no such product."), {_("Product"): wanted.product_code[:30]}))
    problem = check_quantity(wanted.quantity, rules_at(at))
    if problem:
        raise Invalid(problem)
    if wanted.recipient_id is not None and recipient_of(partner_id, wanted.recipient_id) is None:
        raise Invalid(cannot_stand(_("There is no such recipient."), {_("Product"): product.code}))
    for fault in check_fields(required_fields_at(product.pk, at), dict(wanted.details)):
        raise Invalid(cannot_stand(fault.what, {_("Product"): product.code, _("Field"): fault.name or "–"}))
    return StandingOrderLine(
        partner_id=partner_id, place=place, product=product, quantity=wanted.quantity,
        recipient_id=wanted.recipient_id, shortage=wanted.shortage, may_wait=wanted.may_wait, lane=wanted.lane,
        note=mask_keys(wanted.note)[:300], details=dict(wanted.details),
    )  # fmt: skip


def _owner(by: Actor) -> dict[str, Any]:
    if by.kind is ActorKind.API_KEY:
        return {"owner_key_id": UUID(by.id)}
    if by.user_id is None:
        raise Invalid(cannot_stand(_("A standing order is made by a person or an API key.")))
    return {"owner_id": by.user_id}


def _locked(standing_order_id: UUID, *states: StandingState) -> StandingOrder:
    order = lock_standing_order(standing_order_id)
    if order is None:
        raise NotFound(_("There is no such standing order."))
    if order.state not in states:
        raise StandingOrderRefused(wrong_state(order.state))
    return order


def _audit(
    what: str, order: StandingOrder, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    audit.record(
        f"licensing.standing_order.{what}", by=by, at=at, object_type="standing_order", object_id=order.pk,
        partner_id=order.partner_id, facts=facts or {},
    )  # fmt: skip
