"""Change what is known about a partner's company: contact facts at once, contract facts by a request."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from partners import locks
from partners.models import CompanyChange, Partner
from partners.rules.company import (
    CONTACT_FIELDS,
    CONTRACT_FIELDS,
    changed,
    clean_contract_facts,
    example_vat_id,
    wrong_contract_facts,
)
from partners.rules.countries import country_name
from partners.selectors.company import open_change_of

State = CompanyChange.State


class CompanyFactsWrong(Invalid):
    """A fact does not have the form it must have, or nothing differs."""


class CompanyChangeClosed(DomainError):
    """Another request waits, or this one is decided."""


class CompanyChangeNotYours(DomainError):
    """Whoever asked does not confirm, and a machine does neither."""


@transaction.atomic
def change_contact_facts(partner_id: UUID, *, facts: dict[str, str], by: Actor, at: datetime) -> Partner:
    """Change whom and where to reach; it counts at once. Only the fields named are audited, no person.

    :raises NotFound: for an unknown partner.
    """
    partner = _locked(partner_id)
    known = {name: str(getattr(partner, name)) for name in CONTACT_FIELDS}
    _before, after = changed(known, {name: facts[name].strip() for name in CONTACT_FIELDS if name in facts})
    if after:
        for name, value in after.items():
            setattr(partner, name, value)
        partner.save(update_fields=sorted(after))
        _audit("partners.company.contact_changed", partner_id, by=by, at=at, fields=sorted(after))
    return partner


@transaction.atomic
def request_company_change(
    partner_id: UUID, *, facts: dict[str, str], reason: str, by: Actor, at: datetime
) -> CompanyChange:
    """Ask the MAR to change name, country, VAT number or bank. Nothing changes until it confirms.

    :raises CompanyFactsWrong: naming every fact that does not fit, or that nothing differs.
    :raises CompanyChangeClosed: while an earlier request waits.
    :raises CompanyChangeNotYours: when no person asks.
    """
    partner = _locked(partner_id)
    person = _person(by)
    wanted = clean_contract_facts(facts)
    _require_good(wanted)
    before, after = changed({name: str(getattr(partner, name)) for name in CONTRACT_FIELDS}, wanted)
    if not after:
        raise CompanyFactsWrong(
            refuse(
                "nothing_differs",
                _("Nothing differs from what stands there."),
                rule="P-COMP-2",
                next_step=_("Change at least one field."),
            )
        )
    if open_change_of(partner_id) is not None:
        raise _closed(_("An earlier request waits for the programme office."))
    change = CompanyChange.objects.create(
        partner_id=partner_id,
        before=before,
        after=after,
        reason=reason.strip()[:300],
        state=State.REQUESTED,
        requested_by_id=person,
        requested_at=at,
    )
    _audit("partners.company.change_requested", partner_id, by=by, at=at, fields=sorted(after))
    enqueue("partners.send_company_change", at=at, change_id=change.pk)
    return change


@transaction.atomic
def withdraw_company_change(change_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> CompanyChange:
    """Take a request back before it is decided.

    :raises NotFound: when the partner has no such request.
    :raises CompanyChangeClosed: when it is decided or taken back already.
    """
    change = _open_change(change_id, partner_id)
    change.state, change.withdrawn_at = State.WITHDRAWN, at
    change.save(update_fields=["state", "withdrawn_at"])
    _audit("partners.company.change_withdrawn", partner_id, by=by, at=at, fields=sorted(change.after))
    return change


@transaction.atomic
def confirm_company_change(
    change_id: UUID, *, partner_id: UUID, note: str, by: Actor, at: datetime
) -> CompanyChange:
    """Let the new facts stand from now on. Runs in the MAR's scope.

    :raises NotFound: when the partner has no such request.
    :raises CompanyChangeClosed: when somebody else was first.
    :raises CompanyChangeNotYours: when the asker confirms, or no person does.
    """
    partner = _locked(partner_id)
    change = _decide(change_id, partner_id, State.CONFIRMED, note=note, by=by, at=at)
    for name, value in change.after.items():
        setattr(partner, name, value)
    partner.save(update_fields=sorted(change.after))
    _audit("partners.company.changed", partner_id, by=by, at=at, fields=sorted(change.after))
    return change


@transaction.atomic
def refuse_company_change(
    change_id: UUID, *, partner_id: UUID, note: str, by: Actor, at: datetime
) -> CompanyChange:
    """Let everything stand as it is, and say why. Runs in the MAR's scope.

    :raises NotFound: when the partner has no such request.
    :raises CompanyChangeClosed: when somebody else was first.
    :raises CompanyChangeNotYours: when the asker decides, or no person does.
    """
    change = _decide(change_id, partner_id, State.REFUSED, note=note, by=by, at=at)
    _audit("partners.company.change_refused", partner_id, by=by, at=at, fields=sorted(change.after))
    return change


def _decide(
    change_id: UUID, partner_id: UUID, state: str, *, note: str, by: Actor, at: datetime
) -> CompanyChange:
    change = _open_change(change_id, partner_id)
    person = _person(by)
    if person == change.requested_by_id:
        raise _not_yours(_("You asked for this change, so another person confirms it."))
    change.state, change.decided_by_id, change.decided_at = state, person, at
    change.decision_note = note.strip()[:300]
    change.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    enqueue("partners.send_company_change_decided", at=at, change_id=change.pk)
    return change


def _open_change(change_id: UUID, partner_id: UUID) -> CompanyChange:
    change = locks.lock_company_change(change_id)
    if change is None or change.partner_id != partner_id:
        raise NotFound(_("There is no such request."))
    if change.state != State.REQUESTED:
        raise _closed(_("This request is closed: %(state)s.") % {"state": State(change.state).label})
    return change


def _locked(partner_id: UUID) -> Partner:
    partner = locks.lock_partner(partner_id)
    if partner is None:
        raise NotFound(_("There is no such partner."))
    return partner


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise _not_yours(_("Only a person changes company facts."))
    return by.user_id


def _require_good(facts: dict[str, str]) -> None:
    words = {
        "empty": _("A company has a name."),
        "country": _("Choose a country of the list."),
        "vat": _("The VAT number does not have the form of %(country)s, such as %(example)s.")
        % {"country": country_name(facts["country"]), "example": example_vat_id(facts["country"])},
        "iban": _("The IBAN has a wrong length or a wrong check digit."),
    }
    wrong = wrong_contract_facts(facts)
    if wrong:
        raise CompanyFactsWrong(
            *(
                refuse(
                    f"company_{problem}",
                    words[problem],
                    rule="P-COMP-1",
                    next_step=_("Copy it from an official paper and try again."),
                    lifted_by=_("You, with a correct entry"),
                )
                for problem in wrong.values()
            )
        )


def _closed(what: str) -> CompanyChangeClosed:
    return CompanyChangeClosed(
        refuse(
            "company_change_closed",
            what,
            rule="P-COMP-3",
            next_step=_("Open the page again to see how it stands."),
            lifted_by=_("The programme office"),
        )
    )


def _not_yours(what: str) -> CompanyChangeNotYours:
    return CompanyChangeNotYours(
        refuse(
            "company_change_not_yours",
            what,
            rule="P-COMP-4",
            next_step=_("Ask an administrator of the programme office."),
            lifted_by=_("An administrator who is another person"),
        )
    )


def _audit(action: str, partner_id: UUID, *, by: Actor, at: datetime, fields: list[str]) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="partner",
        object_id=partner_id,
        partner_id=partner_id,
        facts={"fields": fields},
    )
