"""The states of prices, estimates, rules and programme changes."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

PRICE: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "warning", "pencil", _("Waits for another person to announce it.")),
    "discarded": Status(_("Discarded"), "neutral", "x", _("Put away; nobody was told.")),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Taken back before it counted.")),
    "ahead": Status(_("Announced"), "info", "calendar-event", _("Partners see it; it counts from its day.")),
    "in_force": Status(_("In force"), "success", "circle-check", _("Orders are placed by it.")),
    "ended": Status(_("Ended"), "neutral", "archive", _("Another price followed.")),
}

PRICE_DEAL: Mapping[str, Status] = {
    "draft": Status(_("Proposed"), "warning", "pencil", _("Waits for another person to approve it.")),
    "discarded": Status(_("Discarded"), "neutral", "x", _("Put away; it never counted.")),
    "ahead": Status(_("Approved"), "info", "calendar-event", _("It counts from its first day.")),
    "in_force": Status(_("In force"), "success", "circle-check", _("It counts for the partner’s orders.")),
    "used_up": Status(_("Used up"), "neutral", "package", _("All licences of the discount were ordered.")),
    "ended": Status(_("Ended"), "neutral", "archive", _("The standard applies again.")),
}

LIMIT_CHANGE: Mapping[str, Status] = {
    "proposed": Status(_("Proposed"), "warning", "pencil", _("Waits for another person to approve it.")),
    "in_force": Status(_("Done"), "success", "circle-check", _("It counts since then.")),
    "discarded": Status(_("Discarded"), "neutral", "x", _("Put away; it never counted.")),
}

ESTIMATE: Mapping[str, Status] = {
    "open": Status(_("Open"), "info", "file-text", _("Its prices hold; one press orders it.")),
    "lapsed": Status(
        _("Lapsed"), "warning", "hourglass", _("It is ordered at today’s prices, after a look.")
    ),
    "ordered": Status(_("Ordered"), "success", "circle-check", _("It became its orders.")),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Put away by the partner.")),
}

ORDER_FILE: Mapping[str, Status] = {
    "checked": Status(_("Not ordered yet"), "info", "file-text", _("It was looked at and waits for a yes.")),
    "partly": Status(_("Ordered in part"), "warning", "hourglass", _("Some orders were refused so far.")),
    "placed": Status(_("Ordered"), "success", "circle-check", _("Every row became its order.")),
}

STANDING_ORDER: Mapping[str, Status] = {
    "active": Status(_("Active"), "success", "circle-check", _("It orders on its days by itself.")),
    "paused": Status(_("Paused"), "warning", "hand-stop", _("It orders nothing until somebody resumes it.")),
    "ended": Status(_("Ended"), "neutral", "archive", _("It orders nothing any more.")),
}

STANDING_RUN: Mapping[str, Status] = {
    "placed": Status(_("Ordered"), "success", "circle-check", _("Every line became its order.")),
    "refused": Status(
        _("Refused, left out"), "danger", "circle-x", _("A gate refused it; nothing was charged.")
    ),
    "held": Status(
        _("Refused, waits for you"), "warning", "hand-stop", _("Resume it, and this day is ordered.")
    ),
    "skipped": Status(_("Left out"), "neutral", "arrow-right", _("You left this day out.")),
    "stopped": Status(_("Stopped"), "danger", "hand-stop", _("Whoever made it may not order any more.")),
}

CHANGE: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "neutral", "pencil", _("Written. Another person must publish it.")),
    "published": Status(_("Published"), "success", "send", _("Every partner it touches was told.")),
    "discarded": Status(_("Discarded"), "neutral", "archive", _("Put away. Nobody was told.")),
}

RULE: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "neutral", "pencil", _("Written. It decides nothing yet.")),
    "announced": Status(_("Announced"), "info", "send", _("It takes effect on its minute by itself.")),
    "in_force": Status(_("In force"), "success", "circle-check", _("Decisions are made by it.")),
    "over": Status(_("Over"), "neutral", "history", _("Decisions of its time were made by it.")),
    "withdrawn": Status(_("Taken back"), "neutral", "archive", _("Put away before it began.")),
    "discarded": Status(_("Discarded"), "neutral", "archive", _("Put away. Nobody was told.")),
}

SALE: Mapping[str, Status] = {
    "announced": Status(_("Announced"), "info", "send", _("It is on sale from its day.")),
    "in_force": Status(_("On sale"), "success", "circle-check", _("It can be ordered.")),
    "over": Status(_("No longer sold"), "neutral", "history", _("Its last day of ordering has passed.")),
}
