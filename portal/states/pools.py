"""The words of pools of stock and of stopped deliveries."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

POOL: Mapping[str, Status] = {
    "asked": Status(
        _("Asked for"), "warning", "user-check", _("A second person must open it. No key lies in it.")
    ),
    "planned": Status(
        _("Planned"), "info", "calendar", _("Keys may be put in. Nobody draws before its first day.")
    ),
    "open": Status(
        _("Open"), "success", "circle-check", _("Those it names draw from it, before the general stock.")
    ),
    "ended": Status(_("Ended"), "neutral", "archive", _("Over. Its free keys are everybody’s again.")),
}

BATCH_STOP: Mapping[str, Status] = {
    "stopped": Status(
        _("Stopped"), "warning", "hand-stop", _("What was free lies in quarantine. A second person decides.")
    ),
    "undone": Status(_("Undone"), "neutral", "ban", _("Its keys left the stock for good.")),
    "given_back": Status(_("Given back"), "success", "package", _("What was held is free again.")),
}
