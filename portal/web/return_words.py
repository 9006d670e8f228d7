"""How returns are shown on both sides: types in plain words, the steps, the keys with their answers."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import PartnerReturn, PartnerReturnLine, ReturnState
from licensing.rules.partner_returns import TYPES, words_of
from portal import formatting
from portal.status import Text
from portal.tables import Column, Empty, Table


def type_label(return_type: str) -> str:
    """Return a type in plain words with Microsoft's name: "Not needed (ZOA)"."""
    known = TYPES.get(return_type)
    return f"{known.label} ({return_type})" if known else return_type


def answer_text(code: str) -> Text:
    """Return an answer's code with its words, a dash without one."""
    return f"{code} – {words_of(code)}" if code else "–"


def clock_text(line: PartnerReturnLine) -> str:
    """Return how many days of its clock are left for a key that waits."""
    if line.ended_at is not None or line.return_before is None:
        return "–"
    left = (line.return_before - timezone.now()).days
    return _("%(count)s days left") % {"count": left} if left >= 0 else _("run out")


class ReturnLineTable(Table):
    """The keys of a partner's return."""

    dom_id = "return-keys"
    caption = gettext_lazy("Keys of this return")
    columns = (
        Column(
            "key", gettext_lazy("Product key id"), kind="mono", accessor="product_key_id",
            sort="product_key_id", primary=True,
        ),
        Column("product", gettext_lazy("Product"), accessor="product.name"),
        Column("clock", gettext_lazy("Time left"), accessor=clock_text),
        Column("forecast", gettext_lazy("Forecast"), accessor=lambda line: answer_text(line.forecast_code)),
        Column("answer", gettext_lazy("Microsoft's answer"), accessor=lambda line: answer_text(line.answer_code)),
    )  # fmt: skip
    search = ("product_key_id__exact",)
    search_label = gettext_lazy("Product key id")
    order = "key"
    empty = Empty(gettext_lazy("No keys"), icon="archive")


def steps_of(found: PartnerReturn) -> list[dict[str, Any]]:
    """Return the steps of a return for components/steps.html."""
    steps = _dated(found)
    current = next((place for place, (_label, at) in enumerate(steps) if at is None), len(steps))
    return [
        {
            "label": label,
            "text": formatting.exact(at) if at else "",
            "state": "done" if at else ("current" if place == current else ""),
        }
        for place, (label, at) in enumerate(steps)
    ]


def _dated(found: PartnerReturn) -> list[tuple[str, datetime | None]]:
    """Return the steps that a return takes or took; one that ended early was checked or it was not."""
    begun: list[tuple[str, datetime | None]] = [
        (_("Asked for"), found.requested_at),
        (_("Checked"), found.checked_at),
    ]
    ends: dict[str, tuple[str, datetime | None]] = {
        ReturnState.REFUSED: (_("Refused"), found.decided_at),
        ReturnState.WITHDRAWN: (_("Withdrawn"), found.withdrawn_at),
    }
    if found.state in ends:
        return [*(step for step in begun if step[1] is not None), ends[found.state]]
    return [
        *begun,
        (_("Approved"), found.decided_at),
        (_("Sent to Microsoft"), found.sent_at),
        (_("Answered"), found.answered_at),
        (_("Closed"), found.closed_at),
    ]
