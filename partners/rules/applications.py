"""How an application moves, and the words its answers are given in."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from partners.models.application import ApplicationState as State

# P-APP-1: one person reviews and recommends, another decides; a refusal may be appealed once.
TRANSITIONS: dict[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.IN_REVIEW, State.WITHDRAWN}),
    State.IN_REVIEW: frozenset(
        {State.SUBMITTED, State.APPEALED, State.INFO_REQUESTED, State.RECOMMENDED, State.WITHDRAWN}
    ),  # back to submitted, or to the appeal: the reviewer lets go of the case
    State.INFO_REQUESTED: frozenset({State.IN_REVIEW, State.WITHDRAWN}),
    State.RECOMMENDED: frozenset({State.IN_REVIEW, State.APPROVED, State.REJECTED}),
    State.REJECTED: frozenset({State.APPEALED}),
    State.APPEALED: frozenset({State.IN_REVIEW}),
    State.APPROVED: frozenset(),
    State.WITHDRAWN: frozenset(),
}

# The steps the applicant himself takes; every other one is the MAR's.
APPLICANT_STEPS = frozenset(
    {
        (State.DRAFT, State.SUBMITTED),
        (State.INFO_REQUESTED, State.IN_REVIEW),
        (State.REJECTED, State.APPEALED),
        *((before, State.WITHDRAWN) for before, targets in TRANSITIONS.items() if State.WITHDRAWN in targets),
    }
)
# The states in which he may change an answer: anything in a draft, a field he was asked about later.
APPLICANT_EDITS = frozenset({State.DRAFT, State.INFO_REQUESTED})

# What waits for somebody, and what of it waits for a person to claim it.
OPEN_STATES = (State.SUBMITTED, State.APPEALED, State.IN_REVIEW, State.INFO_REQUESTED, State.RECOMMENDED)
CLAIMABLE = (State.SUBMITTED, State.APPEALED)

# Our promise to the applicant, in days from his submission, his appeal, or the day he is to answer by.
ANSWER_DAYS = 7

# Who comes from another MAR or from the former programme brings things along that staff tick off.
CARRY_OVER_BRANCHES = ("former_rrp", "transfer")

OTHER_STANDARD = "other"
WIPING_STANDARDS = (
    ("NIST SP 800-88 Rev. 2", "NIST SP 800-88 Rev. 2 (2025)"),
    ("NIST SP 800-88 Rev. 1", "NIST SP 800-88 Rev. 1 (2014)"),
    ("IEEE 2883-2022", "IEEE 2883-2022"),
    ("BSI TL-03423", "BSI TL-03423"),
    ("HMG IS5 Enhanced", "HMG IS5 Enhanced"),
    ("ADISA 8.0", "ADISA ICT Asset Recovery Standard 8.0"),
    (OTHER_STANDARD, _("Another standard, named below")),
)

# No 0, O, 1, I or L: a reference is read aloud on the telephone.
REFERENCE_SYMBOLS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
REFERENCE_LENGTH = 6
MAX_VOLUME = 100_000


def may_move(before: str, after: str) -> bool:
    """Return whether an application may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def round_of(appealed_at: datetime | None) -> int:
    """Return which look at the case it is: 1, or 2 after an appeal."""
    return 1 if appealed_at is None else 2


def format_reference(symbols: str) -> str:
    """Return a reference such as A-7KQ2M9."""
    return f"A-{symbols}"
