"""The words of the exchange: findings, answer codes, and the acts in a report's life."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.models import AuditEvent
from licensing.rules.cbr_answers import Finding
from portal.status import Text

CODES: dict[str, Text] = {
    "00": gettext_lazy("Activation enabled"),
    "01": gettext_lazy("Duplicate product key id"),
    "02": gettext_lazy("Enabled by override"),
    "03": gettext_lazy("Never delivered"),
    "04": gettext_lazy("Delivered to another customer"),
    "05": gettext_lazy("Already returned"),
    "06": gettext_lazy("Reported lost or stolen"),
    "07": gettext_lazy("Already enabled"),
    "08": gettext_lazy("Unknown name of an optional field"),
    "?": gettext_lazy("No code given"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A kind of finding in words, and what to do about it."""

    label: Text
    next_step: Text


FINDINGS: dict[str, Words] = {
    Finding.UNMATCHED: Words(
        gettext_lazy("Not one of our lines"),
        gettext_lazy("Check that the file belongs to this portal. If it does, ask Microsoft about the key."),
    ),
    Finding.UNKNOWN_CODE: Words(
        gettext_lazy("Unknown code"),
        gettext_lazy("The key waits as it was sent. Ask Microsoft what the code means."),
    ),
    Finding.HASH_MISMATCH: Words(
        gettext_lazy("Another hardware hash"),
        gettext_lazy(
            "The answer is about another PC than the one we reported. Ask Microsoft; nothing was booked."
        ),
    ),
    Finding.CONTRADICTION: Words(
        gettext_lazy("Code and list contradict"),
        gettext_lazy("The code says one thing, its place in the file another. Fetch the answer again."),
    ),
    Finding.CHANGED_ANSWER: Words(
        gettext_lazy("Answer changed"),
        gettext_lazy("Microsoft answered this key before. Tell the partner whose PC is concerned."),
    ),
    Finding.DUPLICATE_KEY: Words(
        gettext_lazy("Duplicate key"),
        gettext_lazy("Compare the two PCs: the same one may be sent again, two different ones are a case."),
    ),
    Finding.LOST_OR_STOLEN: Words(
        gettext_lazy("Lost or stolen"),
        gettext_lazy("The key is held. Compliance opens a case with the partner."),
    ),
    Finding.UNREADABLE: Words(
        gettext_lazy("Line not readable"),
        gettext_lazy("Fetch the answer again, or ask Microsoft for the line."),
    ),
    Finding.UNKNOWN_RETURN_CODE: Words(
        gettext_lazy("Unknown return code"),
        gettext_lazy("The return stays open. Ask Microsoft what the code means."),
    ),
    Finding.MISSING_ANSWER: Words(
        gettext_lazy("Line not answered"),
        gettext_lazy(
            "Microsoft answered the return without this key. Wait for a second file, or ask. It closes itself."
        ),
    ),
}

_ACTS: dict[str, tuple[Text, str, str]] = {
    "prepared": (gettext_lazy("File written"), "file-text", "neutral"),
    "sent": (gettext_lazy("Released to be sent: its keys cannot be taken back any more"), "send", "info"),
    "delivered": (gettext_lazy("Handed over"), "check", "info"),
    "downloaded": (gettext_lazy("File downloaded"), "download", "neutral"),
    "answered": (gettext_lazy("Answer taken in"), "inbox", "success"),
    "withdrawn": (gettext_lazy("Replaced by a new file"), "archive", "warning"),
}


def finding_label(kind: str) -> Text:
    """Return a finding's name; an unknown one under its own."""
    return FINDINGS[kind].label if kind in FINDINGS else kind


def code_text(code: str) -> str:
    """Return a code with its meaning: "03 · Never delivered"."""
    if not code:
        return ""
    return f"{code} · {CODES[code]}" if code in CODES else _("%(code)s · unknown code") % {"code": code}


def event_of(row: AuditEvent) -> dict[str, Any]:
    """Return an act on a report as a line of its timeline."""
    act = row.action.rpartition(".")[2]
    text, icon, tone = _ACTS.get(act, (row.action, "point", "neutral"))
    return {
        "at": row.at,
        "text": text,
        "actor": row.actor_label,
        "icon": icon,
        "tone": tone,
        "detail": _detail(row),
    }


def _detail(row: AuditEvent) -> str:
    facts = row.facts
    if "booked" in facts:
        count = int(facts["booked"])
        return ngettext("%(count)s key booked", "%(count)s keys booked", count) % {"count": count}
    if "left" in facts:
        text = _("%(left)s of %(keys)s keys had been taken back or held")
        return text % {"left": facts["left"], "keys": facts["keys"]}
    if "keys" in facts:
        count = int(facts["keys"])
        return ngettext("%(count)s key", "%(count)s keys", count) % {"count": count}
    return str(facts.get("receipt", ""))
