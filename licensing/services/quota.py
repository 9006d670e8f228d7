"""Quota exceptions: the partner asks, the MAR packages and asks Microsoft, another person records the answer."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit, storage
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from licensing import locks
from licensing.models import Product, QuotaException
from licensing.models.catalogue import LicenceFamily
from licensing.models.quota import ExceptionState
from licensing.rules.quota import kind_of, may_move
from licensing.selectors.programme_rules import rules_at
from licensing.services.quota_package import build_package
from partners.models import Document
from partners.models.recipients import RecipientState
from partners.rules.applications import REFERENCE_SYMBOLS
from partners.rules.personal_data import personal_refusals
from partners.selectors.mar import mar_zone
from partners.selectors.recipients import class_in_force, recipient_of
from partners.services.documents import store_document

REFERENCE_TRIES = 3
MAX_QUANTITY = 100_000
FOLDER = "quota"


class ExceptionRefused(DomainError):
    """The quota exception cannot take this step, or not by this person."""


@dataclass(frozen=True, slots=True)
class ExceptionRequest:
    """What a partner asks for; both days belong to the period, in the MAR's zone."""

    product_id: int
    recipient_id: UUID
    quantity: int
    period_start: date
    period_end: date
    justification: str
    letter: bytes
    letter_name: str


@transaction.atomic
def request_exception(
    partner_id: UUID, wanted: ExceptionRequest, *, by: Actor, at: datetime
) -> QuotaException:
    """Ask for more than the month's quota, with the organisation's letter. Runs in the partner's scope.

    :raises Invalid: when a fact is wrong or seems to be about a private person.
    """
    _require_sound(partner_id, wanted, at)
    letter = store_document(
        wanted.letter, name=wanted.letter_name, kind=Document.Kind.EXCEPTION_LETTER, partner_id=partner_id, by=by, at=at
    )  # fmt: skip
    exception = _insert(partner_id, wanted, letter, by=by, at=at)
    _audit("licensing.quota_exception.requested", exception, by=by, at=at)
    return exception


@transaction.atomic
def withdraw_exception(exception_id: UUID, *, by: Actor, at: datetime) -> QuotaException:
    """Take a request back before the MAR has packaged it. Runs in the partner's scope.

    :raises ExceptionRefused: when it is further on.
    """
    exception = _locked(exception_id)
    _require_move(exception, ExceptionState.WITHDRAWN)
    exception.state = ExceptionState.WITHDRAWN
    exception.save(update_fields=["state"])
    _audit("licensing.quota_exception.withdrawn", exception, by=by, at=at)
    return exception


@transaction.atomic
def package_exception(exception_id: UUID, *, by: Actor, at: datetime) -> QuotaException:
    """Put cover sheet, letter and evidence into one file for Microsoft; whoever does it handles the case.

    :raises ExceptionRefused: when it was packaged before.
    """
    exception = _locked(exception_id)
    _require_move(exception, ExceptionState.PACKAGED)
    content = build_package(exception, at=at)
    exception.package_path, exception.package_sha256 = storage.store_bytes(
        content, folder=FOLDER, suffix=".zip"
    )
    exception.state, exception.packaged_at = ExceptionState.PACKAGED, at
    exception.handled_by_id = _person(by)
    exception.save(update_fields=["package_path", "package_sha256", "state", "packaged_at", "handled_by"])
    _audit("licensing.quota_exception.packaged", exception, by=by, at=at, sha256=exception.package_sha256)
    return exception


@transaction.atomic
def mark_exception_asked(exception_id: UUID, *, by: Actor, at: datetime) -> QuotaException:
    """Note that the package has gone to Microsoft.

    :raises ExceptionRefused: when there is no package, or it was sent before.
    """
    exception = _locked(exception_id)
    _require_move(exception, ExceptionState.ASKED)
    _person(by)
    exception.state, exception.asked_at = ExceptionState.ASKED, at
    exception.save(update_fields=["state", "asked_at"])
    _audit("licensing.quota_exception.asked", exception, by=by, at=at)
    return exception


@transaction.atomic
def record_answer(
    exception_id: UUID, *, is_approved: bool, microsoft_reference: str, note: str, by: Actor, at: datetime
) -> QuotaException:
    """Record Microsoft's answer; an approval opens exactly the product, quantity and period asked for.

    :raises ExceptionRefused: by the handler himself, before it was asked, or an approval without reference.
    """
    if found := personal_refusals({_("Reference"): microsoft_reference, _("Note"): note}):
        raise Invalid(*found)
    exception = _locked(exception_id)
    state = ExceptionState.APPROVED if is_approved else ExceptionState.REFUSED
    _require_move(exception, state)
    person = _require_other(exception, by)
    if is_approved and not microsoft_reference.strip():
        raise ExceptionRefused(_needs_reference())
    exception.state, exception.decided_by_id, exception.decided_at = state, person, at
    exception.microsoft_reference = microsoft_reference.strip()[:60]
    exception.decision_note = note.strip()[:600]
    exception.save(
        update_fields=["state", "decided_by", "decided_at", "microsoft_reference", "decision_note"]
    )
    _audit(f"licensing.quota_exception.{state.value}", exception, by=by, at=at)
    enqueue("licensing.send_quota_answer", at=at, exception_id=exception.pk)
    return exception


