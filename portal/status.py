"""The one dictionary of states: word, tone, icon and the sentence that says what it means.

Screens, mails, files and the API take their words from here. A state is never told by colour alone:
each has a word and an icon. An unknown code is shown neutrally under its own name, because
Microsoft may send codes we do not know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Tone = Literal["neutral", "info", "success", "warning", "danger"]
Text = str | Promise
Code = str | int | None


@dataclass(frozen=True, slots=True)
class Status:
    """One state as people see it."""

    label: Text
    tone: Tone
    icon: str
    sentence: Text = ""


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

ORDER: Mapping[str, Status] = {
    "draft": Status(_("Draft"), "neutral", "pencil", _("Not sent yet. Check it and place the order.")),
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
        _("An open compliance point blocks this order. The order page says what to do."),
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

DOCUMENT: Mapping[str, Status] = {
    "valid": Status(_("Valid"), "success", "circle-check", _("Good until its date, or without an end.")),
    "expiring": Status(_("Ends soon"), "warning", "clock", _("Ends within 30 days. Hand in a new one.")),
    "expired": Status(_("Expired"), "danger", "circle-x", _("No longer good. Hand in a new one.")),
}

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

ESTIMATE: Mapping[str, Status] = {
    "open": Status(_("Open"), "info", "file-text", _("Its prices hold; one press orders it.")),
    "lapsed": Status(
        _("Lapsed"), "warning", "hourglass", _("It is ordered at today’s prices, after a look.")
    ),
    "ordered": Status(_("Ordered"), "success", "circle-check", _("It became its orders.")),
    "withdrawn": Status(_("Withdrawn"), "neutral", "arrow-back-up", _("Put away by the partner.")),
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

STATUSES: Mapping[str, Mapping[str, Status]] = {
    "key": KEY,
    "hold": HOLD,
    "order": ORDER,
    "application": APPLICATION,
    "check": CHECK,
    "sanctions_list": SANCTIONS_LIST,
    "review_clock": REVIEW_CLOCK,
    "bulk_invitation": BULK_INVITATION,
    "partner": PARTNER,
    "score": SCORE,
    "tier_proposal": TIER_PROPOSAL,
    "import": IMPORT,
    "cbr": CBR,
    "report": REPORT,
    "build": BUILD,
    "change": CHANGE,
    "rule": RULE,
    "price": PRICE,
    "price_deal": PRICE_DEAL,
    "estimate": ESTIMATE,
    "sale": SALE,
    "recipient": RECIPIENT,
    "claim": CLAIM,
    "conflict": CONFLICT,
    "quota_exception": QUOTA_EXCEPTION,
    "document": DOCUMENT,
    "company_change": COMPANY_CHANGE,
    "exit_item": EXIT_ITEM,
    "duty": DUTY,
    "return": RETURN,
    "label": LABEL,
    "incident": INCIDENT,
    "delivery": DELIVERY,
    "correction": CORRECTION,
}

UNKNOWN_SENTENCE = _("We do not know this state. Please tell support.")
_SEPARATORS = re.compile(r"[\s_-]+")


def status(kind: str, code: Code) -> Status:
    """Return how a state is shown; never raises, whatever the code is."""
    states = STATUSES.get(kind, {})
    known = states.get(_normalise(kind, code))
    return known or Status(
        _readable(code), "neutral", "point", UNKNOWN_SENTENCE if code not in (None, "") else ""
    )


def choices(kind: str) -> list[tuple[str, Text]]:
    """Return (code, label) of every state of a kind, in the order of its life, for filters."""
    return [(code, state.label) for code, state in STATUSES[kind].items()]


def _normalise(kind: str, code: Code) -> str:
    text = str(getattr(code, "value", code)).strip().lower()
    if kind != "key":
        return text.replace("-", "_").replace(" ", "_")
    return KEY_NAMES.get(_SEPARATORS.sub("", text), text)


def _readable(code: Code) -> str:
    """Turn an unknown code into words: `NewThing` and `new_thing` both become "New thing"."""
    if code is None or code == "":
        return "–"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", str(code))
    return _SEPARATORS.sub(" ", words).strip().capitalize()
