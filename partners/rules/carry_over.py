"""What a partner of another MAR, or of the former programme, brings along: read from his answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models.application import CarryOverItem
from partners.rules.application_form import NOTICE

SECTION = "transfer"
STATED_LENGTH = 300
# Counts: "none" leaves nothing to tick off. Of the other two staff always see that they are there.
COUNTED = (CarryOverItem.Kind.OPEN_KEYS, CarryOverItem.Kind.UNREPORTED_BUILDS, CarryOverItem.Kind.LABELS)
_NOTICE_WORDS = dict(NOTICE) | {"given": gettext_lazy("Given, the contract ends on")}
KINDS = (*COUNTED, CarryOverItem.Kind.NOTICE, CarryOverItem.Kind.PROOF)


def items_of(answers: Mapping[str, Any]) -> dict[str, str]:
    """Return what has to be ticked off, by kind, in the applicant's words.

    P-REV-5. An answer that is missing is an item as well: staff ask, and note what they found.
    """
    items = {}
    for kind in KINDS:
        answer = answers.get(kind.value)
        if kind in COUNTED and _is_none(answer):
            continue
        items[kind.value] = _notice(answers) if kind == CarryOverItem.Kind.NOTICE else _in_words(answer)
    return items


def _notice(answers: Mapping[str, Any]) -> str:
    """Return what was said of the notice, with the day the other contract ends."""
    said = answers.get("notice")
    words = str(_NOTICE_WORDS.get(said, said)) if isinstance(said, str) else said
    ends = answers.get("notice_on")
    return _in_words(f"{words} {ends}" if words and ends else words)


def _is_none(answer: Any) -> bool:
    return answer is not None and answer is not True and str(answer).strip() in ("0", "False")


def _in_words(answer: Any) -> str:
    if answer is True:
        return _("Yes")
    if answer is False:
        return _("No")
    text = ", ".join(map(str, answer)) if isinstance(answer, list | tuple) else str(answer or "")
    return " ".join(text.split())[:STATED_LENGTH] or _("Not stated")
