"""Where the partners' totals must agree with the stock lines and Microsoft's answers."""

from dataclasses import dataclass
from typing import Literal

Relation = Literal["equal", "at_most"]


@dataclass(frozen=True, slots=True, order=True)
class Disagreement:
    """Two totals of one report that contradict each other; both are keys."""

    subject: str
    relation: Relation
    lines_total: int
    report_total: int

    def __str__(self) -> str:
        words = {"equal": "must equal", "at_most": "must not exceed"}[self.relation]
        return f"{self.subject}: lines {self.lines_total} {words} {self.report_total}"


@dataclass(frozen=True, slots=True)
class ReportTotals:
    """The totals that independent counts of one month have in common; all are keys."""

    assigned: int
    enabled: int
    denied: int
    returned: int


def find_partner_disagreements(*, partners: ReportTotals, report: ReportTotals) -> list[Disagreement]:
    """Return the totals on which partners and report disagree, sorted; empty means they agree.

    Assigned, enabled and denied belong to exactly one partner each. Returned keys may come from the
    MAR's own free stock, which no partner row counts, so partners may hold fewer, never more.
    """
    found = [
        Disagreement(subject, "equal", mine, theirs)
        for subject, mine, theirs in (
            ("assigned", partners.assigned, report.assigned),
            ("enabled", partners.enabled, report.enabled),
            ("denied", partners.denied, report.denied),
        )
        if mine != theirs
    ]
    if partners.returned > report.returned:
        found.append(Disagreement("returned", "at_most", partners.returned, report.returned))
    return sorted(found)


def find_list_disagreements(
    *, denied_listed: int, denied: int, unreported_listed: int, unreported: int
) -> list[Disagreement]:
    """Return the exception lists that are shorter or longer than the figure printed above them.

    `unreported_listed` and `unreported` both count keys older than seven days.
    """
    found = (
        Disagreement("denied list", "equal", denied_listed, denied),
        Disagreement("unreported list", "equal", unreported_listed, unreported),
    )
    return [fact for fact in found if fact.lines_total != fact.report_total]
