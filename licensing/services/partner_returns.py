"""A partner's return up to the MAR's decision: asked for, checked against the forecast, approved or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit, idempotency
from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from licensing.exchange.return_xml import MAX_RETURN_LINES
from licensing.locks import lock_credit, lock_keys, lock_partner_returns
from licensing.models import PartnerReturn, PartnerReturnLine, ReturnState
from licensing.rules.key_states import Hold
from licensing.rules.key_syntax import mask_keys
from licensing.rules.partner_returns import Forecast, forecast_all, is_offered, may_follow, suggestion
from licensing.rules.replacements import REPLACEABLE, UsedKey, stop_of
from licensing.selectors.partner_returns import FoundKey, keys_to_return
from licensing.selectors.programme_rules import rules_at
from licensing.services.replacements import Wanted, replace_key

REQUEST_RETURN = "return.request"
MIN_REASON = 5
SHOWN_STOPS = 20


class ReturnRefused(DomainError):
    """The return cannot be asked for, or cannot take this step."""


@dataclass(frozen=True, slots=True)
class ReturnWish:
    """What a partner asks for. ``reference`` is his own RMA number."""

    product_key_ids: tuple[str, ...]
    return_type: str
    reason: str
    is_without_credit: bool = False
    reference: str = ""
    channel: str = "browser"
    kind: str = PartnerReturn.Kind.RETURN
    replacement_product_id: int | None = None


@dataclass(frozen=True, slots=True)
class RequestedReturn:
    """The return, and whether this very request made it (False: it is a repeat)."""

    return_id: UUID
    is_new: bool


def preview_return(partner_id: UUID, wish: ReturnWish, *, at: datetime) -> list[Forecast]:
    """Return the forecast of each key; nothing is changed.

    :raises Invalid: for no or too many keys, or a type Microsoft does not offer for it.
    """
    _require_sound(wish)
    return _forecasts(keys_to_return(partner_id, wish.product_key_ids), wish, at)


@transaction.atomic
def request_return(
    *, partner_id: UUID, wish: ReturnWish, idempotency_key: str, by: Actor, at: datetime
) -> RequestedReturn:
    """Ask to give keys back, all of them or none. Runs in the partner's scope; the check follows at once.

    :raises Invalid: for no or too many keys, a missing reason, a type Microsoft does not offer.
    :raises ReturnRefused: when any key cannot go, naming each and why.
    :raises idempotency.KeyReused: when the key came before with another request.
    """
    _require_sound(wish)
    _require_reason(wish)
    claimed = idempotency.claim(
        partner_id=partner_id,
        operation=REQUEST_RETURN,
        key=idempotency_key,
        request=_fingerprint(wish),
        at=at,
    )
    if claimed.object_id is not None:
        return RequestedReturn(claimed.object_id, is_new=False)
    # Held first: whoever takes one of the keys another way comes before this look, or meets the return.
    lock_keys([each.key_id for each in keys_to_return(partner_id, wish.product_key_ids) if each.key_id])
    found = keys_to_return(partner_id, wish.product_key_ids)
    forecasts = _forecasts(found, wish, at)
    _require_none_stopped(forecasts)
    _require_replaceable(found, wish)
    request = _insert(partner_id, wish, found, forecasts, by, at)
    audit_return("requested", request, by, at, {"keys": len(found), "type": wish.return_type})
    enqueue("licensing.check_return", at=at, return_id=request.pk)
    idempotency.remember(claimed, object_id=request.pk)
    return RequestedReturn(request.pk, is_new=True)


@transaction.atomic
def check_return(return_id: UUID, *, by: Actor, at: datetime, note: str = "") -> PartnerReturn:
    """Check a return against the forecast of this moment. Runs in the MAR's scope.

    The portal passes what the rule suggests to approve and leaves the rest to a person, who says in the
    note what he found. Once checked, a repeat changes nothing.

    :raises ReturnRefused: when a person checks it twice, or without a note.
    """
    request = lock_return(return_id)
    is_person = by.kind is ActorKind.USER
    if request.state != ReturnState.REQUESTED:
        if is_person:
            raise ReturnRefused(_cannot_move(request, ReturnState.CHECKED))
        return request
    advice = suggestion(forecasts_of(request, at))
    if not is_person and advice != "approve":
        return request
    if is_person and len(note.strip()) < MIN_REASON:
        raise ReturnRefused(_note_missing())
    request.check_note = mask_keys(note.strip())[:300]
    request.checked_by, request.checked_at = by.label[:200], at
    move_return(request, ReturnState.CHECKED, ["check_note", "checked_by", "checked_at"])
    audit_return("checked", request, by, at, {"advice": advice})
    return request


@transaction.atomic
def approve_return(return_id: UUID, *, note: str, by: Actor, at: datetime) -> None:
    """Let a checked return go to Microsoft with the next bundle. Runs in the MAR's scope.

    Where another key was asked for, it is given now, by the terms of the moment the partner asked.

    :raises ReturnRefused: when it is not checked.
    :raises ReplacementRefused: when no other key can be given.
    """
    # The credit row comes before the return in the written order of locks; another key may be ordered below.
    partner_id = PartnerReturn.objects.filter(pk=return_id).values_list("partner_id", flat=True).first()
    if partner_id is not None:
        lock_credit(partner_id)
    request = _decide(return_id, ReturnState.APPROVED, note, by, at)
    if request.replacement_product_id is None:
        return
    wanted = Wanted(request.reason, request.replacement_product_id)
    for key_id in request.lines.order_by("key_id").values_list("key_id", flat=True):
        replace_key(request=request, key_id=key_id, wanted=wanted, by=by, at=at)


@transaction.atomic
def refuse_return(return_id: UUID, *, note: str, by: Actor, at: datetime) -> None:
    """Refuse a return that was not sent; its keys stay what they are. Runs in the MAR's scope.

    :raises ReturnRefused: when it was sent, no reason is given, or another key was given for one of its keys.
    """
    if len(note.strip()) < MIN_REASON:
        raise ReturnRefused(_note_missing())
    request = _decide(return_id, ReturnState.REFUSED, note, by, at)
    if request.replacements.exists():
        raise ReturnRefused(_already_replaced(request))
    request.lines.update(ended_at=at)
    enqueue("licensing.tell_return", at=at, return_id=request.pk)


@transaction.atomic
def close_return(return_id: UUID, *, by: Actor, at: datetime) -> None:
    """End an answered return: its money is on an invoice, or there is none. Runs in the MAR's scope.

    :raises ReturnRefused: when it is not answered.
    """
    request = lock_return(return_id)
    request.closed_by, request.closed_at = by.label[:200], at
    move_return(request, ReturnState.CLOSED, ["closed_by", "closed_at"])
    audit_return("closed", request, by, at, {})


def lock_return(return_id: UUID) -> PartnerReturn:
    """Hold one return until the transaction ends.

    :raises NotFound: for an unknown id.
    """
    found = lock_partner_returns([return_id])
    if not found:
        raise NotFound(_("There is no such return."))
    return found[0]


def forecasts_of(request: PartnerReturn, at: datetime) -> list[Forecast]:
    """Return the forecast of a request's keys as they are now."""
    ids = list(request.lines.order_by("id").values_list("product_key_id", flat=True))
    found = keys_to_return(request.partner_id, ids, but=request.pk)
    return forecast_all(
        [each.facts for each in found],
        return_type=request.return_type,
        is_without_credit=request.is_without_credit,
        at=at,
        days=window_days(at),
    )


