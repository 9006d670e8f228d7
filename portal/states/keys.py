"""The states of keys, their holds, builds, returns, labels and incidents."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

# Keys carry Microsoft's own numbers; KEY_NAMES maps Microsoft's names onto them.
KEY: Mapping[str, Status] = {
    "1": Status(_("In stock"), "neutral", "package", _("Held in stock. It can be ordered.")),
    "11": Status(_("Assigned"), "info", "shopping-cart", _("Belongs to an order. Fetch it for a device.")),
    "12": Status(
        _("Handed over"),
        "warning",
        "key",
        _("Given out for one device. Report the device after the installation."),
    ),
    "2": Status(
        _("Installed"),
        "warning",
        "device-laptop",
        _("Used on one device. Its hardware report is still missing."),
    ),
    "3": Status(
        _("Bound"), "info", "clipboard-check", _("The device is reported to us. We pass it on to Microsoft.")
    ),
    "4": Status(_("Announced"), "info", "send", _("The device is announced to Microsoft. Nothing to do.")),
    "7": Status(
        _("Sent to Microsoft"), "info", "hourglass", _("Microsoft has the report. We wait for the answer.")
    ),
    "9": Status(
        _("Activation enabled"), "success", "circle-check", _("Microsoft accepted the report. All done.")
    ),
    "10": Status(
        _("Activation denied"),
        "danger",
        "circle-x",
        _("Microsoft refused the report. Open the key to see the reason."),
    ),
    "13": Status(
        _("Enabled, update pending"),
        "info",
        "refresh",
        _("The device may activate. A correction of its report is on the way to Microsoft."),
    ),
    "8": Status(
        _("Return sent"),
        "info",
        "arrow-back-up",
        _("The return was sent to Microsoft. We wait for the answer."),
    ),
    "5": Status(
        _("Returned"), "neutral", "archive", _("Back at Microsoft. This key can never be used again.")
    ),
    "100": Status(
        _("Import undone"),
        "neutral",
        "ban",
        _("Its delivery was undone before any of its keys left the stock."),
    ),
}

KEY_NAMES: Mapping[str, str] = {
    "fulfilled": "1",
    "assigned": "11",
    "retrieved": "12",
    "consumed": "2",
    "bound": "3",
    "notifiedbound": "4",
    "reportedbound": "7",
    "activationenabled": "9",
    "activationdenied": "10",
    "activationenabledpendingupdate": "13",
    "reportedreturn": "8",
    "returned": "5",
    "undone": "100",
}

HOLD: Mapping[str, Status] = {
    "none": Status(_("Free"), "neutral", "minus", _("Nothing holds this key back.")),
    "reserved": Status(_("Reserved"), "info", "lock", _("Kept for a special purpose. It cannot be ordered.")),
    "quarantined": Status(
        _("Quarantined"),
        "warning",
        "hand-stop",
        _("It was shown to someone before. It will not be given out again."),
    ),
    "lost_or_stolen": Status(
        _("Lost or stolen"), "danger", "alert-triangle", _("Reported as lost or stolen. Do not use it.")
    ),
    "disputed": Status(
        _("Disputed"), "warning", "flag", _("Two sides disagree about this key. Compliance decides.")
    ),
}

BUILD: Mapping[str, Status] = {
    "needs_details": Status(
        _("Needs device details"),
        "warning",
        "pencil",
        _("Some facts about the device are missing. Add them."),
    ),
    "ready": Status(
        _("Ready to send"), "info", "clipboard-check", _("Complete. It goes out with the next file.")
    ),
    "sent": Status(_("Sent to Microsoft"), "info", "send", _("We wait for Microsoft’s answer.")),
    "enabled": Status(
        _("Activation enabled"), "success", "circle-check", _("Microsoft accepted the device. All done.")
    ),
    "denied": Status(
        _("Activation denied"),
        "danger",
        "circle-x",
        _("Microsoft refused the device. Open it to see the reason."),
    ),
}

LABEL: Mapping[str, Status] = {
    "used": Status(_("On a PC"), "success", "circle-check", _("It belongs to this PC alone.")),
    "spoiled": Status(_("Spoiled"), "warning", "ban", _("It will be on no PC.")),
}

RETURN: Mapping[str, Status] = {
    "requested": Status(_("Asked for"), "info", "inbox", _("The portal checks it; some wait for a person.")),
    "checked": Status(_("Checked"), "info", "user-check", _("The programme office decides.")),
    "approved": Status(
        _("Approved"), "info", "circle-check", _("It goes to Microsoft with the next returns of its kind.")
    ),
    "sent": Status(_("Sent to Microsoft"), "info", "send", _("We wait for the answer, key by key.")),
    "answered_credit": Status(
        _("Answered: credit"), "success", "circle-check", _("There is credit for at least one key.")
    ),
    "answered_no_credit": Status(
        _("Answered: no credit"), "warning", "minus", _("Microsoft gives no credit for these keys.")
    ),
    "closed": Status(_("Closed"), "neutral", "archive", _("Nothing is left to do.")),
    "refused": Status(
        _("Refused"), "danger", "circle-x", _("It was not sent. The reason stands on its page.")
    ),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Taken back by the partner.")),
}

INCIDENT: Mapping[str, Status] = {
    "open": Status(_("Open"), "danger", "alert-triangle", _("Its keys are frozen. Compliance works on it.")),
    "found": Status(_("Found again"), "success", "circle-check", _("The keys are as they were before.")),
    "settled": Status(_("Settled"), "success", "check", _("The sides agree. The keys are free to use.")),
    "gone": Status(_("Gone for good"), "neutral", "archive", _("The keys stay frozen for ever.")),
}

CORRECTION: Mapping[str, Status] = {
    "open": Status(_("Waits"), "warning", "user-check", _("A second person decides it.")),
    "approved": Status(_("Done"), "success", "circle-check", _("A second person approved it; it is done.")),
    "refused": Status(_("Refused"), "danger", "circle-x", _("A second person refused it; nothing moved.")),
}

# A copy of the day's checkpoint on its way out of the house.
DELIVERY: Mapping[str, Status] = {
    "waiting": Status(_("On its way"), "info", "hourglass", _("It leaves within the minute.")),
    "failing": Status(_("Not out yet"), "danger", "alert-triangle", _("It is tried again and again.")),
    "delivered": Status(_("Delivered"), "success", "circle-check", _("The other side said that it has it.")),
}
