"""Whether a programme change can stand: pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Windows:
    """A product's own dates: on sale from, and from when its orders, its keys and its sales stop."""

    order_from: datetime
    order_stop: datetime | None
    install_stop: datetime | None
    sell_through_stop: datetime | None


def check_windows(product: Windows, change: Windows) -> list[Refusal]:
    """Return what is wrong with a change's dates beside those the product keeps, one refusal for each date.

    A date the change does not name stays as it is on the product, and the order holds for what results.
    """
    labels = {
        "order_stop": _("No orders from"),
        "install_stop": _("No keys for PCs from"),
        "sell_through_stop": _("No sales from"),
    }
    kept = {name: getattr(product, name) for name in labels if getattr(change, name) is None}
    found = []
    names = list(labels)
    for place, name in enumerate(names):
        moment = getattr(change, name)
        if moment is None:
            continue
        facts = {labels[name]: moment}
        too_late = [other for other in names[:place] if kept.get(other) and kept[other] > moment]
        too_early = [other for other in names[place + 1 :] if kept.get(other) and kept[other] < moment]
        if moment <= product.order_from:
            what, facts[_("On sale from")] = (
                _("The product is not on sale before that day."),
                product.order_from,
            )
        elif too_late or too_early:
            other = (too_late or too_early)[0]
            facts[labels[other]] = kept[other]
            what = _("Ordering stops first, then installing, then selling; the product keeps another date.")
        else:
            continue
        found.append(
            refuse(
                f"change_{name}",
                what,
                rule="P-CHANGE-4",
                facts=facts,
                next_step=_("Choose another day, or name the other date in this change too."),
                lifted_by=_("You"),
            )
        )
    return found


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
