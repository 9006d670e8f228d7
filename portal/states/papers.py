"""The states of orders, imports, build reports and monthly reports."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

ORDER: Mapping[str, Status] = {
    "draft": Status(
        _("Reserved"), "info", "clock", _("Its keys are kept for a time. Confirm it, or they are free again.")
    ),
    "submitted": Status(
        _("Submitted"), "info", "hourglass", _("We are assigning your keys. This takes seconds.")
    ),
    "held_credit": Status(
        _("On hold: credit"),
        "warning",
        "credit-card",
        _("The credit limit is reached. It continues after a payment."),
    ),
    "held_compliance": Status(
        _("On hold: compliance"),
        "warning",
        "shield-lock",
        _("An open point holds this order: its page says which, and what ends it."),
    ),
    "needs_approval": Status(
        _("Needs approval"), "warning", "user-check", _("Above the limit. Someone is asked to approve it.")
    ),
    "backordered": Status(
        _("Waiting for stock"),
        "warning",
        "truck-delivery",
        _("Too few keys in stock. It is filled when new keys arrive."),
    ),
    "allocated": Status(_("Keys ready"), "success", "key", _("All keys are assigned. You can use them now.")),
    "completed": Status(
        _("Completed"), "success", "circle-check", _("Every key of this order is used or returned.")
    ),
    "cancelled": Status(
        _("Cancelled"), "neutral", "ban", _("Its keys went back to stock untouched. Nothing is charged.")
    ),
    "expired": Status(
        _("Expired"), "neutral", "clock", _("It waited too long and was closed. Place a new order.")
    ),
}

IMPORT: Mapping[str, Status] = {
    "received": Status(
        _("Received"), "info", "inbox", _("The file is stored. The check starts in a moment.")
    ),
    "validating": Status(_("Being checked"), "info", "hourglass", _("Every row is being checked.")),
    "refused": Status(
        _("Refused"), "danger", "circle-x", _("The file has errors. Nothing was taken into stock.")
    ),
    "ready": Status(
        _("Ready for release"),
        "warning",
        "user-check",
        _("The check passed. A second person must release it."),
    ),
    "releasing": Status(_("Being released"), "info", "hourglass", _("The keys are moving into stock.")),
    "released": Status(_("Released"), "success", "circle-check", _("The keys are in stock.")),
    "rejected": Status(
        _("Rejected"), "neutral", "ban", _("A person decided against this file. Nothing was taken.")
    ),
    "undone": Status(
        _("Undone"), "neutral", "ban", _("Two people undid this import. Its keys left the stock for good.")
    ),
    "failed": Status(
        _("Failed"), "danger", "alert-triangle", _("The check broke off. Try again or call support.")
    ),
}

CBR: Mapping[str, Status] = {
    "prepared": Status(_("Prepared"), "neutral", "file-text", _("The file is written and waits to be sent.")),
    "sent": Status(_("Sent"), "info", "send", _("On its way. We wait for Microsoft’s answer.")),
    "partly_answered": Status(
        _("Partly answered"), "warning", "hourglass", _("Some lines are answered. We wait for the rest.")
    ),
    "answered": Status(_("Answered"), "success", "circle-check", _("Microsoft answered every line.")),
    "refused": Status(
        _("Refused"), "danger", "circle-x", _("Microsoft refused the whole file. See the reason.")
    ),
    "withdrawn": Status(
        _("Replaced"), "neutral", "archive", _("A key left it before it was sent. A new file took its place.")
    ),
}

REPORT: Mapping[str, Status] = {
    "building": Status(
        _("Being built"), "info", "hourglass", _("The figures of the month are being frozen.")
    ),
    "draft": Status(_("Draft"), "warning", "file-text", _("Complete. Compliance must review it.")),
    "reviewed": Status(
        _("Reviewed"), "warning", "user-check", _("Reviewed. Another person must approve it.")
    ),
    "approved": Status(_("Approved"), "info", "check", _("Approved. It can be issued.")),
    "issued": Status(_("Issued"), "info", "file-check", _("Final. Send it to Microsoft.")),
    "submitted": Status(_("Submitted"), "info", "send", _("Sent. We wait for Microsoft’s answer.")),
    "accepted": Status(
        _("Accepted"), "success", "circle-check", _("Microsoft accepted the report. All done.")
    ),
    "rejected": Status(
        _("Rejected"), "danger", "circle-x", _("Microsoft rejected it. A correction is needed.")
    ),
    "superseded": Status(_("Superseded"), "neutral", "archive", _("A later revision replaces this one.")),
}
