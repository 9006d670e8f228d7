"""A partner's return: how it moves, what each type means, and what Microsoft will likely answer.

Source: docs/domain-rules.md, RET. Microsoft publishes the answer codes and the names of the types, not
the types' captions: those here follow the codes it credits them with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.models.partner_return import ReturnState
from licensing.rules.key_states import Hold, KeyState

OVERRIDE_CODE = "02"
Text = str | Promise
Outcome = Literal["credited", "not_credited", "rejected", "unknown"]


TRANSITIONS: Mapping[ReturnState, frozenset[ReturnState]] = {
    ReturnState.REQUESTED: frozenset({ReturnState.CHECKED, ReturnState.REFUSED, ReturnState.WITHDRAWN}),
    ReturnState.CHECKED: frozenset({ReturnState.APPROVED, ReturnState.REFUSED, ReturnState.WITHDRAWN}),
    ReturnState.APPROVED: frozenset({ReturnState.SENT, ReturnState.REFUSED}),
    ReturnState.SENT: frozenset({ReturnState.ANSWERED_CREDIT, ReturnState.ANSWERED_NO_CREDIT}),
    ReturnState.ANSWERED_CREDIT: frozenset({ReturnState.CLOSED}),
    ReturnState.ANSWERED_NO_CREDIT: frozenset({ReturnState.CLOSED}),
    ReturnState.CLOSED: frozenset(),
    ReturnState.REFUSED: frozenset(),
    ReturnState.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class ReturnType:
    """One of Microsoft's types in plain words, and the code with which it is credited."""

    label: Text
    hint: Text
    credit_code: str = ""

    @property
    def is_without_credit(self) -> bool:
        """Return whether the type exists for returns without credit only."""
        return not self.credit_code


TYPES: Mapping[str, ReturnType] = {
    "ZOA": ReturnType(_("Not needed"), _("The key was never answered by Microsoft: too many ordered."), "OO"),
    "ZOB": ReturnType(_("Damaged in production"), _("The PC or its board failed and was scrapped."), "OP"),
    "ZOC": ReturnType(_("Buyer gave the PC back"), _("The end user returned the PC with its licence."), "OJ"),
    "ZOD": ReturnType(_("Used for a test"), _("The key went on a test PC that is never sold."), "OQ"),
    "ZOE": ReturnType(_("Lost or stolen"), _("Without credit: the key or its PC is gone.")),
    "ZOF": ReturnType(_("Any other reason"), _("Without credit: the key shall be dead, nothing else.")),
}

# Microsoft's codes for the line of a return: O with credit, P refused, Q without credit.
ANSWERS: Mapping[str, Text] = {
    "OJ": _("End-user return"),
    "OK": _("Agreement terminated"),
    "OL": _("Agreement expired"),
    "OM": _("Product at its end of life"),
    "OO": _("Stock balancing"),
    "OP": _("Damaged in production"),
    "OQ": _("Key used for testing"),
    "PA": _("Another customer's number"),
    "PB": _("Not a valid key"),
    "PC": _("Key for a replacement board"),
    "PD": _("Test key"),
    "PE": _("Enabled by an override"),
    "PF": _("Returned before"),
    "PG": _("Named twice"),
    "PI": _("Older than 365 days"),
    "PJ": _("Return type not valid"),
    "PK": _("Agreement terminated"),
    "PL": _("Agreement expired"),
    "PM": _("Product at its end of life"),
    "PN": _("Over the limit of stock balancing"),
    "PO": _("Past the date of stock balancing"),
    "PP": _("Return type not valid for this key"),
    "QC": _("Key for a replacement board"),
    "QD": _("Test key"),
    "QH": _("Lost, stolen or other"),
    "QI": _("Older than 365 days"),
    "QK": _("Agreement terminated"),
    "QL": _("Agreement expired"),
    "QM": _("Product at its end of life"),
    "QN": _("Over the limit of stock balancing"),
    "QO": _("Past the date of stock balancing"),
}
_OUTCOMES: Mapping[str, Outcome] = {"O": "credited", "P": "rejected", "Q": "not_credited"}

# From these a key can go into a return; a key that nobody reported is called back on the way.
GOING_FROM = frozenset(
    {
        KeyState.ASSIGNED,
        KeyState.RETRIEVED,
        KeyState.CONSUMED,
        KeyState.BOUND,
        KeyState.ACTIVATION_ENABLED,
        KeyState.ACTIVATION_DENIED,
    }
)
ANSWERED_BY_MICROSOFT = frozenset({KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED})


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What is known of one key that shall go back. ``state`` is None for a key that is not the partner's."""

    product_key_id: str
    state: KeyState | None = None
    hold: Hold = Hold.NONE
    delivered_at: datetime | None = None
    is_in_return: bool = False
    is_twice: bool = False
    ack_code: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What Microsoft will likely answer about one key. A ``stop`` says why the key cannot go at all."""

    product_key_id: str
    code: str = ""
    sentence: Text = ""
    stop: Text = ""
    days_left: int | None = None

    @property
    def outcome(self) -> Outcome:
        """Return what the code means for the money."""
        return outcome_of(self.code)


def outcome_of(code: str) -> Outcome:
    """Return what an answer's code means: credit, none, a refusal, or nothing anybody knows."""
    return _OUTCOMES.get(code[:1].upper(), "unknown") if code else "unknown"


