"""When a wrong key is swapped, when it is replaced, and who pays. Source: docs/domain-rules.md, RET-17 to RET-19."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.rules.key_states import Hold, KeyState

Text = str | Promise
# Not on Microsoft's side of anything: the key goes back to the MAR at once.
SWAPPABLE = frozenset({KeyState.ASSIGNED, KeyState.RETRIEVED, KeyState.CONSUMED})
REPLACEABLE = frozenset({KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED})


class Terms(StrEnum):
    """What a key in the place of another one costs."""

    SWAP = "swap"
    GOODWILL = "goodwill"
    CHARGED = "charged"


@dataclass(frozen=True, slots=True)
class UsedKey:
    """What decides about another key: where the old one is, since when it works, what its PC had before."""

    state: KeyState
    hold: Hold = Hold.NONE
    enabled_at: datetime | None = None
    is_in_return: bool = False
    had_goodwill: bool = False


def stop_of(used: UsedKey) -> Text:
    """RET-17: return why no other key is given now, empty when one is."""
    if used.is_in_return or used.state in (KeyState.REPORTED_RETURN, KeyState.RETURNED):
        return _("The key is in a return already.")
    if used.hold is not Hold.NONE:
        return _("The key is on hold: the MAR decides first.")
    if used.state in SWAPPABLE or used.state in REPLACEABLE:
        return ""
    if used.state is KeyState.BOUND:
        return _("Take the PC's report back first; then the key can be swapped.")
    return _("Wait for Microsoft's answer to the report.")


def terms_of(used: UsedKey, *, at: datetime, goodwill: timedelta) -> Terms:
    """RET-18, RET-19: return what another key costs.

    Before the report it is a swap. After it one key for each PC is free, until the goodwill window after
    the activation ends; a key that was never enabled has no clock yet.
    """
    if used.state in SWAPPABLE:
        return Terms.SWAP
    is_in_time = used.enabled_at is None or at < used.enabled_at + goodwill
    return Terms.GOODWILL if is_in_time and not used.had_goodwill else Terms.CHARGED
