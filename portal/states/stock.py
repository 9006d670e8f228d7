"""The words of stock: how long it lasts, its alarms, and what was called off."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

FORECAST: Mapping[str, Status] = {
    "dry": Status(_("Dry"), "danger", "alert-triangle", _("Nothing is left for the next order.")),
    "soon": Status(_("Within two weeks"), "danger", "alert-triangle", _("It runs dry within two weeks.")),
    "ahead": Status(_("Within six weeks"), "warning", "clock", _("It runs dry within six weeks.")),
    "enough": Status(_("Enough"), "success", "circle-check", _("It lasts longer than six weeks.")),
    "never": Status(_("No use"), "neutral", "circle-dashed", _("Nobody used a key in the weeks looked at.")),
    "too_little": Status(
        _("Too little known"), "neutral", "info-circle", _("Two weeks of deliveries and orders are needed.")
    ),
}

CONFIDENCE: Mapping[str, Status] = {
    "good": Status(_("Good"), "success", "circle-check", _("Eight weeks or more, and they are alike.")),
    "fair": Status(_("Fair"), "info", "info-circle", _("Few weeks, or weeks that differ.")),
    "low": Status(_("Low"), "warning", "alert-triangle", _("Weeks differ by more than their mean.")),
}

STOCK_ALERT: Mapping[str, Status] = {
    "open": Status(_("Low"), "warning", "bell-ringing", _("Stock is below its threshold.")),
    "ended": Status(_("Over"), "neutral", "history", _("Stock came back above its threshold.")),
    "test": Status(_("Test"), "info", "send", _("A person tried the road of the alarms.")),
}

ALERT_MAIL: Mapping[str, Status] = {
    "accepted": Status(_("Accepted"), "success", "circle-check", _("The mail server took the mail.")),
    "queued": Status(_("On its way"), "info", "clock", _("The mail server has not answered yet.")),
    "failed": Status(_("Not delivered"), "danger", "alert-triangle", _("It is tried again.")),
}

CALL_OFF: Mapping[str, Status] = {
    "open": Status(_("On its way"), "info", "clock", _("Keys are still to come.")),
    "late": Status(_("Late"), "danger", "alert-triangle", _("The expected day has passed.")),
    "received": Status(_("Received"), "success", "circle-check", _("All keys came.")),
    "closed": Status(_("Closed"), "neutral", "archive", _("A person said that the rest does not come.")),
}
