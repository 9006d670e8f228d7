"""The one dictionary of states: word, tone, icon and the sentence that says what it means.

Screens, mails, files and the API take their words from here. A state is never told by colour alone:
each has a word and an icon. An unknown code is shown neutrally under its own name, because
Microsoft may send codes we do not know. The words
themselves stand by noun in portal/states/.
"""

import re
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.applicants import (
    APPLICATION,
    BULK_INVITATION,
    CHECK,
    REVIEW_CLOCK,
    SANCTIONS_LIST,
)
from portal.states.citizenship import (
    CLAIM,
    CONFLICT,
    QUOTA_EXCEPTION,
    RECIPIENT,
)
from portal.states.keys import (
    BUILD,
    CORRECTION,
    DELIVERY,
    HOLD,
    INCIDENT,
    KEY,
    KEY_NAMES,
    LABEL,
    RETURN,
)
from portal.states.one import Code, Status, Text, Tone
from portal.states.papers import (
    CBR,
    IMPORT,
    ORDER,
    REPORT,
)
from portal.states.partners import (
    COMPANY_CHANGE,
    DOCUMENT,
    DUTY,
    EXIT_ITEM,
    PARTNER,
    SCORE,
    TIER_PROPOSAL,
)
from portal.states.pools import BATCH_STOP, POOL
from portal.states.programme import (
    CHANGE,
    ESTIMATE,
    LIMIT_CHANGE,
    ORDER_FILE,
    PRICE,
    PRICE_DEAL,
    RULE,
    SALE,
    STANDING_ORDER,
    STANDING_RUN,
)
from portal.states.stock import ALERT_MAIL, CALL_OFF, CONFIDENCE, FORECAST, STOCK_ALERT

__all__ = ["STATUSES", "Code", "Status", "Text", "Tone", "choices", "status"]

STATUSES: Mapping[str, Mapping[str, Status]] = {
    "key": KEY,
    "hold": HOLD,
    "order": ORDER,
    "application": APPLICATION,
    "check": CHECK,
    "sanctions_list": SANCTIONS_LIST,
    "review_clock": REVIEW_CLOCK,
    "bulk_invitation": BULK_INVITATION,
    "partner": PARTNER,
    "score": SCORE,
    "tier_proposal": TIER_PROPOSAL,
    "import": IMPORT,
    "cbr": CBR,
    "report": REPORT,
    "build": BUILD,
    "change": CHANGE,
    "rule": RULE,
    "price": PRICE,
    "price_deal": PRICE_DEAL,
    "limit_change": LIMIT_CHANGE,
    "estimate": ESTIMATE,
    "order_file": ORDER_FILE,
    "standing_order": STANDING_ORDER,
    "standing_run": STANDING_RUN,
    "sale": SALE,
    "recipient": RECIPIENT,
    "claim": CLAIM,
    "conflict": CONFLICT,
    "quota_exception": QUOTA_EXCEPTION,
    "document": DOCUMENT,
    "company_change": COMPANY_CHANGE,
    "exit_item": EXIT_ITEM,
    "duty": DUTY,
    "return": RETURN,
    "label": LABEL,
    "incident": INCIDENT,
    "delivery": DELIVERY,
    "correction": CORRECTION,
    "forecast": FORECAST,
    "confidence": CONFIDENCE,
    "stock_alert": STOCK_ALERT,
    "alert_mail": ALERT_MAIL,
    "call_off": CALL_OFF,
    "pool": POOL,
    "batch_stop": BATCH_STOP,
}

UNKNOWN_SENTENCE = _("We do not know this state. Please tell support.")
_SEPARATORS = re.compile(r"[\s_-]+")


def status(kind: str, code: Code) -> Status:
    """Return how a state is shown; never raises, whatever the code is."""
    states = STATUSES.get(kind, {})
    known = states.get(_normalise(kind, code))
    return known or Status(
        _readable(code), "neutral", "point", UNKNOWN_SENTENCE if code not in (None, "") else ""
    )


def choices(kind: str) -> list[tuple[str, Text]]:
    """Return (code, label) of every state of a kind, in the order of its life, for filters."""
    return [(code, state.label) for code, state in STATUSES[kind].items()]


def _normalise(kind: str, code: Code) -> str:
    text = str(getattr(code, "value", code)).strip().lower()
    if kind != "key":
        return text.replace("-", "_").replace(" ", "_")
    return KEY_NAMES.get(_SEPARATORS.sub("", text), text)


def _readable(code: Code) -> str:
    """Turn an unknown code into words: `NewThing` and `new_thing` both become "New thing"."""
    if code is None or code == "":
        return "–"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", str(code))
    return _SEPARATORS.sub(" ", words).strip().capitalize()
