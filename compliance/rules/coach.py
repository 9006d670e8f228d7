"""The coach: the cheapest actions that reach the mark, and the score they really give.

Each action changes the facts of one area only, so the cheapest plan is found exactly: for each area all
ways worth considering, then the cheapest combination that carries the total over the mark.
"""

from dataclasses import dataclass

from compliance.rules.conduct import Action, Conduct, after, available
from compliance.rules.score import Score, area_of, score_of, total_of
from compliance.rules.score_model import ScoreRules

AREA_OF: dict[Action, str] = {
    Action.REPORT: "reporting",
    Action.RETURN_DENIED: "hygiene",
    Action.PAY: "payment",
    Action.TRAIN: "training",
    Action.RENEW: "evidence",
}


@dataclass(frozen=True, slots=True)
class Step:
    """An action, how often, and about how many minutes it takes."""

    action: Action
    count: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, the score they promise, and whether that reaches the mark."""

    steps: tuple[Step, ...]
    now: Score
    promised: Score

    @property
    def minutes(self) -> int:
        """Return about how many minutes all steps take together."""
        return sum(step.minutes for step in self.steps)


@dataclass(frozen=True, slots=True)
class _Way:
    minutes: int
    points: tuple[tuple[str, int | None], ...]
    steps: tuple[Step, ...]


def plan_for(conduct: Conduct, rules: ScoreRules) -> Plan:
    """Return the cheapest steps to the mark; when none reach it, the cheapest to the best score there is."""
    now = score_of(conduct, rules)
    if now.is_passed or now.total is None:
        return Plan((), now, now)
    ways = [_Way(0, tuple(now.points.items()), ())]
    for action in Action:
        ways = _worthwhile(
            [_join(way, more) for way in ways for more in _ways(conduct, action, rules)], rules
        )
    reaching = [way for way in ways if _total(way, rules) >= rules.pass_mark]
    if reaching:
        best = min(reaching, key=lambda way: (way.minutes, -_total(way, rules)))
    else:
        best = max(ways, key=lambda way: (_total(way, rules), -way.minutes))
    return Plan(best.steps, now, score_of(carry_out(conduct, best.steps), rules))


def carry_out(conduct: Conduct, steps: tuple[Step, ...]) -> Conduct:
    """Return the facts after all steps."""
    for step in steps:
        conduct = after(conduct, step.action, step.count)
    return conduct


def _ways(conduct: Conduct, action: Action, rules: ScoreRules) -> list[_Way]:
    """Return each count of an action that gives more points than every smaller one."""
    code, minutes = AREA_OF[action], rules.minutes[action]
    best = area_of(code, conduct, rules).points
    ways = [_Way(0, ((code, best),), ())]
    for count in range(1, available(conduct, action) + 1):
        points = area_of(code, after(conduct, action, count), rules).points
        if points is not None and (best is None or points > best):
            best = points
            ways.append(_Way(count * minutes, ((code, points),), (Step(action, count, count * minutes),)))
    return ways


def _join(way: _Way, more: _Way) -> _Way:
    return _Way(
        way.minutes + more.minutes,
        tuple((dict(way.points) | dict(more.points)).items()),
        way.steps + more.steps,
    )


def _worthwhile(ways: list[_Way], rules: ScoreRules) -> list[_Way]:
    """Drop every way that another beats in time and points alike."""
    kept: list[_Way] = []
    most = -1
    for way in sorted(ways, key=lambda way: (way.minutes, -_weighted(way, rules))):
        if _weighted(way, rules) > most:
            most = _weighted(way, rules)
            kept.append(way)
    return kept


def _weighted(way: _Way, rules: ScoreRules) -> int:
    return sum(rules.weights[code] * points for code, points in way.points if points is not None)


def _total(way: _Way, rules: ScoreRules) -> int:
    total = total_of(dict(way.points), rules)
    return -1 if total is None else total