def window_days(at: datetime) -> int:
    """Return how many days from the delivery a key may go back for credit."""
    return rules_at(at).number("return.window", "days")


def move_return(request: PartnerReturn, to: ReturnState, fields: Sequence[str]) -> None:
    """Take a locked return to its next state and store these fields with it.

    :raises ReturnRefused: when it does not stand where this step is possible.
    """
    if not may_follow(request.state, to):
        raise ReturnRefused(_cannot_move(request, to))
    request.state = to
    request.save(update_fields=["state", *fields])


def audit_return(act: str, request: PartnerReturn, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    """Write one act on a partner's return into the audit."""
    audit.record(
        f"licensing.partner_return.{act}",
        by=by,
        at=at,
        object_type="partner_return",
        object_id=request.pk,
        partner_id=request.partner_id,
        facts={"return": str(request), **facts},
    )


def _decide(return_id: UUID, to: ReturnState, note: str, by: Actor, at: datetime) -> PartnerReturn:
    request = lock_return(return_id)
    request.decision_note = mask_keys(note.strip())[:300]
    request.decided_by, request.decided_at = by.label[:200], at
    move_return(request, to, ["decision_note", "decided_by", "decided_at"])
    audit_return(to.value, request, by, at, {"note": request.decision_note})
    return request


def _forecasts(found: Sequence[FoundKey], wish: ReturnWish, at: datetime) -> list[Forecast]:
    return forecast_all(
        [each.facts for each in found],
        return_type=wish.return_type,
        is_without_credit=wish.is_without_credit,
        at=at,
        days=window_days(at),
    )


def _insert(
    partner_id: UUID,
    wish: ReturnWish,
    found: Sequence[FoundKey],
    forecasts: Sequence[Forecast],
    by: Actor,
    at: datetime,
) -> PartnerReturn:
    request = PartnerReturn.objects.create(
        partner_id=partner_id, kind=wish.kind, replacement_product_id=wish.replacement_product_id,
        return_type=wish.return_type,
        is_without_credit=wish.is_without_credit, reason=mask_keys(wish.reason.strip())[:200],
        reference=mask_keys(wish.reference.strip())[:35], channel=wish.channel, state=ReturnState.REQUESTED,
        requested_by=by.label[:200], requested_by_id=by.id, requested_at=at,
    )  # fmt: skip
    window = timedelta(days=window_days(at))
    lines = [
        PartnerReturnLine(
            request=request, partner_id=partner_id, key_id=each.key_id, product_id=each.product_id,
            product_key_id=each.facts.product_key_id, forecast_code=expected.code,
            return_before=each.facts.delivered_at + window
            if each.facts.delivered_at
            else None,
        )
        for each, expected in zip(found, forecasts, strict=True)
    ]  # fmt: skip
    try:
        with transaction.atomic():
            PartnerReturnLine.objects.bulk_create(lines)
    except IntegrityError as error:
        # A rival request of this very moment names one of the keys.
        raise ReturnRefused(
            _stopped({_("Key"): _("Already in a return that is not answered yet.")})
        ) from error
    request.refresh_from_db(fields=["number"])
    return request


def _fingerprint(wish: ReturnWish) -> dict[str, Any]:
    return {
        "keys": sorted(wish.product_key_ids),
        "type": wish.return_type,
        "without_credit": wish.is_without_credit,
        "kind": wish.kind,
        "replacement": wish.replacement_product_id,
        "reason": wish.reason.strip(),
        "reference": wish.reference.strip(),
    }


def _require_sound(wish: ReturnWish) -> None:
    if not 1 <= len(wish.product_key_ids) <= MAX_RETURN_LINES:
        raise Invalid(
            refuse(
                "return_size",
                _("A return holds 1 to 5,000 keys."),
                rule="RET-1",
                facts={_("Keys"): len(wish.product_key_ids)},
                next_step=_("Name the keys by their ids, or split the list."),
                lifted_by=_("You"),
            )
        )
    if not is_offered(wish.return_type, is_without_credit=wish.is_without_credit):
        raise Invalid(
            refuse(
                "return_type",
                _("Microsoft does not offer this return type for such a return."),
                rule="RET-2",
                facts={_("Type"): wish.return_type[:10]},
                next_step=_("Tick “without credit” for this type, or choose one of ZOA to ZOD."),
                lifted_by=_("You"),
            )
        )


def _require_reason(wish: ReturnWish) -> None:
    if len(wish.reason.strip()) < MIN_REASON:
        raise Invalid(_note_missing())


def _require_replaceable(found: Sequence[FoundKey], wish: ReturnWish) -> None:
    """Refuse what could never be approved: another key is given for one that Microsoft has answered about."""
    if wish.replacement_product_id is None:
        return
    swaps = _("No PC was reported with it: swap the key instead.")
    wrong = [
        (facts.product_key_id, str(stop_of(UsedKey(facts.state, facts.hold)) or swaps))
        for facts in (each.facts for each in found)
        if facts.state is not None and (facts.state not in REPLACEABLE or facts.hold is not Hold.NONE)
    ]
    if wrong:
        raise ReturnRefused(_stopped(dict(wrong[:SHOWN_STOPS]), len(wrong)))


def _require_none_stopped(forecasts: Sequence[Forecast]) -> None:
    stopped = [each for each in forecasts if each.stop]
    if stopped:
        facts = {
            _("Row %(row)s, %(key)s") % {"row": row, "key": each.product_key_id}: str(each.stop)
            for row, each in enumerate(forecasts, start=1)
            if each.stop
        }
        raise ReturnRefused(_stopped(dict(list(facts.items())[:SHOWN_STOPS]), len(stopped)))


def _stopped(facts: dict[str, str], count: int = 1) -> Refusal:
    return refuse(
        "keys_stay",
        _("Some of these keys cannot go back now. Nothing was sent."),
        rule="RET-11",
        facts={_("Keys that cannot go"): count, **facts},
        next_step=_("Leave these keys out, or settle first what stands beside each of them."),
        lifted_by=_("You; for disputed keys the MAR's compliance"),
        fix_path="/tpr/returns/new/",
    )


def _note_missing() -> Refusal:
    return refuse(
        "reason_missing",
        _("A short reason is missing."),
        rule="RET-12",
        facts={_("At least"): _("%(count)s characters") % {"count": MIN_REASON}},
        next_step=_("Say in a few words why; the other side reads it."),
        lifted_by=_("You"),
    )


def _already_replaced(request: PartnerReturn) -> Refusal:
    return refuse(
        "return_was_replaced",
        _("Another key was given for this return, so its keys go back."),
        rule="RET-13",
        facts={_("Return"): str(request)},
        next_step=_("Send it to Microsoft with the next bundle."),
        lifted_by=_("Nobody: one PC is licensed once"),
    )


def _cannot_move(request: PartnerReturn, to: ReturnState) -> Refusal:
    return refuse(
        "return_state",
        _("The return does not stand where this step is possible."),
        rule="RET-13",
        facts={_("State"): request.get_state_display(), _("Wanted"): to.label},
        next_step=_("Load the page again: somebody else may have taken the step."),
        lifted_by=_("Nobody: the steps follow each other"),
    )
