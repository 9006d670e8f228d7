"""Which terms are in force, which a partner is asked to accept, and which he has accepted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from partners.models import Agreement, Partner, TermsAcceptance, TermsText, TermsVersion
from partners.models.partner import PartnerState
from partners.models.terms import AgreementKind


def master_agreement() -> Agreement | None:
    """Return the one contract, None before it is written."""
    return Agreement.objects.filter(kind=AgreementKind.MASTER).first()


def terms_in_force(at: datetime, *, agreement_id: UUID | None = None) -> TermsVersion | None:
    """Return the version in force at a time, of the master agreement when none is named."""
    versions = TermsVersion.objects.select_related("agreement").filter(effective_from__lte=at)
    return _of_agreement(versions, agreement_id).order_by("-effective_from").first()


def terms_on_offer(at: datetime, *, agreement_id: UUID | None = None) -> TermsVersion | None:
    """Return the newest version that is announced: the one a partner may accept now."""
    versions = TermsVersion.objects.select_related("agreement").filter(announced_at__lte=at)
    return _of_agreement(versions, agreement_id).order_by("-effective_from").first()


def missing_terms(partner_id: UUID, at: datetime) -> TermsVersion | None:
    """Return the version of the master agreement a partner must accept before he goes on, else None.

    A version is demanded from its ``due_from`` on; a later one accepted early counts as well.
    """
    demanded = (
        _of_agreement(TermsVersion.objects.filter(due_from__lte=at), None).order_by("-effective_from").first()
    )
    if demanded is None:
        return None
    is_accepted = TermsAcceptance.objects.filter(
        partner_id=partner_id,
        terms__agreement=demanded.agreement_id,
        terms__effective_from__gte=demanded.effective_from,
    ).exists()
    return None if is_accepted else demanded


def terms_by_id(terms_id: UUID) -> TermsVersion | None:
    """Return a version with its agreement, None when there is none."""
    return TermsVersion.objects.select_related("agreement").filter(pk=terms_id).first()


def texts_of(terms: TermsVersion) -> list[TermsText]:
    """Return a version's texts, the binding one first."""
    texts = terms.texts.order_by("language")
    return sorted(texts, key=lambda text: text.language != terms.binding_language)


def text_in(terms: TermsVersion, language: str) -> TermsText:
    """Return a version's text in a language, else in the binding one."""
    texts = texts_of(terms)
    return next((text for text in texts if text.language == language), texts[0])


def acceptance_of(partner_id: UUID, terms_id: UUID) -> TermsAcceptance | None:
    """Return who accepted a version for a partner, None when nobody has."""
    return (
        TermsAcceptance.objects.select_related("user")
        .filter(partner_id=partner_id, terms_id=terms_id)
        .first()
    )


def acceptances_of(partner_id: UUID) -> list[TermsAcceptance]:
    """Return every acceptance of a partner, newest first."""
    found = TermsAcceptance.objects.select_related("user", "terms__agreement").filter(partner_id=partner_id)
    return list(found.order_by("-accepted_at"))


def acceptance_by_id(acceptance_id: UUID, *, partner_id: UUID | None = None) -> TermsAcceptance | None:
    """Return one acceptance with all that its paper names; with a partner, only his."""
    found = TermsAcceptance.objects.select_related("user", "partner", "terms__agreement")
    own = found.filter(partner_id=partner_id) if partner_id else found
    return own.filter(pk=acceptance_id).first()


@dataclass(frozen=True, slots=True)
class AgreementStanding:
    """Where a partner stands with one agreement: what is on offer, and what he accepted last."""

    agreement: Agreement
    on_offer: TermsVersion
    acceptance: TermsAcceptance | None
    latest: TermsAcceptance | None

    @property
    def is_open(self) -> bool:
        """Return whether the version on offer still waits for him."""
        return self.acceptance is None


