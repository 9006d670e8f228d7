"""What happened to a key, an order, a device: ledger steps as events for a timeline."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import LedgerEntry, Order, OrderEvent, ProductKey
from licensing.rules.key_states import KeyState

REASONS = {
    "fulfilment.released": gettext_lazy("Delivered by Microsoft and released to stock"),
    "order.placed": gettext_lazy("Assigned to an order"),
    "order.reserved": gettext_lazy("Kept for an order"),
    "order.let_go": gettext_lazy("No longer kept for an order"),
    "delivery.stopped": gettext_lazy("Put in quarantine: its delivery was stopped"),
    "delivery.given_back": gettext_lazy("Back in stock: its delivery was given back by a second person"),
    "delivery.undone": gettext_lazy("Left the stock for good: its import was undone by two people"),
    "pool.joined": gettext_lazy("Put into a pool of the stock"),
    "pool.left": gettext_lazy("Back from a pool into the general stock"),
    "order.cancelled": gettext_lazy("Went back to stock: the order was cancelled"),
    "key.claimed": gettext_lazy("Handed to a station for one PC"),
    "key.revealed": gettext_lazy("Shown to a person for one PC"),
    "key.claimed_again": gettext_lazy("Given to the same station once more"),
    "key.revealed_again": gettext_lazy("Shown once more for the same PC"),
    "key.filed_again": gettext_lazy("Put into a new encrypted file for the same PC"),
    "key.filed": gettext_lazy("Handed over in an encrypted file for one PC"),
    "key.recalled": gettext_lazy("Called back and put in quarantine"),
    "key.given_back": gettext_lazy("Given back to the partner and the PC it was taken for"),
    "key.corrected": gettext_lazy("Put right by two people"),
    "hold.lost_or_stolen": gettext_lazy("Frozen: reported as lost or stolen"),
    "hold.disputed": gettext_lazy("Frozen: disputed"),
    "hold.quarantined": gettext_lazy("Put in quarantine"),
    "hold.reserved": gettext_lazy("Reserved"),
    "hold.lifted": gettext_lazy("The hold was lifted"),
    "build.reported": gettext_lazy("Bound to the PC by its hardware hash"),
    "build.reverted": gettext_lazy("Build taken back before it was sent"),
    "cbr.sent": gettext_lazy("Reported to Microsoft"),
    "cbr.answered": gettext_lazy("Answered by Microsoft"),
    "key.swapped": gettext_lazy("Taken back: another key was given for it"),
    "key.given_instead": gettext_lazy("Assigned in the place of another key"),
    "return.called_back": gettext_lazy("Called back to be returned to Microsoft"),
    "return.sent": gettext_lazy("Return sent to Microsoft"),
    "return.answered": gettext_lazy("Return answered by Microsoft"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline."""

    at: datetime
    text: str
    actor: str = ""
    icon: str = "circle-dot"
    tone: str = "neutral"
    detail: str = ""
    url: str = ""
    url_label: str = ""
    is_system: bool = False
    key_state: int | None = None  # where the key stood after this step


TONES = {KeyState.ACTIVATION_ENABLED: "success", KeyState.ACTIVATION_DENIED: "danger"}
ICONS = {
    KeyState.FULFILLED: "package",
    KeyState.ASSIGNED: "receipt",
    KeyState.RETRIEVED: "key",
    KeyState.BOUND: "device-laptop",
    KeyState.REPORTED_BOUND: "send",
    KeyState.ACTIVATION_ENABLED: "circle-check",
    KeyState.ACTIVATION_DENIED: "circle-x",
}


def key_events(key: ProductKey) -> list[Event]:
    """Return a key's steps in short, newest first, as a PC's page shows them."""
    return [event_of(entry) for entry in LedgerEntry.objects.filter(key=key).order_by("-id")]


def event_of(entry: LedgerEntry) -> Event:
    """Return a ledger step in words."""
    state = KeyState(entry.to_state)
    return Event(
        at=entry.recorded_at,
        text=str(REASONS.get(entry.reason, entry.reason)),
        actor=entry.actor_label,
        icon=ICONS.get(state, "circle-dot"),
        tone=TONES.get(state, "neutral"),
        key_state=state.value,
    )


ORDER_LOOKS = {
    OrderEvent.Kind.PLACED: ("receipt", "neutral"),
    OrderEvent.Kind.HELD: ("hand-stop", "warning"),
    OrderEvent.Kind.QUEUED: ("truck-delivery", "warning"),
    OrderEvent.Kind.APPROVED: ("user-check", "success"),
    OrderEvent.Kind.REFUSED: ("ban", "danger"),
    OrderEvent.Kind.SPLIT: ("arrows-exchange", "info"),
    OrderEvent.Kind.ALLOCATED: ("key", "success"),
    OrderEvent.Kind.COMPLETED: ("circle-check", "success"),
    OrderEvent.Kind.CANCELLED: ("circle-x", "neutral"),
    OrderEvent.Kind.EXPIRED: ("clock", "neutral"),
}
# What ended a hold, as the release writes it down.
CAUSES = {
    "payment": gettext_lazy("A payment came in."),
    "credit": gettext_lazy("The credit limit was raised."),
    "block": gettext_lazy("A restriction ended."),
    "sweep": gettext_lazy("What stood against it had ended."),
}


def order_events(order: Order) -> list[Event]:
    """Return what happened to an order, newest first."""
    told = [_order_event(event) for event in order.events.order_by("-id")]
    return told or _events_by_dates(order)


def _order_event(event: OrderEvent) -> Event:
    icon, tone = ORDER_LOOKS.get(OrderEvent.Kind(event.kind), ("circle-dot", "neutral"))
    detail = str(CAUSES.get(event.note, event.note))
    if event.kind == OrderEvent.Kind.SPLIT:
        detail = _("%(now)s keys now, %(later)s stay in the queue.") % {
            "now": event.facts.get("now"), "later": event.facts.get("later"),
        }  # fmt: skip
    return Event(event.at, event.get_kind_display(), event.by, icon=icon, tone=tone, detail=detail)


def _events_by_dates(order: Order) -> list[Event]:
    """Return the steps of an order from before steps were written down."""
    events = [Event(order.placed_at, _("Order placed"), order.placed_by, icon="receipt")]
    if order.allocated_at:
        events.append(Event(order.allocated_at, _("All keys assigned"), "", icon="key", tone="success"))
    if order.cancelled_at:
        events.append(Event(order.cancelled_at, _("Order cancelled"), "", icon="circle-x"))
    return events[::-1]
