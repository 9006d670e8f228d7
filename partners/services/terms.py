"""Accept a version of an agreement for a partner, and remind those who have not."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from partners import locks
from partners.models import Partner, TermsAcceptance, TermsText, TermsVersion
from partners.models.partner import PartnerState
from partners.selectors.terms import acceptance_of, terms_by_id, terms_on_offer
from partners.services.reminders import remind_partners
from partners.services.standing_state import activate


class TermsNotInForce(DomainError):
    """What was read is not the version on offer."""


class TermsAccepted(DomainError):
    """The version is accepted already."""


@transaction.atomic
def accept_terms(
    *, partner_id: UUID, terms_id: UUID, text_sha256: str, role: str, by: Actor, at: datetime
) -> TermsAcceptance:
    """Accept a version for a partner; a new partner becomes active by the master agreement.

    ``text_sha256`` is the hash of the text the person read, in whatever language: what was shown is
    what is accepted. A version may be accepted from its announcement on.

    :raises TermsNotInForce: when another version is on offer meanwhile.
    :raises TermsAccepted: when a colleague accepted it first.
    """
    partner = locks.lock_partner(partner_id)
    if partner is None or by.user_id is None:
        raise NotFound(_("There is no such partner."))
    terms, text = _require_on_offer(terms_id, text_sha256, at)
    _require_open(partner, terms)
    acceptance = TermsAcceptance.objects.create(
        partner=partner,
        terms=terms,
        user_id=by.user_id,
        role=role,
        accepted_at=at,
        ip=by.ip,
        language=text.language,
        text_sha256=text.sha256,
    )
    is_new = terms.agreement.is_master and partner.state == PartnerState.AGREEMENT_PENDING
    if is_new:
        activate(partner, by=by, at=at)
    audit.record(
        "partners.terms.accepted",
        by=by,
        at=at,
        object_type="terms",
        object_id=terms.pk,
        partner_id=partner_id,
        facts={
            "agreement": terms.agreement.code,
            "version": terms.version,
            "language": text.language,
            "text_sha256": text.sha256,
            "became_active": is_new,
        },
    )
    enqueue("reporting.make_acceptance_paper", at=at, partner_id=partner_id, acceptance_id=acceptance.pk)
    return acceptance


def _require_on_offer(terms_id: UUID, text_sha256: str, at: datetime) -> tuple[TermsVersion, TermsText]:
    asked = terms_by_id(terms_id)
    on_offer = terms_on_offer(at, agreement_id=asked.agreement_id) if asked else None
    text = TermsText.objects.filter(terms=on_offer, sha256=text_sha256).first() if on_offer else None
    if on_offer is not None and on_offer.pk == terms_id and text is not None:
        return on_offer, text
    raise TermsNotInForce(
        refuse(
            "terms_not_in_force",
            _("These terms are no longer the ones on offer."),
            rule="P-TERMS-1",
            next_step=_("Read the terms as they are now, then accept them."),
            fix_path="/terms/",
        )
    )


def _require_open(partner: Partner, terms: TermsVersion) -> None:
    earlier = acceptance_of(partner.pk, terms.pk)
    if earlier is None:
        return
    raise TermsAccepted(
        refuse(
            "terms_accepted",
            _("These terms are accepted already."),
            rule="P-TERMS-2",
            facts={_("By"): str(earlier.user), _("Time"): earlier.accepted_at},
            next_step=_("Nothing is left to do here."),
        )
    )


@transaction.atomic
def remind_of_terms(terms_id: UUID, *, by: Actor, at: datetime) -> int:
    """Mail every partner who has not accepted a version, once a day at most; return how many.

    :raises Invalid: before its announcement.
    """
    terms = terms_by_id(terms_id)
    if terms is None:
        raise NotFound(_("There is no such version."))
    if terms.announced_at > at:
        raise Invalid(
            refuse(
                "terms_not_announced",
                _("This version is not announced yet."),
                rule="P-TERMS-7",
                facts={_("Announced"): terms.announced_at},
                next_step=_("Wait for its announcement; everyone gets a mail then."),
                lifted_by=_("Time"),
            )
        )
    told = remind_partners(terms, at=at)
    audit.record(
        "partners.terms.reminded",
        by=by,
        at=at,
        object_type="terms",
        object_id=terms.pk,
        facts={"agreement": terms.agreement.code, "version": terms.version, "partners": told},
    )
    return told