def agreement_standings(partner_id: UUID, at: datetime) -> list[AgreementStanding]:
    """Return a partner's standing with every announced agreement, the master first, in three queries."""
    versions = (
        TermsVersion.objects.select_related("agreement")
        .filter(announced_at__lte=at)
        .order_by("-effective_from")
    )
    on_offer: dict[UUID, TermsVersion] = {}
    for version in versions:
        on_offer.setdefault(version.agreement_id, version)
    accepted = acceptances_of(partner_id)
    standings = [
        AgreementStanding(
            agreement=version.agreement,
            on_offer=version,
            acceptance=next((row for row in accepted if row.terms_id == version.pk), None),
            latest=next((row for row in accepted if row.terms.agreement_id == version.agreement_id), None),
        )
        for version in on_offer.values()
    ]
    return sorted(standings, key=lambda one: (not one.agreement.is_master, one.agreement.code))


def agreements(at: datetime) -> QuerySet[Agreement]:
    """Return every agreement with its version in force and the one on offer."""
    versions = TermsVersion.objects.filter(agreement=OuterRef("pk")).order_by("-effective_from")
    return Agreement.objects.annotate(
        in_force=Subquery(versions.filter(effective_from__lte=at).values("version")[:1]),
        newest=Subquery(versions.values("version")[:1]),
        newest_id=Subquery(versions.values("pk")[:1]),
        newest_due=Subquery(versions.values("due_from")[:1]),
        version_count=Count("versions"),
    )


def agreement_by_id(agreement_id: UUID) -> Agreement | None:
    """Return an agreement, None when there is none."""
    return Agreement.objects.filter(pk=agreement_id).first()


def versions_of(agreement_id: UUID) -> QuerySet[TermsVersion]:
    """Return an agreement's versions with the count of acceptances, newest first."""
    return (
        TermsVersion.objects.select_related("agreement")
        .filter(agreement_id=agreement_id)
        .annotate(accepted_count=Count("acceptances"))
        .order_by("-effective_from")
    )


def partners_concerned(terms: TermsVersion) -> QuerySet[Partner]:
    """Return whom a version concerns, with who accepted it and when.

    The master concerns everyone; a first schedule too; a later one those who accepted an earlier one.
    """
    accepted = TermsAcceptance.objects.filter(partner=OuterRef("pk"), terms=terms)
    found = Partner.objects.exclude(state=PartnerState.TERMINATED).annotate(
        has_accepted=Exists(accepted),
        accepted_at=Subquery(accepted.values("accepted_at")[:1]),
        accepted_by=Subquery(accepted.values("user__name")[:1]),
        acceptance_id=Subquery(accepted.values("pk")[:1]),
    )
    is_first = not TermsVersion.objects.filter(
        agreement=terms.agreement_id, effective_from__lt=terms.effective_from
    ).exists()
    if terms.agreement.is_master or is_first:
        return found
    return found.filter(
        pk__in=TermsAcceptance.objects.filter(terms__agreement=terms.agreement_id).values("partner")
    )


def accepted_count(terms: TermsVersion) -> int:
    """Return how many of those whom a version concerns have accepted this very version."""
    return partners_concerned(terms).filter(acceptances__terms=terms).count()


def partners_waiting(terms: TermsVersion) -> QuerySet[Partner]:
    """Return whom a version concerns and who has accepted neither it nor a later one."""
    later = TermsAcceptance.objects.filter(
        terms__agreement=terms.agreement_id, terms__effective_from__gte=terms.effective_from
    )
    return partners_concerned(terms).exclude(pk__in=later.values("partner"))


def versions_running_out(at: datetime) -> QuerySet[TermsVersion]:
    """Return the announced versions whose due day is still to come and that nothing newer replaces yet."""
    newer = TermsVersion.objects.filter(
        agreement=OuterRef("agreement"), effective_from__gt=OuterRef("effective_from"), announced_at__lte=at
    )
    return (
        TermsVersion.objects.select_related("agreement")
        .filter(announced_at__lte=at, due_from__gt=at)
        .annotate(newer=Subquery(newer.values("pk")[:1]))
        .filter(newer__isnull=True)
    )


def _of_agreement(versions: QuerySet[TermsVersion], agreement_id: UUID | None) -> QuerySet[TermsVersion]:
    if agreement_id is None:
        return versions.filter(agreement__kind=AgreementKind.MASTER)
    return versions.filter(agreement_id=agreement_id)
