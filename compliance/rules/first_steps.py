"""The first steps of a new partner: whose they are and by when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, the role that takes it, and how many days after the approval it is due."""

    name: str
    role: str
    due_after_days: int


# House rules: a partner who wants to can be through in a day; after a fortnight somebody should ring him.
STEPS = (
    Step("joined", "tpr_owner", 3),
    Step("terms", "tpr_owner", 5),
    Step("contacts", "tpr_owner", 7),
    Step("training", "tpr_technician", 10),
    Step("order", "tpr_buyer", 14),
    Step("key", "tpr_technician", 21),
    Step("report", "tpr_technician", 28),
)


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One step of one partner: by when, and when it was taken."""

    step: Step
    due_at: datetime
    done_at: datetime | None

    def is_late(self, at: datetime) -> bool:
        """Return whether it should have been taken by now."""
        return self.done_at is None and at >= self.due_at


def first_steps(created_at: datetime, done: Mapping[str, datetime | None]) -> list[FirstStep]:
    """Return every step of a partner approved then."""
    return [
        FirstStep(step, created_at + timedelta(days=step.due_after_days), done.get(step.name))
        for step in STEPS
    ]
