"""The gates of a Citizenship order: an approved recipient of the own house, his class, the month's quota.

Facts in, refusals out. Rule numbers stand in docs/domain-rules.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.rules.quota import OFFICE, Quota

RECIPIENTS_PATH = "/tpr/recipients/"
EXCEPTION_PATH = "/tpr/quota/new/"


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """The named recipient as the gates see him: None of the partner's own is none at all."""

    id: UUID
    name: str
    state: str
    claim: str
    class_name: str
    evidence_until: date | None
    is_evidence_in_force: bool
    may_receive: frozenset[str]


@dataclass(frozen=True, slots=True)
class CitizenshipFacts:
    """What a Citizenship order is held against."""

    recipient: RecipientFacts | None
    quota: Quota


def recipient_refusal(facts: CitizenshipFacts) -> Refusal | None:
    """Return what stands against the recipient, None when he may receive the product."""
    recipient = facts.recipient
    if recipient is None:
        return refuse(
            "recipient_needed",
            _("A Citizenship licence is for one approved recipient. Name it."),
            rule="ORD-5",
            facts={_("Family"): _("Citizenship"), _("Recipient"): _("none of yours")},
            missing={_("Recipient"): _("an approved one of yours")},
            next_step=_("Choose one of your approved recipients, or register one."),
            lifted_by=_("You, with an approved recipient"),
            fix_path=RECIPIENTS_PATH,
        )
    return _standing(recipient) or _class(recipient, facts.quota.kind)


def _standing(recipient: RecipientFacts) -> Refusal | None:
    shown: Mapping[str, Any] = {_("Recipient"): recipient.name, _("Recipient id"): recipient.id}
    path = f"{RECIPIENTS_PATH}{recipient.id}/"
    if recipient.claim in ("conflict", "lost"):
        return refuse(
            "recipient_conflict",
            _("This organisation is registered already, so its orders wait for the MAR.")
            if recipient.claim == "conflict"
            else _("This organisation is registered already and stays where it is."),
            rule="CIT-1",
            facts=shown,
            missing={_("Recipient"): _("one that is yours alone")},
            next_step=_("Order for another recipient; the MAR writes to you about this one."),
            lifted_by=_("The MAR"),
            fix_path=path,
        )
    if recipient.state == "approved" and recipient.is_evidence_in_force:
        return None
    if recipient.state in ("approved", "expired"):
        return refuse(
            "evidence_missing",
            _("The evidence about %(name)s has expired.") % {"name": recipient.name},
            rule="CIT-2",
            facts={**shown, _("Class"): recipient.class_name, _("Valid until"): recipient.evidence_until},
            missing={_("Evidence"): recipient.class_name},
            next_step=_("Add new evidence and submit the recipient again. Commercial licences stay open."),
            lifted_by=_("The MAR, after your new evidence"),
            fix_path=path,
        )
    return refuse(
        "evidence_missing",
        _("%(name)s is not an approved recipient.") % {"name": recipient.name},
        rule="CIT-3",
        facts={**shown, _("State"): recipient.state, _("Class"): recipient.class_name},
        missing={_("Approval"): recipient.name},
        next_step=_("See on the recipient’s page what is missing, or order for an approved one."),
        lifted_by=_("The MAR, by approving the recipient"),
        fix_path=path,
    )


def _class(recipient: RecipientFacts, kind: str) -> Refusal | None:
    if kind in recipient.may_receive:
        return None
    return refuse(
        "class_not_allowed",
        _("Office goes only to people reached by a Technology Access Programme.")
        if kind == OFFICE
        else _("This class of recipient may not receive this product."),
        rule="CIT-4",
        facts={_("Recipient"): recipient.name, _("Class"): recipient.class_name or _("no longer in force")},
        missing={_("Class"): _("one that may receive it")},
        next_step=_("Choose a recipient whose class may receive it, or another product."),
        lifted_by=_("Nobody: the programme says so"),
        fix_path=RECIPIENTS_PATH,
    )


def quota_refusal(quota: Quota, quantity: int) -> Refusal | None:
    """Return what stands against the quantity: the month's quota first, then Office beside Windows."""
    if quantity > quota.remaining:
        return refuse(
            "cap_exceeded",
            _("This order is over the month’s quota of Citizenship licences."),
            rule="CIT-5",
            rule_version=quota.rule_version,
            rule_since=quota.rule_since,
            until=quota.resets_on,
            facts={**shown_of(quota), _("Asked for"): quantity},
            missing={_("Licences"): quantity - quota.remaining},
            next_step=_up_to(quota.remaining)
            + _(
                "Wait until the quota begins anew, or ask for a quota exception: the MAR brings it before Microsoft."
            ),
            lifted_by=_("Microsoft, by an exception the MAR asks for"),
            fix_path=EXCEPTION_PATH,
        )
    if quota.kind == OFFICE and quantity > quota.office_room:
        waiting = {_("Windows that wait"): quota.windows_waiting} if quota.windows_waiting else {}
        return refuse(
            "cap_exceeded",
            _("There can be no more Office than Windows licences of the Citizenship family in a month."),
            rule="CIT-6",
            rule_version=quota.share_version,
            rule_since=quota.share_since,
            until=quota.resets_on,
            facts={
                _("Windows this month"): quota.windows,
                **waiting,
                _("Office this month"): quota.office,
                _("Remaining"): quota.office_room,
                _("Asked for"): quantity,
                _("Starts again on"): quota.resets_on,
            },
            missing={_("Windows licences"): quantity - quota.office_room},
            next_step=_(
                "Nothing: your Windows licences wait for their keys, and this order goes on with them."
            )
            if waits_for_windows(quota, quantity)
            else _up_to(quota.office_room) + _("Order the Windows licences first."),
            lifted_by=_("You, with Windows licences of the same month"),
            fix_path="/tpr/order/",
        )
    return None


def waits_for_windows(quota: Quota, quantity: int) -> bool:
    """Return whether an Office order is one for Windows licences that are ordered and wait for their keys."""
    return (
        quota.kind == OFFICE
        and quantity <= quota.remaining
        and quota.office_room < quantity <= quota.office_room_later
    )


def _up_to(left: int) -> str:
    return _("Order up to %(left)s now.") % {"left": left} + " " if left else ""


def shown_of(quota: Quota) -> dict[str, Any]:
    """Return the quota's figures as facts."""
    shown: dict[str, Any] = {
        _("Used"): quota.used,
        _("Quota"): quota.cap,
        _("Remaining"): quota.remaining,
        _("Starts again on"): quota.resets_on,
    }
    if quota.exceptions:
        shown[_("Left of exceptions")] = quota.left_of_exceptions
    return shown
