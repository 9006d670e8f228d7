"""The states of applications, their checks and invitations."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal.states.one import Status

APPLICATION: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "neutral", "pencil", _("Not sent yet. Complete the open parts.")),
    "submitted": Status(_("Submitted"), "info", "inbox", _("Received. A review has not started yet.")),
    "in_review": Status(_("In review"), "info", "search", _("Someone is checking the facts now.")),
    "info_requested": Status(
        _("Question open"), "warning", "help-circle", _("One or more answers are asked for again.")
    ),
    "recommended": Status(
        _("Reviewed"), "info", "user-check", _("Checked by one person. A second person decides.")
    ),
    "appealed": Status(
        _("Appealed"), "warning", "message-circle", _("The refusal is looked at again by somebody else.")
    ),
    "approved": Status(
        _("Approved"), "success", "circle-check", _("Accepted. The invitation has been sent.")
    ),
    "rejected": Status(
        _("Refused"), "danger", "circle-x", _("Not accepted. The reason is on the application.")
    ),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Taken back by the applicant.")),
}

# How an application stands against the day we promised an answer by (partners/rules/review_clock.py).
REVIEW_CLOCK: Mapping[str, Status] = {
    "overdue": Status(_("Overdue"), "danger", "alert-triangle", _("The promised day has passed.")),
    "due_today": Status(_("Due today"), "warning", "clock", _("The promised day is today.")),
    "due_soon": Status(_("Due soon"), "warning", "clock", _("Two days or less are left.")),
    "in_time": Status(_("In time"), "neutral", "clock", _("There is time left to the promised day.")),
    "waiting": Status(
        _("With the applicant"), "info", "hourglass", _("The clock stands until the answer comes.")
    ),
    "done": Status(_("Closed"), "neutral", "minus", _("Nothing is promised any more.")),
}

CHECK: Mapping[str, Status] = {
    "pending": Status(
        _("Running"), "info", "hourglass", _("The source was asked. Its answer is on its way.")
    ),
    "clear": Status(_("In order"), "success", "circle-check", _("The source found nothing to look at.")),
    "attention": Status(_("Look at this"), "warning", "eye", _("A person should look. It decides nothing.")),
    "failed": Status(_("Not in order"), "danger", "circle-x", _("The source says no. A person decides.")),
    "unavailable": Status(
        _("Source not reachable"), "warning", "clock", _("The source did not answer. It is asked again.")
    ),
    "skipped": Status(_("Not asked"), "neutral", "minus", _("Nothing to ask, or switched off.")),
}

SANCTIONS_LIST: Mapping[str, Status] = {
    "waiting": Status(
        _("Being loaded"), "info", "hourglass", _("The file is being read. Load the page again.")
    ),
    "loaded": Status(_("In force"), "success", "circle-check", _("Applicants are compared with this list.")),
    "replaced": Status(_("Replaced"), "neutral", "archive", _("A newer list stands in its place.")),
    "refused": Status(_("Refused"), "danger", "circle-x", _("The file has errors. Nothing of it was taken.")),
}

# A list of companies to invite, sent as a whole or not at all.
BULK_INVITATION: Mapping[str, Status] = {
    "checked": Status(_("Checked"), "warning", "eye", _("In order. It waits for your yes.")),
    "sending": Status(_("Being sent"), "info", "hourglass", _("The invitations are being written.")),
    "sent": Status(_("Sent"), "success", "send", _("Each company has its mail.")),
    "dropped": Status(_("Dropped"), "neutral", "ban", _("Nobody was invited from it.")),
}
