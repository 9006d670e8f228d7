"""The numbers of a score model: dated data, checked here before they are stored or used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from compliance.rules.conduct import Action
from core.errors import Refusal, refuse


@dataclass(frozen=True, slots=True)
class Share:
    """A bad share of a whole. It costs nothing up to ``free``, the whole ``cap`` from ``full``; both per mille."""

    cap: int
    full: int
    free: int = 0

    def cost(self, bad: int, whole: int) -> int:
        """Return what so many bad ones of a whole cost, rounded down."""
        if bad <= 0 or whole <= 0:
            return 0
        permille = min(bad * 1000 // whole, 1000)
        return min(self.cap, self.cap * max(permille - self.free, 0) // max(self.full - self.free, 1))


@dataclass(frozen=True, slots=True)
class Each:
    """A number of bad things: so many points each, up to a cap."""

    points: int
    cap: int

    def cost(self, bad: int) -> int:
        """Return what so many cost."""
        return min(self.cap, self.points * max(bad, 0))


# The default model. A model in the database holds the same names; a new one is a new dated row.
DEFAULT: dict[str, Any] = {
    "weights": {"reporting": 30, "hygiene": 25, "payment": 15, "training": 15, "evidence": 15},
    "window_days": 90,
    "age_days": [7, 30, 60],
    "least_areas": 3,
    "costs": {
        "reporting.late": {"cap": 30, "full": 500, "free": 20},
        "reporting.aged_1": {"points": 1, "cap": 20},
        "reporting.aged_2": {"points": 2, "cap": 30},
        "reporting.aged_3": {"points": 4, "cap": 40},
        "hygiene.denied": {"cap": 40, "full": 100, "free": 5},
        "hygiene.duplicates": {"points": 5, "cap": 20},
        "hygiene.revealed": {"cap": 20, "full": 800, "free": 200},
        "hygiene.returned": {"cap": 20, "full": 100, "free": 10},
        "payment.unpaid": {"cap": 100, "full": 1000, "free": 100},
        "training.missing": {"points": 50, "cap": 100},
        "evidence.missing": {"points": 40, "cap": 80},
        "evidence.expired": {"points": 20, "cap": 60},
        "evidence.recipients": {"points": 15, "cap": 60},
    },
    "wanted_papers": ["wiping_proof"],
    "minutes": {"report": 5, "return_denied": 30, "pay": 15, "train": 45, "renew": 60},
    "badges": {"high_volume_builds": 600, "api_share": 800, "api_builds": 20, "valid_days": 45},
}


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """A model's numbers, read once. Points and weights are whole numbers, times are days or minutes."""

    weights: Mapping[str, int]
    window_days: int
    age_days: tuple[int, int, int]
    least_areas: int
    shares: Mapping[str, Share]
    each: Mapping[str, Each]
    wanted_papers: tuple[str, ...]
    minutes: Mapping[str, int]
    badges: Mapping[str, int]
    pass_mark: int


def rules_of(parameters: Mapping[str, Any], *, pass_mark: int) -> ScoreRules:
    """Return a stored model's numbers.

    :raises KeyError, ValueError, TypeError: for numbers that check_parameters refuses.
    """
    costs = parameters["costs"]
    ages = tuple(int(age) for age in parameters["age_days"])
    return ScoreRules(
        weights={name: int(parameters["weights"][name]) for name in DEFAULT["weights"]},
        window_days=int(parameters["window_days"]),
        age_days=(ages[0], ages[1], ages[2]),
        least_areas=int(parameters["least_areas"]),
        shares={name: Share(**costs[name]) for name, value in DEFAULT["costs"].items() if "full" in value},
        each={name: Each(**costs[name]) for name, value in DEFAULT["costs"].items() if "points" in value},
        wanted_papers=tuple(parameters["wanted_papers"]),
        minutes={action.value: int(parameters["minutes"][action]) for action in Action},
        badges={name: int(parameters["badges"][name]) for name in DEFAULT["badges"]},
        pass_mark=pass_mark,
    )


def check_parameters(parameters: Mapping[str, Any], *, pass_mark: int) -> Refusal | None:
    """Return what is wrong with a model's numbers, None when it can be used."""
    try:
        rules = rules_of(parameters, pass_mark=pass_mark)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return _refused(_("A number is missing or no number."), {})
    numbers = [
        *rules.weights.values(), *rules.minutes.values(), *rules.badges.values(), *rules.age_days, rules.window_days,
        rules.least_areas, pass_mark,
        *(number for share in rules.shares.values() for number in (share.cap, share.full, share.free)),
        *(number for each in rules.each.values() for number in (each.points, each.cap)),
    ]  # fmt: skip
    if any(not isinstance(number, int) or not 0 <= number <= 100_000 for number in numbers):
        return _refused(_("Every number is whole, and between 0 and 100,000."), {})
    if sum(rules.weights.values()) != 100:
        return _refused(_("The weights add up to 100."), {_("They add up to"): sum(rules.weights.values())})
    if not 1 <= pass_mark <= 100:
        return _refused(_("The pass mark lies between 1 and 100."), {_("Pass mark"): pass_mark})
    if not 0 < rules.age_days[0] < rules.age_days[1] < rules.age_days[2] <= 3650:
        return _refused(_("The three ages rise."), {_("Ages"): ", ".join(map(str, rules.age_days))})
    if any(share.free >= share.full for share in rules.shares.values()):
        return _refused(_("A share costs nothing below a lower limit and all above a higher one."), {})
    if any(minutes < 1 for minutes in rules.minutes.values()) or rules.window_days < 1:
        return _refused(_("Times are at least one."), {})
    return None


def _refused(what: str, facts: Mapping[str, Any]) -> Refusal:
    return refuse(
        "score_model_invalid",
        what,
        rule="SCORE-1",
        facts=facts,
        next_step=_("Correct the number and propose the model again."),
        lifted_by=_("You"),
    )
