"""Send partners' approved returns to Microsoft: several of them as one, under the MAR's own RMA number."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Refusal, refuse
from licensing.exchange.return_xml import MAX_RETURN_LINES
from licensing.locks import lock_keys, lock_partner_returns
from licensing.models import PartnerReturn, PartnerReturnLine, ProductKey, ReturnRequest, ReturnState
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import GOING_FROM
from licensing.services.custody import Step, move_keys
from licensing.services.partner_returns import ReturnRefused, audit_return
from licensing.services.recall import take_back
from licensing.services.returns import send_return

UNREPORTED = (KeyState.ASSIGNED, KeyState.RETRIEVED)


@transaction.atomic
def send_bundle(return_ids: Sequence[UUID], *, by: Actor, at: datetime) -> ReturnRequest:
    """Write approved returns of one type and credit as one return to Microsoft. Runs in the MAR's scope.

    Keys that nobody reported are called back first. A return one of whose keys has meanwhile gone to
    Microsoft, is held, or is no longer the partner's, stays approved and waits for the next bundle.

    :raises ReturnRefused: when they are not approved, not of one kind, too many, or none is ready.
    """
    returns = lock_partner_returns(return_ids)
    _require_alike(returns, return_ids)
    lines = list(PartnerReturnLine.objects.filter(request__in=returns, ended_at__isnull=True).order_by("id"))
    lock_keys([line.key_id for line in lines])
    keys = ProductKey.objects.in_bulk([line.key_id for line in lines])
    free = returns[0].is_without_credit
    waiting = {
        each.request_id for each in lines if not _is_ready(keys[each.key_id], each, is_without_credit=free)
    }
    going = [each for each in returns if each.pk not in waiting]
    ids = sorted(line.key_id for line in lines if line.request_id not in waiting)
    if not going:
        raise ReturnRefused(_none_ready())
    if len(ids) > MAX_RETURN_LINES:
        raise ReturnRefused(_too_many(len(ids)))
    _call_back([keys[key_id] for key_id in ids], by, at)
    sent = send_return(
        ids,
        return_type=going[0].return_type,
        is_without_credit=going[0].is_without_credit,
        reason=", ".join(str(each) for each in going)[:200],
        by=by,
        at=at,
        bundled=[each.pk for each in going],
    )
    for each in going:
        each.state, each.microsoft_return, each.rma_number = ReturnState.SENT, sent, sent.rma_number
        each.sent_at = at
        each.save(update_fields=["state", "microsoft_return", "rma_number", "sent_at"])
        audit_return("sent", each, by, at, {"rma": sent.rma_number})
    return sent


def _is_ready(key: ProductKey, line: PartnerReturnLine, *, is_without_credit: bool) -> bool:
    # Of another partner by now: his key is not taken because somebody else once wanted to give it back.
    if key.partner_id != line.partner_id or key.state not in GOING_FROM or key.hold == Hold.DISPUTED:
        return False
    return key.hold != Hold.LOST_OR_STOLEN or is_without_credit


def _call_back(keys: Sequence[ProductKey], by: Actor, at: datetime) -> None:
    """Bring keys that nobody reported into the MAR's stock, from where alone they can be returned."""
    step = Step("return.called_back", "", by, at)
    # A lost one goes with its hold: without credit, as the bundle was checked for.
    stopping = (Hold.DISPUTED,)
    consumed = [key.pk for key in keys if key.state == KeyState.CONSUMED]
    if consumed:
        move_keys(
            consumed, to=KeyState.RETRIEVED, sources=(KeyState.CONSUMED,), stopping_holds=stopping, step=step
        )
    unreported = [key.pk for key in keys if key.state in (*UNREPORTED, KeyState.CONSUMED)]
    if unreported:
        take_back(unreported, sources=UNREPORTED, stopping_holds=stopping, step=step)


def _require_alike(returns: Sequence[PartnerReturn], asked: Sequence[UUID]) -> None:
    kinds = {(each.return_type, each.is_without_credit) for each in returns}
    states = {each.state for each in returns}
    if len(kinds) == 1 and states == {ReturnState.APPROVED} and len(returns) == len(set(asked)):
        return
    raise ReturnRefused(
        refuse(
            "bundle_mixed",
            _("These returns cannot go together."),
            rule="RET-14",
            facts={
                _("Types"): ", ".join(sorted({kind for kind, _credit in kinds})) or "–",
                _("Not approved"): sum(each.state != ReturnState.APPROVED for each in returns),
            },
            next_step=_("Send approved returns of one type, all with or all without credit."),
            lifted_by=_("You"),
        )
    )


def _none_ready() -> Refusal:
    return refuse(
        "bundle_waits",
        _("None of these returns can go now."),
        rule="RET-14",
        next_step=_("Their keys are on their way to Microsoft or held. Try again after the next answers."),
        lifted_by=_("It passes by itself"),
    )


def _too_many(count: int) -> Refusal:
    return refuse(
        "bundle_size",
        _("One return to Microsoft holds 5,000 keys at most."),
        rule="RET-1",
        facts={_("Keys"): count},
        next_step=_("Send fewer returns at once."),
        lifted_by=_("You"),
    )
