"""Write agreements and publish their versions."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from partners import locks
from partners.models import Agreement, TermsText, TermsVersion
from partners.models.terms import AgreementKind
from partners.rules.terms import check_dates
from partners.selectors.mar import mar_zone, the_mar
from partners.selectors.terms import master_agreement

MASTER_CODE = "TPR"
DEFAULT_NOTICE_DAYS = 30


class AgreementRefused(DomainError):
    """The agreement or its version cannot stand as it was written."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A version's words in one language."""

    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version as it is written, before it is published."""

    version: str
    texts: Mapping[str, WrittenText]
    binding_language: str
    announced_at: datetime
    effective_from: datetime
    due_from: datetime
    notice_waiver: str = ""


@transaction.atomic
def create_agreement(
    *,
    code: str,
    kind: str,
    title: str,
    families: Sequence[str] = (),
    products: Sequence[str] = (),
    by: Actor,
    at: datetime,
) -> Agreement:
    """Add an agreement without a version yet: nothing is asked of anybody before one is announced.

    :raises AgreementRefused: for a second master, a taken code, or a schedule that covers nothing.
    """
    locks.lock_agreements()
    if Agreement.objects.filter(code=code).exists():
        raise AgreementRefused(
            refuse(
                "agreement_code_taken",
                _("There is an agreement with this code already."),
                rule="P-AGR-1",
                facts={_("Code"): code},
                next_step=_("Choose another code."),
                lifted_by=_("You"),
            )
        )
    _require_coverage(kind, families, products)
    agreement = Agreement.objects.create(
        code=code, kind=kind, title=title, families=list(families), products=list(products), created_at=at
    )
    audit.record(
        "partners.agreement.created",
        by=by,
        at=at,
        object_type="agreement",
        object_id=agreement.pk,
        facts={"code": code, "kind": kind, "families": list(families), "products": list(products)},
    )
    return agreement


def _require_coverage(kind: str, families: Sequence[str], products: Sequence[str]) -> None:
    is_master, covers = kind == AgreementKind.MASTER, bool(families or products)
    if is_master and (covers or master_agreement() is not None):
        what = _("There is one master agreement, and it covers every product.")
    elif not is_master and not covers:
        what = _("A schedule covers at least one licence family or product.")
    else:
        return
    raise AgreementRefused(
        refuse(
            "agreement_coverage",
            what,
            rule="P-AGR-2",
            next_step=_("Choose the kind and what it covers anew."),
            lifted_by=_("You"),
        )
    )


@transaction.atomic
def publish_version(agreement_id: UUID, written: NewVersion, *, by: Actor, at: datetime) -> TermsVersion:
    """Add a version to an agreement; partners are told from its announcement on.

    Its texts never change afterwards. The text in the binding language counts.

    :raises AgreementRefused: when the dates, the notice, the order of versions or the texts are wrong.
    """
    agreement = locks.lock_agreement(agreement_id)
    if agreement is None:
        raise NotFound(_("There is no such agreement."))
    _require_dates(agreement, written, at)
    _require_order(agreement, written)
    texts = _cleaned(written)
    terms = TermsVersion.objects.create(
        agreement=agreement,
        version=written.version,
        binding_language=written.binding_language,
        announced_at=written.announced_at,
        effective_from=written.effective_from,
        due_from=written.due_from,
        notice_waiver=written.notice_waiver.strip(),
        published_by=by.label[:200],
    )
    hashes = {}
    for language, words in texts.items():
        hashes[language] = hashlib.sha256(words.text.encode()).hexdigest()
        TermsText.objects.create(
            terms=terms, language=language, summary=words.summary, text=words.text, sha256=hashes[language]
        )
    audit.record(
        "partners.terms.published",
        by=by,
        at=at,
        object_type="terms",
        object_id=terms.pk,
        facts={
            "agreement": agreement.code,
            "version": written.version,
            "text_sha256": hashes,
            "notice_waiver": terms.notice_waiver,
        },
    )
    enqueue("partners.announce_terms", at=at, due_at=written.announced_at, terms_id=terms.pk)
    return terms


@transaction.atomic
def open_master_agreement(
    *,
    version: str,
    summary: str,
    text: str,
    effective_from: datetime,
    due_from: datetime,
    language: str = "en",
    by: Actor,
    at: datetime,
) -> TermsVersion:
    """Open the master agreement with its first version: the first paper of a new house.

    :raises AgreementRefused: when there is a master already.
    """
    master = create_agreement(
        code=MASTER_CODE, kind=AgreementKind.MASTER, title=_("TPR agreement"), by=by, at=at
    )
    written = NewVersion(
        version=version,
        texts={language: WrittenText(summary, text)},
        binding_language=language,
        announced_at=at,
        effective_from=effective_from,
        due_from=due_from,
    )
    return publish_version(master.pk, written, by=by, at=at)


def _require_dates(agreement: Agreement, written: NewVersion, at: datetime) -> None:
    mar = the_mar()
    is_first_contract = agreement.is_master and not agreement.versions.exists()
    problem = check_dates(
        announced_at=written.announced_at,
        effective_from=written.effective_from,
        due_from=written.due_from,
        now=at,
        notice_days=0 if is_first_contract else (mar.notice_days if mar else DEFAULT_NOTICE_DAYS),
        waiver=written.notice_waiver,
        zone=mar_zone(),
    )
    if problem:
        raise AgreementRefused(problem)


def _require_order(agreement: Agreement, written: NewVersion) -> None:
    newest = agreement.versions.order_by("-effective_from").first()
    is_taken = agreement.versions.filter(version=written.version).exists()
    if not is_taken and (newest is None or newest.effective_from < written.effective_from):
        return
    raise AgreementRefused(
        refuse(
            "version_out_of_order",
            _("A new version has its own number and comes into force after the one before."),
            rule="P-TERMS-5",
            facts={
                _("Newest version"): newest.version if newest else "–",
                _("In force from"): newest.effective_from if newest else "–",
            },
            next_step=_("Choose another number or a later day."),
            lifted_by=_("You"),
        )
    )


def _cleaned(written: NewVersion) -> dict[str, WrittenText]:
    """Return the texts with even line ends.

    :raises AgreementRefused: when the binding text is missing, or one language has half of its words.
    """
    texts = {
        language: WrittenText(_plain(words.summary), _plain(words.text))
        for language, words in written.texts.items()
        if words.summary.strip() or words.text.strip()
    }
    halves = [language for language, words in texts.items() if not (words.summary and words.text)]
    if written.binding_language in texts and not halves:
        return texts
    raise AgreementRefused(
        refuse(
            "terms_text_missing",
            _("The binding language needs its text, and each language both its text and its plain words."),
            rule="P-TERMS-6",
            facts={
                _("Binding language"): written.binding_language,
                _("Incomplete"): ", ".join(halves) or "–",
            },
            next_step=_("Fill in what is missing, or leave the language out."),
            lifted_by=_("You"),
        )
    )


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
