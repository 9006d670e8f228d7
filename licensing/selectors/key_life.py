"""A key's whole life: each step with who, when, why, what it belongs to and which accounts it moved between.

A partner's life of a key is his own span: rows of an earlier holder do not exist for him. The number of
queries depends on the kinds of steps, never on their number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from core.models import AuditEvent
from licensing.models import (
    BatchStop,
    Build,
    CbrLine,
    ComputerBuildReport,
    CorrectionRequest,
    Incident,
    KeyHandOver,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLine,
    ProductKey,
)
from licensing.models.returns import ReturnLine, ReturnRequest
from licensing.rules.accounts import account_of
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.timeline import REASONS

# A look at a key stands after every row of the same moment: it was handed over before.
NO_ROW = 2**63
OPENED_AGAIN = {
    "licensing.key.claimed": "key.claimed_again",
    "licensing.key.revealed": "key.revealed_again",
    "licensing.key.filed": "key.filed_again",
}
# Why somebody took such a step stands in the audit: the ledger says who, when and where to.
WHY_IN_AUDIT = {
    "licensing.key.recalled": "key.recalled",
    "licensing.key.held": "hold.",
    "licensing.key.hold_lifted": "hold.lifted",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a step belongs to: its kind, its id, and the words of a link to it."""

    kind: str
    id: Any
    label: str


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One step. ``row`` is the ledger's number, None for a look that moved nothing."""

    at: datetime
    reason: str
    text: str
    actor: str
    to_state: int
    row: int | None = None
    from_state: int | None = None
    leaves: str = ""
    enters: str = ""
    hold: str = Hold.NONE.value
    hold_before: str = Hold.NONE.value
    facts: tuple[tuple[str, Any], ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(slots=True)
class _Story:
    """What is known of a step beyond its ledger row."""

    facts: list[tuple[str, Any]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def key_life(key: ProductKey, *, partner_id: UUID | None = None) -> list[LifeStep]:
    """Return a key's steps, newest first; only those of ``partner_id`` when one is given.

    Without a partner it runs in the MAR's scope and shows everything.
    """
    entries = list(LedgerEntry.objects.filter(key=key).order_by("id"))
    told = _audited(key, partner_id)
    stories = _stories(entries, is_mar=partner_id is None)
    _tell_why(entries, told, stories)
    steps = list(_steps(entries, stories, partner_id))
    return sorted([*steps, *_looks(told)], key=lambda step: (step.at, step.row or NO_ROW), reverse=True)


def _steps(
    entries: Iterable[LedgerEntry], stories: Mapping[int, _Story], partner_id: UUID | None
) -> Iterable[LifeStep]:
    hold = Hold.NONE
    for entry in entries:
        before, hold = hold, Hold(entry.hold)
        if partner_id is not None and entry.partner_id != partner_id:
            continue
        story = stories.get(entry.pk, _Story())
        yield LifeStep(
            at=entry.recorded_at,
            reason=entry.reason,
            text=str(REASONS.get(entry.reason, entry.reason)),
            actor=entry.actor_label,
            to_state=entry.to_state,
            row=entry.pk,
            from_state=entry.from_state,
            leaves=account_of(
                KeyState(entry.from_state) if entry.from_state else None, before, entry.partner_id
            ),
            enters=account_of(KeyState(entry.to_state), hold, entry.partner_id),
            hold=hold.value,
            hold_before=before.value,
            facts=tuple(story.facts),
            references=tuple(story.references),
        )


def _audited(key: ProductKey, partner_id: UUID | None) -> list[AuditEvent]:
    """Return what the audit alone knows of a key: when it was opened again, and why it was held or called back."""
    told = AuditEvent.objects.filter(
        object_type="key", object_id=key.product_key_id, action__in=[*OPENED_AGAIN, *WHY_IN_AUDIT]
    )
    return list(told if partner_id is None else told.filter(partner_id=partner_id))


def _looks(told: Iterable[AuditEvent]) -> list[LifeStep]:
    """Return the times a key was opened again for the same PC."""
    return [
        LifeStep(
            at=look.at,
            reason=OPENED_AGAIN[look.action],
            text=str(REASONS[OPENED_AGAIN[look.action]]),
            actor=look.actor_label,
            to_state=KeyState.RETRIEVED.value,
            facts=((_("Why"), look.facts["reason"]),) if look.facts.get("reason") else (),
        )
        for look in told
        if look.action in OPENED_AGAIN and look.facts.get("repeat")
    ]


def _tell_why(entries: Iterable[LedgerEntry], told: Iterable[AuditEvent], stories: dict[int, _Story]) -> None:
    reasons = {
        (WHY_IN_AUDIT[event.action], event.at): event.facts.get("reason", "")
        for event in told
        if event.action in WHY_IN_AUDIT
    }
    for entry in entries:
        is_hold = entry.reason.startswith("hold.") and entry.reason != "hold.lifted"
        why = reasons.get(("hold." if is_hold else entry.reason, entry.recorded_at))
        if why:
            stories.setdefault(entry.pk, _Story()).facts.append((_("Why"), why))


def _stories(entries: Iterable[LedgerEntry], *, is_mar: bool) -> dict[int, _Story]:
    """Look every step's object up, one query a kind."""
    by_reason: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        by_reason[entry.reason].append(entry)
    stories: dict[int, _Story] = {}
    for reasons, is_for_mar, rows, tell in _TELLERS:
        asked = [entry for reason in reasons for entry in by_reason.get(reason, ()) if entry.object_id]
        if not asked or (is_for_mar and not is_mar):
            continue
        found = _found(rows(), {entry.object_id for entry in asked})
        for entry in asked:
            if entry.object_id in found:
                story = stories.setdefault(entry.pk, _Story())
                tell(found[entry.object_id], story)
    if is_mar:
        _tell_delivery(by_reason.get("fulfilment.released", ()), stories)
    return stories


def _found(rows: QuerySet[Any], ids: set[str]) -> dict[str, Any]:
    """Return the rows by id as text; what is no id of their kind finds nothing."""
    to_python = rows.model._meta.pk.to_python
    possible = []
    for each in ids:
        try:
            possible.append(to_python(each))
        except ValidationError:
            continue
    return {str(row.pk): row for row in rows.filter(pk__in=possible)}


def _tell_delivery(entries: Iterable[LedgerEntry], stories: dict[int, _Story]) -> None:
    for entry in entries:
        fulfilment = entry.key.fulfilment
        story = stories.setdefault(entry.pk, _Story())
        story.facts.append((_("Fulfilment"), fulfilment.number))
        story.references.append(Reference("import", fulfilment.batch_id, _("Open the delivery")))


def _tell_order(line: OrderLine, story: _Story) -> None:
    story.facts += [
        (_("Order line"), f"{line.order} · {line.quantity} × {line.product.code}"),
        (_("Price"), f"{line.unit_price} {line.currency}"),
    ]
    story.references.append(Reference("order", line.order_id, str(line.order)))


def _tell_cancelled(order: Order, story: _Story) -> None:
    story.facts.append((_("Order"), str(order)))
    story.facts += [(_("Why"), event.note) for event in order.events.all() if event.note]
    story.references.append(Reference("order", order.pk, str(order)))


def _tell_hand_over(hand_over: KeyHandOver, story: _Story) -> None:
    story.facts += [(_("PC"), str(hand_over.device)), (_("Door"), hand_over.get_channel_display())]
    if hand_over.reason:
        story.facts.append((_("Why"), hand_over.reason))
    story.references.append(Reference("device", hand_over.device_id, _("Open the PC")))


def _tell_build(build: Build, story: _Story) -> None:
    story.facts.append((_("PC"), str(build.device)))
    story.references += [
        Reference("build", build.pk, _("Open the report")),
        Reference("device", build.device_id, _("Open the PC")),
    ]


def _tell_report(report: ComputerBuildReport, story: _Story) -> None:
    story.facts.append((_("Report to Microsoft"), str(report)))
    story.references.append(Reference("cbr", report.pk, str(report)))


def _tell_answer(line: CbrLine, story: _Story) -> None:
    story.facts.append((_("Answer"), f"{line.ack_code} {line.ack_text}".strip()))
    story.references.append(Reference("build", line.build_id, _("Open the report")))


def _tell_return(request: ReturnRequest, story: _Story) -> None:
    story.facts += [
        (_("Return"), f"{request.rma_number} · {request.return_type}"),
        (_("Why"), request.reason),
    ]
    story.references.append(Reference("return", request.pk, request.rma_number))


def _tell_return_answer(line: ReturnLine, story: _Story) -> None:
    story.facts.append((_("Answer"), line.answer_code))
    story.references.append(Reference("return", line.request_id, line.request.rma_number))


def _tell_incident(incident: Incident, story: _Story) -> None:
    story.facts += [(_("Incident"), f"{incident.reference} · {incident.get_kind_display()}")]
    if incident.police_reference:
        story.facts.append((_("Police reference"), incident.police_reference))
    story.references.append(Reference("incident", incident.pk, incident.reference))


def _tell_stop(stop: BatchStop, story: _Story) -> None:
    story.facts += [(_("Why"), stop.reason), (_("Stopped by"), stop.stopped_by.name)]
    if stop.decided_by is not None:
        story.facts += [(_("Decided"), stop.note), (_("Decided by"), stop.decided_by.name)]
    story.references.append(Reference("import", stop.batch_id, _("Open the delivery")))


def _tell_correction(asked: CorrectionRequest, story: _Story) -> None:
    story.facts += [
        (_("Correction"), asked.get_kind_display()),
        (_("Why"), asked.facts),
        (_("Proof"), asked.proof),
        (_("Asked by"), asked.asked_by.name),
    ]
    story.references.append(Reference("correction", asked.pk, _("Open the correction")))


_Teller = tuple[tuple[str, ...], bool, Callable[[], QuerySet[Any]], Callable[[Any, _Story], None]]
# Reasons, whether the MAR alone may read the object, its rows, and how it is told.
_TELLERS: tuple[_Teller, ...] = (
    (
        ("order.placed", "order.reserved", "order.let_go", "key.swapped", "key.given_instead"),
        False,
        lambda: OrderLine.objects.select_related("order", "product"),
        _tell_order,
    ),
    (
        ("order.cancelled",),
        False,
        lambda: Order.objects.prefetch_related(
            Prefetch("events", OrderEvent.objects.filter(kind=OrderEvent.Kind.CANCELLED))
        ),
        _tell_cancelled,
    ),
    (
        ("key.claimed", "key.revealed", "key.filed"),
        False,
        lambda: KeyHandOver.objects.select_related("device"),
        _tell_hand_over,
    ),
    (
        ("build.reported", "build.reverted"),
        False,
        lambda: Build.objects.select_related("device").defer("hardware_hash"),
        _tell_build,
    ),
    (("cbr.sent",), True, lambda: ComputerBuildReport.objects.all(), _tell_report),
    (("cbr.answered",), False, lambda: CbrLine.objects.all(), _tell_answer),
    (
        ("hold.lost_or_stolen", "hold.disputed", "hold.lifted"),
        False,
        lambda: Incident.objects.all(),
        _tell_incident,
    ),
    (
        ("hold.lifted", "key.given_back", "key.corrected"),
        True,
        lambda: CorrectionRequest.objects.select_related("asked_by"),
        _tell_correction,
    ),
    (
        ("delivery.stopped", "delivery.undone", "delivery.given_back"),
        True,
        lambda: BatchStop.objects.select_related("stopped_by", "decided_by"),
        _tell_stop,
    ),
    (("return.sent",), True, lambda: ReturnRequest.objects.all(), _tell_return),
    (("return.answered",), True, lambda: ReturnLine.objects.select_related("request"), _tell_return_answer),
)
