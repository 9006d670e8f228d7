"""The month's quota as bars: used, left, and the day on which it begins anew."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from licensing.rules.quota import OFFICE, Quota
from portal import formatting


def quota_meters(quotas: Sequence[Quota]) -> list[dict[str, Any]]:
    """Return one bar a quota."""
    return [quota_meter(quota) for quota in quotas]


def quota_meter(quota: Quota) -> dict[str, Any]:
    """Return a quota as components/meter.html shows it, with a sentence below."""
    is_office = quota.kind == OFFICE
    left = min(quota.remaining, quota.office_room) if is_office else quota.remaining
    share = quota.used / quota.cap if quota.cap else 1
    sentences = [
        _("%(left)s left; begins anew on %(day)s.")
        % {"left": formatting.number(left), "day": formatting.day(quota.resets_on)}
    ]
    if is_office:
        sentences.append(
            _("In a month no more Office than Windows: %(windows)s Windows so far.")
            % {"windows": formatting.number(quota.windows)}
        )
    if is_office and quota.windows_waiting:
        sentences.append(
            _("%(windows)s Windows wait for their keys; Office for them waits with them.")
            % {"windows": formatting.number(quota.windows_waiting)}
        )
    if quota.exceptions:
        sentences.append(
            _("%(count)s of them by an approved exception.")
            % {"count": formatting.number(quota.left_of_exceptions)}
        )
    return {
        "label": _("Citizenship Office this month") if is_office else _("Citizenship Windows this month"),
        "value": min(max(quota.used, 0), quota.cap),
        "maximum": max(quota.cap, 1),
        "text": _("%(used)s of %(cap)s")
        % {"used": formatting.number(quota.used), "cap": formatting.number(quota.cap)},
        "sentence": " ".join(sentences),
        "left": left,
        "tone": "danger" if share >= 1 else "warning" if share >= 0.8 else "",
    }
