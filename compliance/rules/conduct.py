"""The facts of a partner's conduct that the score looks at, and what an action changes in them.

Pure numbers: who gathers them is compliance/selectors/conduct.py. A change is written here once and
read by the coach; the services that really change the facts are held to it by a test.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


class Action(StrEnum):
    """What a partner can do today for a better score."""

    REPORT = "report"
    RETURN_DENIED = "return_denied"
    PAY = "pay"
    TRAIN = "train"
    RENEW = "renew"


@dataclass(frozen=True, slots=True)
class Conduct:
    """One partner's facts at one time.

    ``unreported`` counts keys taken and not reported by age: within the time, then past each of the
    model's ages; the last is the oldest. ``built`` and ``built_late`` count builds reported within the
    model's window, ``taken`` and ``revealed`` hand-overs in it. ``courses`` None: training is not
    recorded, so it is not measured; ``credit_limit`` None: no account. ``denied_stuck`` keys are on hold
    and cannot be returned.
    """

    unreported: tuple[int, int, int, int] = (0, 0, 0, 0)
    built: int = 0
    built_late: int = 0
    built_by_api: int = 0
    taken: int = 0
    revealed: int = 0
    enabled: int = 0
    denied: int = 0
    denied_stuck: int = 0
    duplicates: int = 0
    returned: int = 0
    credit_limit: Decimal | None = None
    unpaid: Decimal = Decimal(0)
    courses: int | None = None
    courses_missing: int = 0
    papers_wanted: int = 0
    papers_missing: int = 0
    papers_expired: int = 0
    evidence: int = 0
    evidence_expired: int = 0

    @property
    def late(self) -> int:
        """Return the keys that should have been reported by now."""
        return sum(self.unreported[1:])


def available(conduct: Conduct, action: Action) -> int:
    """Return how often an action can be taken."""
    match action:
        case Action.REPORT:
            return conduct.late
        case Action.RETURN_DENIED:
            return conduct.denied - conduct.denied_stuck
        case Action.PAY:
            return int(conduct.credit_limit is not None and conduct.unpaid > 0)
        case Action.TRAIN:
            return conduct.courses_missing if conduct.courses is not None else 0
        case Action.RENEW:
            return conduct.papers_missing + conduct.papers_expired


def after(conduct: Conduct, action: Action, count: int) -> Conduct:
    """Return the facts after an action was taken so often.

    :raises ValueError: for more than there is to do.
    """
    if not 0 <= count <= available(conduct, action):
        raise ValueError(f"{action}: {count} of {available(conduct, action)}")
    if not count:
        return conduct
    match action:
        case Action.REPORT:
            return _reported(conduct, count)
        case Action.RETURN_DENIED:
            return replace(conduct, denied=conduct.denied - count)
        case Action.PAY:
            return replace(conduct, unpaid=Decimal(0))
        case Action.TRAIN:
            return replace(conduct, courses_missing=conduct.courses_missing - count)
        case Action.RENEW:
            first = min(count, conduct.papers_missing)
            return replace(
                conduct,
                papers_missing=conduct.papers_missing - first,
                papers_expired=conduct.papers_expired - (count - first),
            )


def _reported(conduct: Conduct, count: int) -> Conduct:
    """Report the oldest keys first. Each is a build now, and a late one."""
    left, rest = list(conduct.unreported), count
    for place in (3, 2, 1):
        taken = min(left[place], rest)
        left[place] -= taken
        rest -= taken
    return replace(
        conduct,
        unreported=(left[0], left[1], left[2], left[3]),
        built=conduct.built + count,
        built_late=conduct.built_late + count,
    )
