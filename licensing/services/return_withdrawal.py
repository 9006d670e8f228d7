"""A partner takes his return back while nobody has decided on it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.errors import NotFound, Refusal, refuse
from core.tenancy import mar_scope
from licensing.models import PartnerReturn, ReturnState
from licensing.rules.partner_returns import Text, may_follow
from licensing.services.partner_returns import ReturnRefused, audit_return, lock_return, move_return

NOBODY = gettext_lazy("Nobody: Microsoft has it")
WAYS_ON: Mapping[str, tuple[Text, Text]] = {
    ReturnState.APPROVED: (
        gettext_lazy("Write to the programme office: it can still refuse the return until it is sent."),
        gettext_lazy("The MAR, until it is sent"),
    ),
    ReturnState.SENT: (gettext_lazy("Wait for Microsoft’s answer; it stands here key by key."), NOBODY),
    ReturnState.REFUSED: (
        gettext_lazy("Nothing is left to take back: its keys are free for another return."),
        gettext_lazy("Nobody: it is over"),
    ),
}
REPLACED = (
    gettext_lazy("Another key was given for it, so its keys go back with the next bundle. Keep the new key."),
    gettext_lazy("Nobody: one PC is licensed once"),
)
ANSWERED = (gettext_lazy("Read the answer of each key on the return’s page."), NOBODY)


@transaction.atomic
def withdraw_return(return_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> None:
    """Take a partner's own return back; its keys may go into another one at once. A repeat changes nothing.

    :raises NotFound: for a return that is not his.
    :raises ReturnRefused: once it was approved, sent or refused.
    """
    if not PartnerReturn.objects.filter(pk=return_id, partner_id=partner_id).exists():
        raise NotFound(_("There is no such return."))
    # From the moment it was asked for, a return is the MAR's to write.
    with mar_scope(acting_for=partner_id):
        request = lock_return(return_id)
        if request.state == ReturnState.WITHDRAWN:
            return
        if not may_follow(request.state, ReturnState.WITHDRAWN):
            raise ReturnRefused(_too_late(request))
        request.withdrawn_by, request.withdrawn_at = by.label[:200], at
        move_return(request, ReturnState.WITHDRAWN, ["withdrawn_by", "withdrawn_at"])
        request.lines.update(ended_at=at)
        audit_return("withdrawn", request, by, at, {})


def _too_late(request: PartnerReturn) -> Refusal:
    next_step, lifted_by = WAYS_ON.get(request.state, ANSWERED)
    if request.state == ReturnState.APPROVED and request.replacements.exists():
        next_step, lifted_by = REPLACED
    return refuse(
        "return_decided",
        _("This return cannot be taken back any more: it was decided on."),
        rule="RET-13",
        facts={_("State"): request.get_state_display(), _("Decided"): request.decided_at or "–"},
        next_step=next_step,
        lifted_by=lifted_by,
        fix_path=f"/tpr/returns/{request.pk}/",
    )
