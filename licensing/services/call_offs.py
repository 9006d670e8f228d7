"""Call-offs at Microsoft: marked, followed until their keys are here, or ended by a person. In the MAR's scope."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from licensing.locks import lock_call_offs
from licensing.models import CallOff, Fulfilment, Product, SupplyTerms
from licensing.rules.call_off import Terms
from licensing.selectors.call_offs import deliveries_without_reference, proposal_of
from partners.selectors.mar import mar_zone

MOST_KEYS = 1_000_000
MOST_DAYS = 365
MIN_REASON = 5
State = CallOff.State


class CallOffRefused(DomainError):
    """The call-off cannot take this step; the refusal says why."""


@dataclass(frozen=True, slots=True)
class NewCallOff:
    """A call-off that a person made at Microsoft; the day is of the MAR's zone."""

    reference: str
    quantity: int
    expected_on: date


@transaction.atomic
def set_supply_terms(product_id: int, wanted: Terms, *, by: Actor, at: datetime) -> SupplyTerms:
    """Set how a product is called off from now on; what was set before stays on record.

    :raises Invalid: when a number is out of its bounds.
    """
    days_fit = all(1 <= days <= MOST_DAYS for days in (wanted.lead_time_days, wanted.review_days))
    keys_fit = all(1 <= keys <= MOST_KEYS for keys in (wanted.pack_size, wanted.minimum))
    if not (days_fit and keys_fit):
        raise Invalid(
            refuse(
                "supply_terms_bounds",
                _("These numbers cannot be."),
                rule="CAL-1",
                facts={_("Days"): f"1 – {MOST_DAYS}", _("Keys"): f"1 – {MOST_KEYS}"},
                next_step=_("Correct the number outside these bounds."),
                lifted_by=_("You"),
            )
        )
    terms = SupplyTerms.objects.create(
        product_id=product_id, lead_time_days=wanted.lead_time_days, review_days=wanted.review_days,
        pack_size=wanted.pack_size, minimum=wanted.minimum, valid_from=at, written_by=by.label[:200], written_at=at,
    )  # fmt: skip
    _audit("terms_set", product_id, by, at, asdict(wanted))
    return terms


@transaction.atomic
def mark_called_off(product_id: int, wanted: NewCallOff, *, by: Actor, at: datetime) -> CallOff:
    """Note a call-off, with the arithmetic of the moment; the forecast counts its keys from the expected day.

    :raises Invalid: for a quantity, a day or a reference that cannot be.
    :raises CallOffRefused: when the product has this reference already.
    """
    reference = wanted.reference.strip()[:35]
    _check(reference, wanted, today=at.astimezone(mar_zone()).date())
    lock_call_offs(product_id)
    before = CallOff.objects.filter(product_id=product_id, call_off_reference=reference).first()
    if before is not None:
        raise CallOffRefused(_known(before))
    made = proposal_of(Product.objects.get(pk=product_id), at=at).proposal
    call_off = CallOff.objects.create(
        call_off_reference=reference, product_id=product_id, quantity=wanted.quantity, proposed=made.quantity,
        arithmetic=asdict(made), expected_on=wanted.expected_on, called_by_id=by.user_id, called_at=at,
    )  # fmt: skip
    facts = {"reference": reference, "quantity": wanted.quantity, "proposed": made.quantity}
    _audit("called_off", product_id, by, at, {**facts, "expected_on": wanted.expected_on.isoformat()})
    settle_call_offs([product_id], by=by, at=at)
    call_off.refresh_from_db()
    return call_off


def settle_call_offs(product_ids: Iterable[int], *, by: Actor, at: datetime) -> int:
    """Count what came for the call-offs of these products; return how many changed.

    A complete one is received; one whose delivery was undone is on its way again. Safe to run any number of
    times; called in the transaction of a release.
    """
    changed = 0
    for product_id in sorted(set(product_ids)):
        lock_call_offs(product_id)
        waiting = list(CallOff.objects.filter(product_id=product_id).exclude(state=State.CLOSED))
        came = _came(product_id, [one.call_off_reference for one in waiting])
        changed += sum(_settle(one, came.get(one.call_off_reference, 0), by=by, at=at) for one in waiting)
    return changed


@transaction.atomic
def assign_delivery(call_off_id: UUID, *, number: str, by: Actor, at: datetime) -> CallOff:
    """Say that a delivery whose file named no call-off belongs to this one.

    :raises NotFound: when there is no such call-off, or no such delivery of its product without a reference.
    """
    call_off = _open(call_off_id)
    named = deliveries_without_reference(call_off).filter(number=number)
    if not named.update(call_off_reference=call_off.call_off_reference):
        raise NotFound(_("There is no such delivery without a call-off reference."))
    _audit(
        "delivery_assigned", call_off.product_id, by, at,
        {"reference": call_off.call_off_reference, "fulfilment": number},
    )  # fmt: skip
    came = _came(call_off.product_id, [call_off.call_off_reference])
    _settle(call_off, came[call_off.call_off_reference], by=by, at=at)
    return call_off


