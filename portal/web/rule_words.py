"""The words of programme rules on a page: sentence, numbers with units, and what a simulation found."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from licensing.models import RuleState, RuleVersion
from licensing.rules.programme_rules import GROUPS, RULES, sentence_of
from portal import formatting

ASPECTS: dict[str, Any] = {
    "order.waiting": gettext_lazy("Order that waits"),
    "order.again": gettext_lazy("Order, placed again on that day"),
    "quota.windows": gettext_lazy("Citizenship Windows left, of the quota"),
    "quota.office": gettext_lazy("Citizenship Office left, of the quota"),
    "device.closed": gettext_lazy("PCs that get no second key"),
    "return.open": gettext_lazy("Keys that can go back to Microsoft"),
    "return.goodwill": gettext_lazy("Enabled keys that can go back as goodwill"),
    "label.question": gettext_lazy("Months with too many spoiled labels"),
    "reveal.limit": gettext_lazy("Keys taken, at most"),
    "report.stop": gettext_lazy("Unreported keys"),
}
VALUES: dict[str, Any] = {
    "": gettext_lazy("–"),
    "placed": gettext_lazy("passes"),
    "held": gettext_lazy("waits"),
    "approval": gettext_lazy("waits for an approval"),
    "queued": gettext_lazy("waits in the queue"),
    "split": gettext_lazy("passes in part"),
    "refused": gettext_lazy("refused"),
    "nothing": gettext_lazy("nothing stops"),
    "remind": gettext_lazy("a reminder"),
    "orders": gettext_lazy("stop new orders"),
    "all": gettext_lazy("stop orders and taking keys"),
}


def state_of(version: RuleVersion, now: datetime) -> str:
    """Return the word by which a page shows where a version stands."""
    if version.state != RuleState.ANNOUNCED:
        return str(version.state)
    if version.valid_from > now:
        return "announced"
    return "in_force" if version.valid_before is None or version.valid_before > now else "over"


def shown_version(version: RuleVersion, now: datetime) -> dict[str, Any]:
    """Return a version as every page of rules shows it."""
    rule = RULES[version.code]
    return {
        "version": version,
        "title": rule.title,
        "rule": rule,
        "state": state_of(version, now),
        "begins": minute(version.valid_from),
        "ends": minute(version.valid_before),
        "sentence": sentence_of(version.sentences, version.parameters, get_language() or "en"),
        "numbers": [
            (one.label, value_in_words(version.parameters.get(one.name)), one.unit) for one in rule.parameters
        ],
    }


def minute(moment: datetime | None) -> str:
    """Return a day and its minute; versions begin and end with whole minutes."""
    return f"{formatting.day(moment)}, {formatting.clock(moment)}" if moment else ""


def value_in_words(value: Any) -> str:
    """Return a rule's number, or its yes or no, as it is read."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(formatting.number(value)) if isinstance(value, int) else "–"


def grouped(versions: Iterable[RuleVersion], now: datetime) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Return versions by group, in the order of the rules."""
    found = {version.code: shown_version(version, now) for version in versions}
    return [
        (title, rows)
        for group, title in GROUPS.items()
        if (rows := [found[code] for code, rule in RULES.items() if rule.group == group and code in found])
    ]


def shown_changes(changes: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return what a simulation found, in words."""
    return [
        {
            "label": row["label"],
            "aspect": ASPECTS.get(row["aspect"], row["aspect"]),
            "before": _outcome(row["before"]),
            "after": _outcome(row["after"]),
            "tone": _tone(row["before"], row["after"]),
            "kind": row["kind"],
            "id": row["id"],
        }
        for row in changes
    ]


def _outcome(value: str) -> str:
    word, _colon, rules = value.partition(":")
    said = str(VALUES.get(word, word))
    return f"{said} ({rules.replace(',', ', ')})" if rules else said


# From what hinders nothing to what hinders all; figures just change.
_HINDERS = {
    "nothing": 0, "remind": 1, "orders": 2, "all": 3,
    "placed": 0, "split": 1, "queued": 2, "approval": 3, "held": 4, "refused": 5,
}  # fmt: skip


def _tone(before: str, after: str) -> str:
    """Return whether a change opens or closes something."""
    low, high = (_HINDERS.get(value.partition(":")[0]) for value in (before, after))
    if low is None or high is None or low == high:
        return ""
    return "danger" if high > low else "success"
