"""Whether a programme change can stand: pure rules."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse


def check_change(
    order_stop_at: datetime | None,
    install_stop_at: datetime | None,
    sell_through_stop_at: datetime | None,
    *,
    texts: Mapping[str, tuple[str, str]],
    now: datetime,
) -> Refusal | None:
    """Return what is wrong with a change's dates or words, None when nothing is."""
    named = [
        (label, moment)
        for label, moment in (
            (_("No orders from"), order_stop_at),
            (_("No keys for PCs from"), install_stop_at),
            (_("No sales from"), sell_through_stop_at),
        )
        if moment is not None
    ]
    moments = [moment for _label, moment in named]
    if not moments:
        what = _("A change names at least one date.")
    elif moments != sorted(moments):
        what = _("Ordering stops first, then installing, then selling.")
    elif moments[0] <= now:
        what = _("The dates of a change lie ahead, so that partners can prepare.")
    elif not texts or any(not title.strip() or not text.strip() for title, text in texts.values()):
        what = _("A change has a title and a text in each language it is written in.")
    else:
        return None
    return refuse(
        "change_incomplete",
        what,
        rule="P-CHANGE-1",
        facts=dict(named),
        next_step=_("Correct the dates or the words."),
        lifted_by=_("You"),
    )


def install_stop(product_name: str, install_before: datetime | None, *, at: datetime) -> Refusal | None:
    """Return what stands against giving out an untouched key, None while the product may be installed."""
    if install_before is None or install_before > at:
        return None
    return refuse(
        "install_stop",
        _("%(product)s may no longer be installed, so no more keys of it are given out.")
        % {"product": product_name},
        rule="HND-9",
        facts={_("No keys for PCs from"): install_before},
        next_step=_("Keys you took before stay yours: report them. Untouched keys can go back to the MAR."),
        lifted_by=_("The MAR"),
        fix_path="/tpr/rules/",
    )


def is_sale_stopped(sold_on: date, sell_before: datetime | None, *, zone: ZoneInfo) -> bool:
    """Return whether a PC may no longer be sold on a day: from the day in the zone on which selling stops."""
    return sell_before is not None and sold_on >= sell_before.astimezone(zone).date()
