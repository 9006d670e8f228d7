"""Is the company known already? Compares with every other application and with every partner."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.tenancy import mar_scope
from partners.checks.base import ApplicantFacts, CheckAnswer
from partners.models import Application, Partner
from partners.models.check import CheckResult
from partners.rules.company_identity import address_norm, company_norm, iban_norm, phone_norm, vat_root
from partners.rules.likeness import EQUAL, most_alike
from partners.selectors import companies_alike as selectors

MOST_HITS = 20
# How sure a shared value makes it, from 0 to 100; a name counts by its likeness.
SURE = {"vat": 100, "iban": 95, "address": 80, "phone": 75}


@dataclass(slots=True)
class _Hit:
    """One other company and what it shares."""

    kind: str
    id: str
    label: str
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def score(self) -> int:
        return max(self.reasons.values())


class DuplicateCompany:
    """Look into our own tables; opens the MAR's scope itself."""

    kind = CheckResult.Kind.DUPLICATE.value
    name = "own records"

    def __init__(self, *, name_threshold: int) -> None:
        self._threshold = name_threshold

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Compare VAT root, name, address, IBAN and telephone."""
        own = _identity(facts)
        hits: dict[str, _Hit] = {}
        with mar_scope():
            self._compare_applications(facts, own, hits)
            self._compare_partners(facts, own, hits)
        found = sorted(hits.values(), key=lambda hit: (-hit.score, hit.label))
        if not found:
            return CheckAnswer(
                CheckResult.Outcome.CLEAR,
                _("Nobody else with this VAT number, name, address, IBAN or telephone."),
            )
        text = ngettext(
            "%(count)s other company is like this one, the closest by %(score)s %%.",
            "%(count)s other companies are like this one, the closest by %(score)s %%.",
            len(found),
        ) % {"count": len(found), "score": found[0].score}
        return CheckAnswer(
            CheckResult.Outcome.ATTENTION,
            text,
            {"hits": [_plain(hit) for hit in found[:MOST_HITS]], "count": len(found)},
        )

    def _compare_applications(
        self, facts: ApplicantFacts, own: dict[str, str], hits: dict[str, _Hit]
    ) -> None:
        columns = {"iban": "iban_norm", "address": "address_norm", "phone": "phone_norm"}
        for other in selectors.applications_sharing(facts.application_id, vat_id=facts.vat_id, **own):
            if own["vat_root"] and own["vat_root"] == vat_root(other.vat_id, country=other.country):
                _note(hits, other, "vat", SURE["vat"])
            for reason, column in columns.items():
                if own[column] and own[column] == getattr(other, column):
                    _note(hits, other, reason, SURE[reason])
            if own["company_norm"] and own["company_norm"] == other.company_norm:
                _note(hits, other, "name", EQUAL)
        names = selectors.application_names(facts.country, other_than=facts.application_id)
        near = self._alike(facts, names)
        others = selectors.applications_by_ids(list(near))
        for application_id, score in near.items():
            _note(hits, others[application_id], "name", score)

    def _compare_partners(self, facts: ApplicantFacts, own: dict[str, str], hits: dict[str, _Hit]) -> None:
        partners = {row.pk: row for row in selectors.partner_identities(other_than=facts.application_id)}
        for partner in partners.values():
            if own["vat_root"] and own["vat_root"] == vat_root(partner.vat_id, country=partner.country):
                _note(hits, partner, "vat", SURE["vat"])
        names = [
            (row.pk, company_norm(row.name)) for row in partners.values() if row.country == facts.country
        ]
        for partner_id, score in self._alike(facts, names).items():
            _note(hits, partners[partner_id], "name", score)

    def _alike(self, facts: ApplicantFacts, names: list[tuple[UUID, str]]) -> dict[UUID, int]:
        """Return the likeness of the companies whose name is like the company's or its trade name."""
        best: dict[UUID, int] = {}
        for asked in _names_of(facts):
            near = most_alike(asked, [name for _id, name in names], at_least=self._threshold, limit=MOST_HITS)
            for place, score in near:
                found = names[place][0]
                best[found] = max(score, best.get(found, 0))
        return best


def _identity(facts: ApplicantFacts) -> dict[str, str]:
    return {
        "vat_root": vat_root(facts.vat_id, country=facts.country),
        "company_norm": company_norm(facts.company),
        "address_norm": address_norm(facts.street, facts.postcode, country=facts.country),
        "iban_norm": iban_norm(facts.iban),
        "phone_norm": phone_norm(facts.phone),
    }


def _names_of(facts: ApplicantFacts) -> Iterable[str]:
    return dict.fromkeys(
        name for name in (company_norm(facts.company), company_norm(facts.trade_name)) if name
    )


def _note(hits: dict[str, _Hit], other: Application | Partner, reason: str, score: int) -> None:
    """Add one reason; an application that became a partner is shown as the partner."""
    if isinstance(other, Application) and other.partner is not None:
        other = other.partner
    if isinstance(other, Partner):
        hit = _Hit("partner", str(other.pk), f"{other.code} {other.name}")
    else:
        hit = _Hit("application", str(other.pk), f"{other.reference} {other.company}")
    hit = hits.setdefault(hit.id, hit)
    hit.reasons[reason] = max(score, hit.reasons.get(reason, 0))


def _plain(hit: _Hit) -> dict[str, Any]:
    return {
        "kind": hit.kind,
        "id": hit.id,
        "label": hit.label[:160],
        "score": hit.score,
        "reasons": [{"what": what, "score": score} for what, score in sorted(hit.reasons.items())],
    }
