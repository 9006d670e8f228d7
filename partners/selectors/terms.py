"""Which terms are in force, and whether a partner has accepted them."""

from datetime import datetime
from uuid import UUID

from partners.models import TermsAcceptance, TermsVersion


def terms_in_force(at: datetime) -> TermsVersion | None:
    """Return the version shown and accepted at a time, None before the first one."""
    return TermsVersion.objects.filter(effective_from__lte=at).order_by("-effective_from").first()


def missing_terms(partner_id: UUID, at: datetime) -> TermsVersion | None:
    """Return the version a partner must accept before he goes on, None when nothing is missing.

    A version is demanded from its ``due_from`` on; a later one accepted early counts as well.
    """
    demanded = TermsVersion.objects.filter(due_from__lte=at).order_by("-effective_from").first()
    if demanded is None:
        return None
    is_accepted = TermsAcceptance.objects.filter(
        partner_id=partner_id, terms__effective_from__gte=demanded.effective_from
    ).exists()
    return None if is_accepted else demanded


def acceptance_of(partner_id: UUID, terms_id: UUID) -> TermsAcceptance | None:
    """Return who accepted a version for a partner, None when nobody has."""
    return (
        TermsAcceptance.objects.select_related("user")
        .filter(partner_id=partner_id, terms_id=terms_id)
        .first()
    )


def acceptances_of(partner_id: UUID) -> list[TermsAcceptance]:
    """Return every acceptance of a partner, newest first."""
    found = TermsAcceptance.objects.select_related("user", "terms").filter(partner_id=partner_id)
    return list(found.order_by("-accepted_at"))
