"""Change what a partner may owe and order, and where he sells: lower at once, raise by two people."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound
from core.tenancy import acting_as
from licensing.locks import lock_credit, lock_limit_change
from licensing.models import LimitChange, OrderLimit, SaleCountry
from licensing.rules.key_syntax import mask_keys
from licensing.rules.limits import limit_faults, not_open, second_person, waits_already
from licensing.selectors.limits import limit_now
from partners.models import Partner
from partners.services.partners import set_credit_limit
from partners.services.standing_state import release_orders

Kind = LimitChange.Kind


class LimitRefused(DomainError):
    """The limit cannot change so, or not by this person."""


@transaction.atomic
def change_limit(
    partner_id: UUID, *, kind: str, after: Decimal, country: str = "", reason: str, by: Actor, at: datetime
) -> LimitChange:
    """Lower a limit at once, or propose to raise it. Runs in the MAR's scope.

    Lowering discards a raise of the same limit that still waits: it was proposed from another value.

    :raises NotFound: for an unknown partner.
    :raises Invalid: naming each field that does not fit.
    :raises LimitRefused: while another raise of the same limit waits.
    """
    lock_credit(partner_id)
    partner = Partner.objects.filter(pk=partner_id).first()
    if partner is None or by.user_id is None:
        raise NotFound(_("There is no such partner."))
    before = limit_now(partner_id, kind, country)
    faults = limit_faults(
        kind, country=country, own_country=partner.country, before=before, after=after, reason=reason
    )
    if faults:
        raise Invalid(*faults)
    _settle_open(partner_id, kind, country, is_raise=after > before, at=at)
    with acting_as(by.user_id):
        change = LimitChange.objects.create(
            partner_id=partner_id, kind=kind, country=country, before=before, after=after,
            reason=mask_keys(reason.strip())[:300], written_by_id=by.user_id, written_at=at,
        )  # fmt: skip
    _audit("raise_proposed" if change.is_raise else "lowered", change, by, at)
    if not change.is_raise:
        _apply(change, by, at)
    return change


@transaction.atomic
def approve_limit(change_id: UUID, *, by: Actor, at: datetime) -> LimitChange:
    """Let a raise count from now on, as another person; orders held for it are looked at again.

    :raises NotFound: for an unknown change.
    :raises LimitRefused: for whoever proposed it, for what waits no more, or when the limit changed meanwhile.
    """
    change = _held(change_id)
    if change.state != "proposed" or change.before != limit_now(
        change.partner_id, change.kind, change.country
    ):
        raise LimitRefused(not_open(change.state))
    if by.user_id is None or change.written_by_id == by.user_id:
        raise LimitRefused(second_person(str(change.written_by), change.written_at))
    change.approved_by_id, change.approved_at = by.user_id, at
    with acting_as(by.user_id):
        change.save(update_fields=["approved_by", "approved_at"])
    _audit("raised", change, by, at)
    _apply(change, by, at)
    return change


@transaction.atomic
def discard_limit(change_id: UUID, *, by: Actor, at: datetime) -> None:
    """Put a proposal away; the limit stays as it is.

    :raises NotFound: for an unknown change.
    :raises LimitRefused: for what waits no more.
    """
    change = _held(change_id)
    if change.state != "proposed":
        raise LimitRefused(not_open(change.state))
    change.discarded_at = at
    change.save(update_fields=["discarded_at"])
    _audit("raise_discarded", change, by, at)


def _settle_open(partner_id: UUID, kind: str, country: str, *, is_raise: bool, at: datetime) -> None:
    waiting = LimitChange.objects.select_related("written_by").filter(
        partner_id=partner_id, kind=kind, country=country, approved_at=None, discarded_at=None,
    )  # fmt: skip
    for change in waiting:
        if not change.is_raise:
            continue
        if is_raise:
            raise LimitRefused(waits_already(str(change.written_by), change.written_at))
        change.discarded_at = at
        change.save(update_fields=["discarded_at"])


def _held(change_id: UUID) -> LimitChange:
    partner_id = LimitChange.objects.filter(pk=change_id).values_list("partner_id", flat=True).first()
    if partner_id is None:
        raise NotFound(_("There is no such change."))
    lock_credit(partner_id)
    return lock_limit_change(change_id)


def _apply(change: LimitChange, by: Actor, at: datetime) -> None:
    """Write the limit itself, under the partner's credit position, by which his orders are serialised."""
    match change.kind:
        case Kind.CREDIT:
            set_credit_limit(change.partner_id, limit=change.after, by=by, at=at)
            return
        case Kind.MONTHLY:
            _set_monthly(change)
        case Kind.COUNTRY if change.is_raise:
            SaleCountry.objects.create(partner_id=change.partner_id, country=change.country, valid_from=at)
        case Kind.COUNTRY:
            SaleCountry.objects.filter(
                partner_id=change.partner_id, country=change.country, valid_before__isnull=True
            ).update(valid_before=at)
    if change.is_raise:
        release_orders(change.partner_id, "limit", at=at)


def _set_monthly(change: LimitChange) -> None:
    quantity = int(change.after)
    if not OrderLimit.objects.filter(partner_id=change.partner_id).update(monthly_quantity=quantity):
        OrderLimit.objects.create(partner_id=change.partner_id, monthly_quantity=quantity)


def _audit(act: str, change: LimitChange, by: Actor, at: datetime) -> None:
    audit.record(
        f"licensing.limit.{act}",
        by=by,
        at=at,
        object_type="limit_change",
        object_id=change.pk,
        partner_id=change.partner_id,
        facts={
            "limit": change.kind, "country": change.country, "before": str(change.before), "after": str(change.after),
            "reason": change.reason,
        },
    )  # fmt: skip
