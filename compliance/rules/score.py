"""The score: five areas, each 0 to 100 by itself, and a weighted total. Facts in, points out, every cost named.

Whole numbers throughout, rounded down, so that the same facts give the same points everywhere. An area
that cannot be measured gives its weight to the others; with too few areas there is no total.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compliance.rules.conduct import Conduct
from compliance.rules.score_model import ScoreRules

AREAS = ("reporting", "hygiene", "payment", "training", "evidence")


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of an area: how many, of how many (None: of no whole), and the points it cost."""

    code: str
    count: int
    whole: int | None
    cost: int


@dataclass(frozen=True, slots=True)
class Area:
    """One area: its lines and points. ``points`` None: not measured."""

    code: str
    weight: int
    lines: tuple[Line, ...]
    points: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """All areas and their weighted total. ``total`` None: too few areas are measured."""

    areas: tuple[Area, ...]
    total: int | None
    pass_mark: int

    @property
    def is_passed(self) -> bool:
        """Return whether the mark is reached: 70 passes where the mark is 70, 69 does not."""
        return self.total is not None and self.total >= self.pass_mark

    @property
    def points(self) -> dict[str, int | None]:
        """Return the points of each area."""
        return {area.code: area.points for area in self.areas}


def score_of(conduct: Conduct, rules: ScoreRules) -> Score:
    """Return a partner's score."""
    areas = tuple(area_of(code, conduct, rules) for code in AREAS)
    return Score(areas, total_of({area.code: area.points for area in areas}, rules), rules.pass_mark)


def area_of(code: str, conduct: Conduct, rules: ScoreRules) -> Area:
    """Return one area, computed from its own facts alone."""
    if not _is_measured(code, conduct):
        return Area(code, rules.weights[code], (), None)
    lines = tuple(_LINES[code](conduct, rules))
    return Area(code, rules.weights[code], lines, max(100 - sum(line.cost for line in lines), 0))


def total_of(points: Mapping[str, int | None], rules: ScoreRules) -> int | None:
    """Return the weighted total of the measured areas, rounded down; None when they are too few."""
    measured = {code: value for code, value in points.items() if value is not None and rules.weights[code]}
    weight = sum(rules.weights[code] for code in measured)
    if len(measured) < rules.least_areas or not weight:
        return None
    return sum(rules.weights[code] * value for code, value in measured.items()) // weight


def _is_measured(code: str, conduct: Conduct) -> bool:
    match code:
        case "reporting":
            return conduct.built + sum(conduct.unreported) > 0
        case "hygiene":
            return conduct.taken + conduct.enabled + conduct.denied > 0
        case "payment":
            return conduct.credit_limit is not None and conduct.credit_limit > 0
        case "training":
            return conduct.courses is not None
        case _:
            return True


def _reporting(conduct: Conduct, rules: ScoreRules) -> Iterable[Line]:
    yield _share("reporting.late", conduct.built_late, conduct.built, rules)
    for place in (1, 2, 3):
        yield _each(f"reporting.aged_{place}", conduct.unreported[place], rules)


def _hygiene(conduct: Conduct, rules: ScoreRules) -> Iterable[Line]:
    yield _share("hygiene.denied", conduct.denied, conduct.enabled + conduct.denied, rules)
    yield _each("hygiene.duplicates", conduct.duplicates, rules)
    yield _share("hygiene.revealed", conduct.revealed, conduct.taken, rules)
    yield _share("hygiene.returned", conduct.returned, conduct.enabled + conduct.returned, rules)


def _payment(conduct: Conduct, rules: ScoreRules) -> Iterable[Line]:
    cents = int((conduct.credit_limit or 0) * 100)
    yield _share("payment.unpaid", int(conduct.unpaid * 100), cents, rules)


def _training(conduct: Conduct, rules: ScoreRules) -> Iterable[Line]:
    missing = _each("training.missing", conduct.courses_missing, rules)
    yield Line(missing.code, missing.count, conduct.courses, missing.cost)


def _evidence(conduct: Conduct, rules: ScoreRules) -> Iterable[Line]:
    missing = _each("evidence.missing", conduct.papers_missing, rules)
    yield Line(missing.code, missing.count, conduct.papers_wanted, missing.cost)
    yield _each("evidence.expired", conduct.papers_expired, rules)
    recipients = _each("evidence.recipients", conduct.evidence_expired, rules)
    yield Line(recipients.code, recipients.count, conduct.evidence, recipients.cost)


_LINES = {
    "reporting": _reporting,
    "hygiene": _hygiene,
    "payment": _payment,
    "training": _training,
    "evidence": _evidence,
}


def _share(code: str, bad: int, whole: int, rules: ScoreRules) -> Line:
    return Line(code, bad, whole, rules.shares[code].cost(bad, whole))


def _each(code: str, bad: int, rules: ScoreRules) -> Line:
    return Line(code, bad, None, rules.each[code].cost(bad))