@transaction.atomic
def move_call_off(call_off_id: UUID, *, expected_on: date, by: Actor, at: datetime) -> CallOff:
    """Note the day on which the rest is expected now.

    :raises Invalid: for a day in the past or over a year ahead.
    """
    call_off = _open(call_off_id)
    today = at.astimezone(mar_zone()).date()
    if not 0 <= (expected_on - today).days <= MOST_DAYS:
        raise Invalid(_bad_day(today))
    before, call_off.expected_on = call_off.expected_on, expected_on
    call_off.save(update_fields=["expected_on"])
    facts = {
        "reference": call_off.call_off_reference,
        "from": before.isoformat(),
        "to": expected_on.isoformat(),
    }
    _audit("call_off_moved", call_off.product_id, by, at, facts)
    return call_off


@transaction.atomic
def close_call_off(call_off_id: UUID, *, reason: str, by: Actor, at: datetime) -> CallOff:
    """Say that the rest of a call-off does not come.

    :raises Invalid: without a reason.
    :raises CallOffRefused: when nothing of it is on its way.
    """
    call_off = _open(call_off_id)
    if len(reason.strip()) < MIN_REASON:
        raise Invalid(
            refuse(
                "reason_missing", _("The end of a call-off has a reason."), rule="CAL-3",
                facts={_("Least length"): MIN_REASON}, next_step=_("Write in a few words why the rest does not come."),
                lifted_by=_("You"),
            )
        )  # fmt: skip
    call_off.state, call_off.ended_at, call_off.ended_by = State.CLOSED, at, by.label[:200]
    call_off.end_reason = reason.strip()[:300]
    call_off.save(update_fields=["state", "ended_at", "ended_by", "end_reason"])
    facts = {"reference": call_off.call_off_reference, "rest": call_off.rest}
    _audit("call_off_closed", call_off.product_id, by, at, facts)
    return call_off


def _came(product_id: int, references: list[str]) -> dict[str, int]:
    """Return by reference how many keys of a product came and stayed."""
    rows = Fulfilment.objects.filter(
        product_id=product_id, call_off_reference__in=references, undone_at__isnull=True
    )
    return dict(rows.order_by().values_list("call_off_reference").annotate(came=Sum("quantity")))


def _settle(call_off: CallOff, came: int, *, by: Actor, at: datetime) -> int:
    if came == call_off.received:
        return 0
    call_off.received = came
    is_complete = came >= call_off.quantity
    call_off.state = State.RECEIVED if is_complete else State.OPEN
    call_off.ended_at, call_off.ended_by = (at, by.label[:200]) if is_complete else (None, "")
    call_off.save(update_fields=["received", "state", "ended_at", "ended_by"])
    facts = {"reference": call_off.call_off_reference, "received": came, "quantity": call_off.quantity}
    _audit("call_off_counted", call_off.product_id, by, at, facts)
    return 1


def _open(call_off_id: UUID) -> CallOff:
    found = CallOff.objects.filter(pk=call_off_id).first()
    if found is None:
        raise NotFound(_("There is no such call-off."))
    lock_call_offs(found.product_id)
    found.refresh_from_db()
    if found.state != State.OPEN:
        raise CallOffRefused(
            refuse(
                "call_off_ended",
                _("Nothing of this call-off is on its way."),
                rule="CAL-4",
                facts={_("Reference"): found.call_off_reference, _("State"): found.get_state_display()},
                next_step=_("Mark a new call-off if you made another one."),
                lifted_by=_("Nobody"),
            )
        )
    return found


def _check(reference: str, wanted: NewCallOff, *, today: date) -> None:
    if not reference or not 1 <= wanted.quantity <= MOST_KEYS:
        raise Invalid(
            refuse(
                "call_off_bounds", _("A call-off names its reference and its keys."), rule="CAL-2",
                facts={_("Keys"): f"1 – {MOST_KEYS}"}, next_step=_("Take both from your order at Microsoft."),
                lifted_by=_("You"),
            )
        )  # fmt: skip
    if not 0 <= (wanted.expected_on - today).days <= MOST_DAYS:
        raise Invalid(_bad_day(today))


def _bad_day(today: date) -> Refusal:
    return refuse(
        "call_off_day",
        _("The expected day lies in the past or over a year ahead."),
        rule="CAL-2",
        facts={_("Today"): today.isoformat()},
        next_step=_("Choose the day on which Microsoft will deliver."),
        lifted_by=_("You"),
    )


def _known(before: CallOff) -> Refusal:
    return refuse(
        "call_off_known",
        _("This product has a call-off with this reference already."),
        rule="CAL-2",
        facts={_("Reference"): before.call_off_reference, _("Keys"): before.quantity},
        next_step=_("Take the reference of the new order, or look at the earlier call-off."),
        lifted_by=_("You"),
        fix_path=f"/mar/stock/call-offs/{before.pk}/",
    )


def _audit(act: str, product_id: int, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    code = Product.objects.values_list("code", flat=True).get(pk=product_id)
    audit.record(f"licensing.stock.{act}", by=by, at=at, object_type="product", object_id=code, facts=facts)
