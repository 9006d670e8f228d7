"""The states of partners and what belongs to them."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

PARTNER: Mapping[str, Status] = {
    "approved": Status(
        _("Approved"), "info", "user-check", _("Accepted. The first sign-in is still to come.")
    ),
    "agreement_pending": Status(
        _("Terms to accept"), "warning", "file-text", _("The terms must be accepted before the first order.")
    ),
    "active": Status(_("Active"), "success", "circle-check", _("May order, receive and report keys.")),
    "restricted": Status(
        _("Restricted"), "warning", "alert-triangle", _("May report devices, but new orders are limited.")
    ),
    "suspended": Status(
        _("Suspended"),
        "danger",
        "ban",
        _("Orders, keys or both are stopped. Reporting and payment stay open."),
    ),
    "winding_down": Status(
        _("Winding down"), "warning", "hourglass", _("Finishes open work. No new orders.")
    ),
    "terminated": Status(_("Terminated"), "neutral", "archive", _("The relation has ended.")),
}

DOCUMENT: Mapping[str, Status] = {
    "valid": Status(_("Valid"), "success", "circle-check", _("Good until its date, or without an end.")),
    "expiring": Status(_("Ends soon"), "warning", "clock", _("Ends within 30 days. Hand in a new one.")),
    "expired": Status(_("Expired"), "danger", "circle-x", _("No longer good. Hand in a new one.")),
}

COMPANY_CHANGE: Mapping[str, Status] = {
    "requested": Status(
        _("Waits for the programme office"),
        "warning",
        "hourglass",
        _("The programme office checks and confirms it."),
    ),
    "confirmed": Status(_("Confirmed"), "success", "circle-check", _("The new facts stand since then.")),
    "refused": Status(_("Refused"), "danger", "circle-x", _("Nothing changed. The note says why.")),
    "withdrawn": Status(_("Taken back"), "neutral", "arrow-back-up", _("Taken back by the partner.")),
}

EXIT_ITEM: Mapping[str, Status] = {
    "open": Status(_("Open"), "warning", "circle-dashed", _("To be settled before the contract ends.")),
    "settled": Status(_("Settled"), "success", "circle-check", _("Nothing is left to do.")),
    "waived": Status(_("Let go"), "neutral", "minus", _("Two people let it go, with a reason.")),
}

SCORE: Mapping[str, Status] = {
    "passed": Status(_("Reached"), "success", "circle-check", _("The score reaches the mark.")),
    "missed": Status(_("Missed"), "warning", "alert-triangle", _("The score lies below the mark.")),
    "early": Status(_("Too early"), "neutral", "clock", _("Too few facts for a score yet.")),
}

TIER_PROPOSAL: Mapping[str, Status] = {
    "open": Status(_("Waits"), "warning", "user-check", _("A person confirms or declines the move.")),
    "confirmed": Status(_("Confirmed"), "success", "circle-check", _("The partner has moved.")),
    "declined": Status(_("Declined"), "neutral", "ban", _("A person left the tier as it is.")),
    "overtaken": Status(_("Overtaken"), "neutral", "archive", _("Newer facts suggest something else.")),
}

DUTY: Mapping[str, Status] = {
    "overdue": Status(_("Overdue"), "danger", "alert-triangle", _("Its day has passed.")),
    "soon": Status(_("Soon"), "warning", "clock", _("Due within two weeks.")),
    "later": Status(_("Later"), "neutral", "calendar", _("Nothing to do yet.")),
    "done": Status(_("Done"), "success", "circle-check", _("Nothing is left to do.")),
}