def words_of(code: str) -> Text:
    """Return an answer's code in words, the code itself when nobody knows it."""
    return ANSWERS.get(code, code)


def may_follow(before: str, after: str) -> bool:
    """Return whether a return may go from one state to the other."""
    return ReturnState(after) in TRANSITIONS[ReturnState(before)]


def is_offered(return_type: str, *, is_without_credit: bool) -> bool:
    """RET-2: return whether Microsoft offers the type for such a return."""
    known = TYPES.get(return_type)
    return known is not None and (is_without_credit or not known.is_without_credit)


def days_left(delivered_at: datetime | None, at: datetime, *, days: int) -> int | None:
    """Return how many whole days of the return's clock are left, below zero when it has run out.

    ``days`` is the length of the clock by the rule `return.window` in force.
    """
    return None if delivered_at is None else (delivered_at + timedelta(days=days) - at).days


def forecast(
    key: KeyFacts, *, return_type: str, is_without_credit: bool, at: datetime, days: int
) -> Forecast:
    """RET-15: say what Microsoft will likely answer, or why the key cannot go (RET-11)."""
    left = days_left(key.delivered_at, at, days=days)
    stop = _stop(key, is_without_credit=is_without_credit)
    if stop:
        return Forecast(key.product_key_id, stop=stop, days_left=left)
    code = _code(key, return_type, is_without_credit=is_without_credit, is_late=left is not None and left < 0)
    return Forecast(key.product_key_id, code, str(_SENTENCES[code]) % {"days": days}, days_left=left)


def forecast_all(
    keys: Iterable[KeyFacts],
    *,
    return_type: str,
    is_without_credit: bool,
    at: datetime,
    days: int,
) -> list[Forecast]:
    """Return the forecast of every key of a request."""
    return [
        forecast(key, return_type=return_type, is_without_credit=is_without_credit, at=at, days=days)
        for key in keys
    ]


def suggestion(forecasts: Sequence[Forecast]) -> Literal["approve", "look", "refuse"]:
    """Return what the desk should do: refuse what can only be refused, look where some lines would be."""
    hopeless = sum(bool(each.stop) or each.outcome == "rejected" for each in forecasts)
    if not forecasts or hopeless == len(forecasts):
        return "refuse"
    return "look" if hopeless else "approve"


def _stop(key: KeyFacts, *, is_without_credit: bool) -> Text:
    if key.state is None:
        return _("Not one of your keys.")
    if key.is_twice:
        return _("Named twice in this request. Leave one of them out.")
    if key.is_in_return or key.state is KeyState.REPORTED_RETURN:
        return _("Already in a return that is not answered yet.")
    if key.state is KeyState.RETURNED:
        return _("Already returned: Microsoft would answer PF, returned before.")
    if key.hold is Hold.DISPUTED:
        return _("Disputed: compliance decides first.")
    if key.hold is Hold.LOST_OR_STOLEN and not is_without_credit:
        return _("Reported lost or stolen: it goes back without credit only.")
    if key.state not in GOING_FROM:
        return _("On its way to Microsoft: wait for the answer to the report first.")
    return ""


def _code(key: KeyFacts, return_type: str, *, is_without_credit: bool, is_late: bool) -> str:
    if not is_offered(return_type, is_without_credit=is_without_credit):
        return "PJ"
    if key.ack_code == OVERRIDE_CODE:
        return "PE"
    if is_late:
        return "QI" if is_without_credit else "PI"
    if is_without_credit:
        return "QH"
    if _does_not_fit(key, return_type):
        return "PP"
    return TYPES[return_type].credit_code


def _does_not_fit(key: KeyFacts, return_type: str) -> bool:
    if return_type == "ZOA":
        return key.state in ANSWERED_BY_MICROSOFT
    return return_type == "ZOC" and key.state not in ANSWERED_BY_MICROSOFT


_SENTENCES: Mapping[str, Text] = {
    "OO": _("Likely with credit: an unused key of the last %(days)s days."),
    "OP": _("Likely with credit: damaged in production, within %(days)s days."),
    "OJ": _("Likely with credit: the buyer gave the PC back, within %(days)s days."),
    "OQ": _("Likely with credit: used for a test, within %(days)s days."),
    "PE": _("Likely refused: Microsoft had enabled this key by an override."),
    "PI": _("Likely refused: older than %(days)s days. Without credit Microsoft would take it."),
    "PJ": _("Refused: this type is for returns without credit."),
    "PP": _("Likely refused: this type does not fit the key. Choose another one."),
    "QH": _("Likely taken without credit."),
    "QI": _("Likely taken without credit: older than %(days)s days."),
}
