"""Is the company, its trade name or an owner on a sanctions list that is loaded here? No network."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.tenancy import mar_scope
from partners.checks.base import ApplicantFacts, CheckAnswer
from partners.models import SanctionsEntry, SanctionsList
from partners.models.check import CheckResult
from partners.rules.company_identity import company_norm, plain_name
from partners.rules.likeness import most_alike
from partners.selectors import sanctions as selectors

MOST_HITS = 20


class SanctionsLists:
    """Compare names with the lists in force; opens the MAR's scope itself.

    A likeness is never more than a reason to look: many people share a name.
    """

    kind = CheckResult.Kind.SANCTIONS.value
    name = "loaded lists"

    def __init__(self, *, threshold: int) -> None:
        self._threshold = threshold

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Compare every name of the applicant with every name on every list in force."""
        with mar_scope():
            lists = selectors.lists_in_force()
            if not lists:
                text = _("No sanctions list is loaded, so nothing was compared.")
                return CheckAnswer(CheckResult.Outcome.ATTENTION, text, {"lists": [], "compared": False})
            asked = _asked(facts)
            hits = [hit for each in lists for hit in self._hits(each, asked)]
        hits.sort(key=lambda hit: (-hit["score"], hit["name"]))
        told = {
            "lists": [
                {"source": each.source, "published_on": str(each.published_on), "entries": each.entries}
                for each in lists
            ],
            "compared": True,
            "names": len(asked),
            "threshold": self._threshold,
            "hits": hits[:MOST_HITS],
        }
        if hits:
            text = ngettext(
                "%(count)s name on a sanctions list is like the applicant's, the closest by %(score)s %%.",
                "%(count)s names on sanctions lists are like the applicant's, the closest by %(score)s %%.",
                len(hits),
            ) % {"count": len(hits), "score": hits[0]["score"]}
            return CheckAnswer(CheckResult.Outcome.ATTENTION, text, told)
        oldest = min(each.published_on for each in lists if each.published_on)
        text = ngettext(
            "No likeness on the list of %(date)s.",
            "No likeness on %(count)s lists, the older of %(date)s.",
            len(lists),
        ) % {"count": len(lists), "date": oldest.isoformat()}
        return CheckAnswer(CheckResult.Outcome.CLEAR, text, told)

    def _hits(self, sanctions_list: SanctionsList, asked: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
        on_list = list(selectors.names_on(sanctions_list))
        names = [name for _entry, name in on_list]
        best: dict[tuple[int, str], tuple[int, str, str]] = {}
        for what, said, norm in asked:
            for place, score in most_alike(norm, names, at_least=self._threshold, limit=MOST_HITS):
                key = (on_list[place][0], said)
                best[key] = max((score, what, said), best.get(key, (0, "", "")))
        entries = selectors.entries_by_ids([entry_id for entry_id, _said in best])
        return [
            _plain(entries[entry_id], score, what, said)
            for (entry_id, _said), (score, what, said) in best.items()
        ]


def _asked(facts: ApplicantFacts) -> list[tuple[str, str, str]]:
    """Return (what, the name as said, the name as compared) of everybody who is compared."""
    said = [("company", facts.company, company_norm(facts.company))]
    if facts.trade_name:
        said.append(("trade_name", facts.trade_name, company_norm(facts.trade_name)))
    said += [("owner", owner, plain_name(owner)) for owner in facts.owners]
    return [name for name in said if name[2]]


def _plain(entry: SanctionsEntry, score: int, what: str, said: str) -> dict[str, Any]:
    return {
        "what": what,
        "said": said[:160],
        "name": entry.name[:160],
        "aliases": [alias[:100] for alias in entry.aliases[:3]],
        "score": score,
        "kind": entry.kind,
        "reference": entry.reference,
        "programme": entry.programme[:100],
        "country": entry.country,
        "source": entry.list.source,
        "published_on": str(entry.list.published_on),
    }
