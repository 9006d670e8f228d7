"""What one line of Microsoft's answer means for one key.

Source: rules EXC-1 to EXC-7, docs/how-to/exchange-with-microsoft.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from licensing.rules.key_states import DENIED_CODES, ENABLED_CODES, KeyState, may_follow, state_after_answer

DUPLICATE_CODES = frozenset({"01", "07"})
LOST_OR_STOLEN_CODE = "06"
MISSING_CODE = "?"
# The one code that both lists of an answer may carry: enabled, but by Microsoft's override.
OVERRIDE_CODE = "02"
# A key in a return or an update waits for another kind of answer.
AWAITING = (KeyState.REPORTED_BOUND, KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED)


class Finding(StrEnum):
    """Why a person should look at a line of an answer."""

    UNMATCHED = "unmatched"
    UNKNOWN_CODE = "unknown_code"
    HASH_MISMATCH = "hash_mismatch"
    CONTRADICTION = "contradiction"
    CHANGED_ANSWER = "changed_answer"
    DUPLICATE_KEY = "duplicate_key"
    LOST_OR_STOLEN = "lost_or_stolen"
    UNREADABLE = "unreadable"
    UNKNOWN_RETURN_CODE = "unknown_return_code"
    MISSING_ANSWER = "missing_answer"


@dataclass(frozen=True, slots=True)
class Asked:
    """What we know of the key and line that an answer is about.

    ``answered_code`` is the code booked before, empty for an open line. ``is_latest`` tells whether no
    later report carries the same key. ``same_hash`` is None when the answer names no hash.
    """

    state: KeyState
    answered_code: str
    is_latest: bool
    same_hash: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do: book the code on the line or not, move the key or not, hold it or not, tell whom."""

    is_booked: bool = False
    to: KeyState | None = None
    is_lost_or_stolen: bool = False
    findings: tuple[Finding, ...] = ()


IGNORED = Verdict()


def decide(code: str, *, is_success: bool, asked: Asked) -> Verdict:
    """Return what an answer does to a key.

    EXC-1 a hash that is not ours: nothing is booked. EXC-2 a code that contradicts the list it stands
    in: nothing is booked. EXC-3 the same code again: nothing happens. EXC-4 an unknown code is booked
    but moves nothing. EXC-5 another code than before moves the key if the table allows it, and a person
    looks. EXC-6 an answer to a report that a later one replaced moves nothing. EXC-7 codes 01, 06 and 07
    are shown to compliance; 06 also holds the key.
    """
    if asked.same_hash is False:
        return Verdict(findings=(Finding.HASH_MISMATCH,))
    if _contradicts(code, is_success=is_success):
        return Verdict(findings=(Finding.CONTRADICTION,))
    if asked.answered_code == code:
        return IGNORED
    changed = (Finding.CHANGED_ANSWER,) if asked.answered_code else ()
    if not asked.is_latest:
        return Verdict(findings=changed or (Finding.CHANGED_ANSWER,))
    target = state_after_answer(code)
    if target is None:
        return Verdict(is_booked=True, findings=(*changed, Finding.UNKNOWN_CODE))
    to = target if asked.state in AWAITING and may_follow(asked.state, target) else None
    if to is None and asked.state is not target:
        # The key has gone on, to a return for instance: what Microsoft says now is for a person.
        return Verdict(is_booked=True, findings=changed or (Finding.CHANGED_ANSWER,))
    return Verdict(
        is_booked=True,
        to=to,
        is_lost_or_stolen=code == LOST_OR_STOLEN_CODE,
        findings=(*changed, *_for_compliance(code)),
    )


def _contradicts(code: str, *, is_success: bool) -> bool:
    if code == OVERRIDE_CODE:
        return False
    return (is_success and code in DENIED_CODES) or (not is_success and code in ENABLED_CODES)


def _for_compliance(code: str) -> tuple[Finding, ...]:
    if code in DUPLICATE_CODES:
        return (Finding.DUPLICATE_KEY,)
    return (Finding.LOST_OR_STOLEN,) if code == LOST_OR_STOLEN_CODE else ()
