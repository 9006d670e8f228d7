"""The states of recipients, their claims and quota exceptions."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

RECIPIENT: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "neutral", "pencil", _("Not sent yet. Add the evidence and submit it.")),
    "submitted": Status(_("Submitted"), "info", "inbox", _("The MAR checks the evidence.")),
    "reviewed": Status(
        _("Reviewed"), "info", "user-check", _("Checked by one person. A second person decides.")
    ),
    "approved": Status(
        _("Approved"), "success", "circle-check", _("Citizenship licences may be ordered for it.")
    ),
    "refused": Status(_("Refused"), "danger", "circle-x", _("Not accepted. The reason stands on its page.")),
    "expired": Status(_("Evidence expired"), "warning", "clock", _("Add new evidence and submit it again.")),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Taken back by the partner.")),
}

CLAIM: Mapping[str, Status] = {
    "first": Status(_("First come"), "success", "shield-check", _("Registered here first, and protected.")),
    "conflict": Status(
        _("Registered already"), "warning", "flag", _("Another registration exists. The MAR decides.")
    ),
    "shared": Status(_("Shared"), "info", "heart-handshake", _("Two partners may supply it.")),
    "lost": Status(
        _("Registered elsewhere"), "danger", "ban", _("It stays where it is; no order is possible here.")
    ),
}

CONFLICT: Mapping[str, Status] = {
    "open": Status(_("Open"), "warning", "flag", _("The second partner’s orders wait for a decision.")),
    "kept": Status(_("First keeps it"), "neutral", "shield-check", _("The first registration stands alone.")),
    "shared": Status(_("Shared"), "info", "heart-handshake", _("Both may supply it.")),
    "transferred": Status(_("Passed on"), "info", "arrows-exchange", _("It belongs to the second now.")),
    "lapsed": Status(_("Lapsed"), "neutral", "archive", _("One side withdrew before a decision.")),
}

QUOTA_EXCEPTION: Mapping[str, Status] = {
    "requested": Status(_("Requested"), "info", "inbox", _("The MAR prepares it for Microsoft.")),
    "packaged": Status(
        _("Package ready"), "info", "package", _("The package waits to be sent to Microsoft.")
    ),
    "asked": Status(_("With Microsoft"), "info", "hourglass", _("We wait for Microsoft’s answer.")),
    "approved": Status(
        _("Approved"), "success", "circle-check", _("Exactly this product, quantity and period is open.")
    ),
    "refused": Status(_("Refused"), "danger", "circle-x", _("The month’s quota stays as it is.")),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Taken back by the partner.")),
}