def _require_sound(partner_id: UUID, wanted: ExceptionRequest, at: datetime) -> None:
    found = personal_refusals({_("Why"): wanted.justification, _("File name"): wanted.letter_name})
    product = Product.objects.filter(pk=wanted.product_id, family=LicenceFamily.CITIZENSHIP).first()
    recipient = recipient_of(partner_id, wanted.recipient_id)
    group = class_in_force(recipient.class_code, at) if recipient else None
    today = at.astimezone(mar_zone()).date()
    days = (wanted.period_end - wanted.period_start).days
    longest = rules_at(at).number("citizenship.exception", "longest_days")
    wrong = [
        (_("Product"), product is not None),
        (_("Recipient"), recipient is not None and recipient.state == RecipientState.APPROVED),
        (
            _("Class of the recipient"),
            product is None or group is None or kind_of(product.generation) in group.products,
        ),
        (_("Quantity"), 1 <= wanted.quantity <= MAX_QUANTITY),
        (_("Period"), 0 <= days <= longest and wanted.period_end >= today),
        (_("Why"), len(wanted.justification.strip()) >= 20),
    ]
    found += [_field(label) for label, is_sound in wrong if not is_sound]
    if found:
        raise Invalid(*found)


def _field(label: str) -> Refusal:
    return refuse(
        "exception_field",
        _("“%(field)s” does not fit.") % {"field": label},
        rule="CIT-7",
        facts={_("Field"): label},
        next_step=_(
            "Name a Citizenship product, one of your approved recipients that may receive it, a quantity, a period of "
            "at most a year that is not over, and two sentences why."
        ),
        lifted_by=_("You"),
    )


def _insert(
    partner_id: UUID, wanted: ExceptionRequest, letter: Document, *, by: Actor, at: datetime
) -> QuotaException:
    """Add the row under a fresh reference; a reference already taken is drawn again."""
    for tries_left in reversed(range(REFERENCE_TRIES)):
        reference = "QX-" + "".join(secrets.choice(REFERENCE_SYMBOLS) for _n in range(6))
        try:
            with transaction.atomic():
                return QuotaException.objects.create(
                    reference=reference, partner_id=partner_id, recipient_id=wanted.recipient_id,
                    product_id=wanted.product_id, quantity=wanted.quantity, period_start=wanted.period_start,
                    period_end=wanted.period_end, justification=wanted.justification.strip()[:2000], letter=letter,
                    state=ExceptionState.REQUESTED, requested_by=by.id[:40], requested_at=at,
                )  # fmt: skip
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _locked(exception_id: UUID) -> QuotaException:
    exception = locks.lock_quota_exception(exception_id)
    if exception is None:
        raise NotFound(_("There is no such quota exception."))
    return exception


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise ExceptionRefused(_same(_("Only a person handles a quota exception."), None))
    return by.user_id


def _require_other(exception: QuotaException, by: Actor) -> UUID:
    person = _person(by)
    if exception.handled_by_id is None:
        raise ExceptionRefused(
            _same(_("Somebody packages the request before another person answers it."), None)
        )
    if person == exception.handled_by_id:
        raise ExceptionRefused(
            _same(_("You handle this exception, so another person records the answer."), exception)
        )
    return person


def _same(what: str, exception: QuotaException | None) -> Refusal:
    facts = (
        {_("Handled by"): str(exception.handled_by), _("Package made"): exception.packaged_at}
        if exception
        else {}
    )
    return refuse(
        "same_person_decides",
        what,
        rule="CIT-9",
        facts=facts,
        next_step=_("Ask a colleague with the role MAR approver to open this page."),
        lifted_by=_("A MAR approver who is another person"),
    )


def _needs_reference() -> Refusal:
    return refuse(
        "reference_needed",
        _("An approval carries Microsoft’s reference."),
        rule="CIT-8",
        facts={_("Field"): _("Microsoft’s reference")},
        next_step=_("Copy the number or the subject of Microsoft’s answer."),
        lifted_by=_("You"),
    )


def _require_move(exception: QuotaException, state: ExceptionState) -> None:
    if may_move(exception.state, state):
        return
    raise ExceptionRefused(
        refuse(
            "exception_cannot_move",
            _("The exception does not stand where this step begins; somebody may have been first."),
            rule="CIT-8",
            facts={
                _("Exception"): exception.reference,
                _("State"): exception.get_state_display(),
                _("By"): str(exception.decided_by or exception.handled_by or "–"),
            },
            next_step=_("Open it again to see how it stands."),
        )
    )


def _audit(action: str, exception: QuotaException, *, by: Actor, at: datetime, **facts: str) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="quota_exception",
        object_id=exception.pk,
        partner_id=exception.partner_id,
        facts={"reference": exception.reference, "quantity": exception.quantity, **facts},
    )
