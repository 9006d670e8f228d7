"""A standing order's time has come: one order a line, once a day, as its owner, or a plain word why not."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import audit
from core.actor import Actor
from core.errors import Invalid, NotFound, Refusal
from core.queue import enqueue
from licensing.locks import lock_standing_order
from licensing.models import (
    OrderFileLine,
    StandingOrder,
    StandingOrderLine,
    StandingRun,
    StandingRunOrder,
    StandingState,
)
from licensing.rules.standing_orders import owner_may_not
from licensing.selectors.standing_orders import owner_of, schedule_of
from licensing.services.order_together import Keyed, place_together
from licensing.services.orders import OrderRefused, OrderRequest, PlacedOrder
from licensing.services.standing_orders import go_on, note_day, stop

Outcome = StandingRun.Outcome
TASK_ACTOR = "standing orders"


@transaction.atomic
def run_standing_order(standing_order_id: UUID, *, at: datetime) -> StandingRun | None:
    """Order what a standing order wants for the day that has come; None when nothing is due (STO-2).

    Of several days that were missed only the last one is ordered, and the run says how many it stands for.
    One transaction: a worker that dies leaves nothing, and the next one does it. A second one waits at the
    row and finds nothing due. The key of each order is made of line and day. In the partner's scope.
    """
    order = lock_standing_order(standing_order_id)
    if order is None or order.state != StandingState.ACTIVE or order.next_at is None or order.next_at > at:
        return None
    assert order.next_on is not None  # noqa: S101  (the database keeps both or none)
    due = schedule_of(order).due_until(order.next_on, at)
    run = StandingRun(
        standing_order=order, partner_id=order.partner_id, period=due[-1], ran_at=at, missed=len(due) - 1
    )
    open_runs = order.runs.filter(outcome__in=(Outcome.HELD, Outcome.STOPPED), period__lt=run.period)
    open_runs.update(outcome=Outcome.SKIPPED)
    by = owner_of(order, at=at)
    if by is None:
        return _stopped(order, run, at)
    placed, refusals = _place(order, run, by, at)
    if refusals and order.if_refused == StandingOrder.IfRefused.HOLD:
        return _held(order, run, refusals, by, at)
    run = note_day(run, Outcome.REFUSED if refusals else Outcome.PLACED, refusals)
    StandingRunOrder.objects.bulk_create(
        StandingRunOrder(order_id=one.order_id, run=run, partner_id=order.partner_id) for one in placed
    )
    go_on(order, run.period, at)
    _tell(order, run, by, at)
    return run


def request_of(order: StandingOrder, line: StandingOrderLine) -> OrderRequest:
    """Return what a line asks for, as the browser and the API would."""
    return OrderRequest(
        line.product_id,
        line.quantity,
        order.name,
        "standing",
        line.recipient_id,
        lane=line.lane,
        wish=line.note,
        may_wait=line.may_wait,
        may_queue=line.shortage == OrderFileLine.Shortage.WAIT,
        may_split=line.shortage == OrderFileLine.Shortage.SPLIT,
        details=line.details,
    )


def _place(
    order: StandingOrder, run: StandingRun, by: Actor, at: datetime
) -> tuple[list[PlacedOrder], Sequence[Refusal]]:
    wanted = [
        Keyed(f"standing-{line.pk}-{run.period:%Y%m%d}", request_of(order, line))
        for line in order.lines.all()
    ]
    try:
        return place_together(order.partner_id, wanted, by=by, at=at), ()
    except (OrderRefused, Invalid, NotFound) as error:
        return [], error.refusals


def _held(
    order: StandingOrder, run: StandingRun, refusals: Sequence[Refusal], by: Actor, at: datetime
) -> StandingRun:
    run = note_day(run, Outcome.HELD, refusals)
    stop(order, refusals[0].what)
    _tell(order, run, by, at)
    return run


def _stopped(order: StandingOrder, run: StandingRun, at: datetime) -> StandingRun:
    refusal = owner_may_not()
    run = note_day(run, Outcome.STOPPED, [refusal])
    stop(order, refusal.what)
    _tell(order, run, Actor.system(TASK_ACTOR), at)
    return run


def _tell(order: StandingOrder, run: StandingRun, by: Actor, at: datetime) -> None:
    audit.record(
        "licensing.standing_order.ran", by=by, at=at, object_type="standing_order", object_id=order.pk,
        partner_id=order.partner_id,
        facts={"day": run.period.isoformat(), "outcome": run.outcome, "missed": run.missed},
    )  # fmt: skip
    # A person gets the mails of his orders; one about a run only where there is more to say.
    if run.outcome != Outcome.PLACED or run.missed or order.owner_id is None:
        enqueue("licensing.tell_standing_run", at=at, partner_id=order.partner_id, run_id=run.pk)
