"""Publish a version of the TPR terms, and accept it for a partner."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from partners import locks
from partners.models import Partner, TermsAcceptance, TermsVersion
from partners.models.partner import PartnerState
from partners.selectors.terms import acceptance_of, terms_in_force


class TermsNotInForce(DomainError):
    """What was read is not the version in force."""


class TermsAccepted(DomainError):
    """The version is accepted already."""


@transaction.atomic
def publish_terms(
    *,
    version: str,
    summary: str,
    text: str,
    effective_from: datetime,
    due_from: datetime,
    by: Actor,
    at: datetime,
) -> TermsVersion:
    """Add a version of the terms; its text never changes afterwards."""
    terms = TermsVersion.objects.create(
        version=version,
        summary=summary,
        text=text,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        effective_from=effective_from,
        due_from=due_from,
    )
    audit.record(
        "partners.terms.published",
        by=by,
        at=at,
        object_type="terms",
        object_id=terms.pk,
        facts={"version": version, "text_sha256": terms.text_sha256},
    )
    return terms


@transaction.atomic
def accept_terms(
    *, partner_id: UUID, terms_id: UUID, text_sha256: str, role: str, by: Actor, at: datetime
) -> TermsAcceptance:
    """Accept the terms in force for a partner; a new partner becomes active by it.

    ``text_sha256`` is the hash of the text the person read: what was shown is what is accepted.

    :raises TermsNotInForce: when another version came into force meanwhile.
    :raises TermsAccepted: when a colleague accepted it first.
    """
    partner = locks.lock_partner(partner_id)
    if partner is None or by.user_id is None:
        raise NotFound(_("There is no such partner."))
    terms = terms_in_force(at)
    if terms is None or terms.pk != terms_id or terms.text_sha256 != text_sha256:
        raise TermsNotInForce(
            refuse(
                "terms_not_in_force",
                _("These terms are no longer the ones in force."),
                rule="P-TERMS-1",
                next_step=_("Read the terms as they are now, then accept them."),
                fix_path="/terms/",
            )
        )
    _require_open(partner, terms)
    acceptance = TermsAcceptance.objects.create(
        partner=partner,
        terms=terms,
        user_id=by.user_id,
        role=role,
        accepted_at=at,
        ip=by.ip,
        text_sha256=terms.text_sha256,
    )
    is_new = partner.state == PartnerState.AGREEMENT_PENDING
    if is_new:
        partner.state, partner.state_since = PartnerState.ACTIVE, at
        partner.save(update_fields=["state", "state_since"])
    audit.record(
        "partners.terms.accepted",
        by=by,
        at=at,
        object_type="terms",
        object_id=terms.pk,
        partner_id=partner_id,
        facts={"version": terms.version, "text_sha256": terms.text_sha256, "became_active": is_new},
    )
    return acceptance


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
