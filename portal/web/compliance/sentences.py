"""What an audit row says, as a sentence. An act nobody named here is still told in plain words."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from core.models import AuditEvent
from portal import formatting
from portal.web.compliance.refusal_words import refusal_words

SENTENCES: Mapping[str, Promise | str] = {
    "reporting.report.begun": gettext_lazy("began report %(number)s"),
    "reporting.report.frozen": gettext_lazy("froze the lines of report %(number)s"),
    "reporting.report.built": gettext_lazy("made the draft files of report %(number)s"),
    "reporting.report.not_built": gettext_lazy("could not build report %(number)s"),
    "reporting.report.queued_again": gettext_lazy("had report %(number)s built again"),
    "reporting.report.reviewed": gettext_lazy("reviewed report %(number)s"),
    "reporting.report.approved": gettext_lazy("approved report %(number)s"),
    "reporting.report.issued": gettext_lazy("issued report %(number)s"),
    "reporting.report.submitted": gettext_lazy("sent report %(number)s to Microsoft"),
    "reporting.report.accepted": gettext_lazy("recorded that Microsoft accepted report %(number)s"),
    "reporting.report.rejected": gettext_lazy("recorded that Microsoft rejected report %(number)s"),
    "reporting.report.superseded": gettext_lazy("replaced report %(number)s by %(by_number)s"),
    "reporting.report.correction_requested": gettext_lazy("began correction %(new)s of report %(number)s"),
    "reporting.report.compared": gettext_lazy("recreated a report's files and compared them"),
    "reporting.file.downloaded": gettext_lazy("downloaded %(name)s"),
    "reporting.checkpoint.made": gettext_lazy("signed the checkpoint of %(day)s"),
    "reporting.checkpoint.downloaded": gettext_lazy("downloaded a checkpoint"),
    "reporting.chain.verified": gettext_lazy("verified the hash chains"),
    "licensing.order.placed": ngettext_lazy(
        "ordered %(quantity)s licence", "ordered %(quantity)s licences", "quantity"
    ),
    "licensing.order.completed": gettext_lazy("completed an order"),
    "licensing.order.cancelled": gettext_lazy("cancelled an order"),
    "licensing.pool.asked": gettext_lazy("asked for a pool of stock"),
    "licensing.pool.opened": gettext_lazy("opened a pool of stock"),
    "licensing.pool.filled": ngettext_lazy(
        "put %(keys)s key into a pool", "put %(keys)s keys into a pool", "keys"
    ),
    "licensing.pool.released": ngettext_lazy(
        "gave %(keys)s key of a pool back", "gave %(keys)s keys of a pool back", "keys"
    ),
    "licensing.pool.ended": gettext_lazy("ended a pool of stock"),
    "licensing.fair_share.proposed": gettext_lazy("asked to share out scarce stock"),
    "licensing.fair_share.switched_on": gettext_lazy("switched a fair share on"),
    "licensing.fair_share.ended": gettext_lazy("ended a fair share"),
    "licensing.stock.shared": gettext_lazy("shared out scarce stock"),
    "licensing.order.waits": gettext_lazy("let an order wait"),
    "licensing.order.allocated": gettext_lazy("gave a waiting order its keys"),
    "licensing.order.refused": gettext_lazy("did not approve an order"),
    "licensing.order.expired": gettext_lazy("ended an order that waited too long"),
    "licensing.key.claimed": gettext_lazy("took a key for a device by a station"),
    "licensing.key.revealed": gettext_lazy("looked at a key for a device"),
    "licensing.key.replaced": gettext_lazy("gave a key in the place of %(instead_of)s"),
    "licensing.key.filed": gettext_lazy("took a key for a device by an encrypted file"),
    "licensing.bulk.made": gettext_lazy("had a file of %(keys)s keys encrypted"),
    "licensing.bulk.taken": gettext_lazy("fetched a file of %(keys)s keys"),
    "licensing.delivery_key.registered": gettext_lazy("registered a public key (%(fingerprint)s)"),
    "licensing.delivery_key.ended": gettext_lazy("took a public key out of force"),
    "licensing.velocity.alarmed": gettext_lazy("told compliance that keys are asked for too fast"),
    "licensing.key.recalled": gettext_lazy("recalled a key"),
    "licensing.key.held": gettext_lazy("froze a key (%(hold)s)"),
    "licensing.key.hold_lifted": gettext_lazy("lifted a key’s hold (%(hold)s)"),
    "licensing.incident.reported": gettext_lazy("reported incident %(reference)s"),
    "licensing.incident.measures_noted": gettext_lazy("noted measures in incident %(reference)s"),
    "licensing.incident.closed": gettext_lazy("closed incident %(reference)s: %(outcome)s"),
    "licensing.correction.asked": gettext_lazy("asked for a correction of a key"),
    "licensing.correction.approved": gettext_lazy("approved a correction of a key"),
    "licensing.correction.refused": gettext_lazy("refused a correction of a key"),
    "licensing.build.reported": gettext_lazy("reported a build"),
    "licensing.build.uploaded": gettext_lazy("uploaded build files"),
    "licensing.build.completed": gettext_lazy("added device details to a build"),
    "licensing.build.reverted": gettext_lazy("took a build back"),
    "licensing.build.resent": gettext_lazy("sent a build to Microsoft again"),
    "licensing.label.received": gettext_lazy("took labels %(labels)s into stock"),
    "licensing.label.issued": gettext_lazy("issued labels %(labels)s"),
    "licensing.label.taken_back": gettext_lazy("took labels %(labels)s back"),
    "licensing.label.used": gettext_lazy("put label %(label)s on a PC"),
    "licensing.label.spoiled": gettext_lazy("noted label %(label)s as spoiled"),
    "licensing.partner_return.requested": gettext_lazy("asked to give back %(keys)s keys in %(return)s"),
    "licensing.partner_return.checked": gettext_lazy("checked the return %(return)s"),
    "licensing.partner_return.approved": gettext_lazy("approved the return %(return)s"),
    "licensing.partner_return.refused": gettext_lazy("refused the return %(return)s"),
    "licensing.partner_return.withdrawn": gettext_lazy("took the return %(return)s back"),
    "licensing.partner_return.sent": gettext_lazy("sent the return %(return)s to Microsoft as %(rma)s"),
    "licensing.partner_return.answered": gettext_lazy("booked Microsoft's answer to the return %(return)s"),
    "licensing.partner_return.closed": gettext_lazy("closed the return %(return)s"),
    "licensing.batch.uploaded": gettext_lazy("uploaded a delivery of keys"),
    "licensing.batch.released": ngettext_lazy(
        "released a delivery of %(keys)s key into stock",
        "released a delivery of %(keys)s keys into stock",
        "keys",
    ),
    "licensing.batch.rejected": gettext_lazy("rejected a delivery of keys"),
    "licensing.batch.stopped": ngettext_lazy(
        "stopped a delivery: %(keys)s key in quarantine",
        "stopped a delivery: %(keys)s keys in quarantine",
        "keys",
    ),
    "licensing.batch.undone": ngettext_lazy(
        "undid an import of %(keys)s key", "undid an import of %(keys)s keys", "keys"
    ),
    "licensing.batch.given_back": ngettext_lazy(
        "gave %(keys)s key of a stopped delivery back",
        "gave %(keys)s keys of a stopped delivery back",
        "keys",
    ),
    "licensing.batch.refused": gettext_lazy("refused a delivery of keys with errors"),
    "licensing.answers.imported": gettext_lazy("booked answers of Microsoft"),
    "licensing.answers.refused": gettext_lazy("could not read a file of answers"),
    "licensing.exception.closed": gettext_lazy("closed an exception of the exchange"),
    "licensing.account.opened": gettext_lazy("opened a partner's account"),
    "partners.application.submitted": gettext_lazy("applied to become a partner"),
    "partners.application.reviewed": gettext_lazy("reviewed an application"),
    "partners.application.approved": gettext_lazy("approved an application"),
    "partners.application.rejected": gettext_lazy("rejected an application"),
    "partners.terms.accepted": gettext_lazy("accepted the terms"),
    "partners.terms.published": gettext_lazy("published terms"),
    "partners.invitation.sent": gettext_lazy("invited a person"),
    "partners.invitation.accepted": gettext_lazy("accepted an invitation"),
    "partners.person.role_changed": gettext_lazy("changed a person's role"),
    "partners.person.removed": gettext_lazy("removed a person"),
    "partners.api_key.created": gettext_lazy("made a station's credential"),
    "partners.api_key.revoked": gettext_lazy("revoked a station's credential"),
    "partners.credit.limit_set": gettext_lazy("set a credit limit"),
    "partners.block.set": gettext_lazy("set a block"),
    "partners.block.lifted": gettext_lazy("lifted a block"),
    "partners.invitation.cancelled": gettext_lazy("took an invitation back"),
    "partners.company.contact_changed": gettext_lazy("changed the contact data"),
    "partners.company.change_requested": gettext_lazy("asked for a change of company data"),
    "partners.company.change_withdrawn": gettext_lazy("took a request to change company data back"),
    "partners.company.changed": gettext_lazy("confirmed a change of company data"),
    "partners.company.change_refused": gettext_lazy("refused a change of company data"),
    "partners.site.opened": gettext_lazy("added an address"),
    "partners.site.changed": gettext_lazy("changed an address"),
    "partners.site.closed": gettext_lazy("closed an address"),
    "partners.brand.added": gettext_lazy("added the brand %(name)s"),
    "partners.brand.changed": gettext_lazy("changed the brand %(name)s"),
    "partners.brand.closed": gettext_lazy("closed the brand %(name)s"),
    "partners.contact.named": gettext_lazy("named a contact"),
    "partners.document.reminded": ngettext_lazy(
        "reminded of a document that ends in %(days)s day",
        "reminded of a document that ends in %(days)s days",
        "days",
    ),
    "partners.mar.changed": gettext_lazy("changed the MAR’s facts"),
    "partners.note.written": gettext_lazy("wrote a note"),
    "partners.note.pinned": gettext_lazy("put a note on top"),
    "partners.note.unpinned": gettext_lazy("let a note go down"),
    "partners.agreement.created": gettext_lazy("opened an agreement"),
    "partners.application.started": gettext_lazy("began an application"),
    "partners.application.opened": gettext_lazy("opened an application by its link"),
    "partners.application.answered": gettext_lazy("answered a question about an application"),
    "partners.application.appealed": gettext_lazy("appealed against a refusal"),
    "partners.application.withdrawn": gettext_lazy("took an application back"),
    "partners.application.expired": gettext_lazy("closed an application nobody went on with"),
    "partners.check.answered": gettext_lazy("looked something up about an application"),
    "partners.check.repeated": gettext_lazy("had a check made again"),
    "partners.check.unavailable": gettext_lazy("found a source of checks not answering"),
    "partners.course.saved": gettext_lazy("saved a course"),
    "partners.credit.unpaid_recorded": gettext_lazy("recorded what the partner owes"),
    "partners.document.stored": gettext_lazy("handed a paper in"),
    "partners.document.removed": gettext_lazy("took a paper back"),
    "partners.document.downloaded": gettext_lazy("opened a paper"),
    "partners.erasure.requested": gettext_lazy("asked for a person to be forgotten"),
    "partners.erasure.done": gettext_lazy("had a person forgotten"),
    "partners.erasure.refused": gettext_lazy("refused to have a person forgotten"),
    "partners.factors.enrolled": gettext_lazy("set up a second step of sign-in"),
    "partners.erasure.reapplied": gettext_lazy("forgot a person again after a restore"),
    "partners.owner_reset.begun": gettext_lazy("began to let a partner’s only owner in again"),
    "partners.owner_reset.confirmed": gettext_lazy("confirmed the reset of a partner’s only owner"),
    "partners.owner_reset.carried_out": gettext_lazy("took off the second step of a partner’s only owner"),
    "partners.owner_reset.stopped": gettext_lazy("stopped the reset of a partner’s only owner"),
    "partners.owner_reset.evidence_seen": gettext_lazy("looked at the evidence of an owner’s reset"),
    "partners.retention.proposed": gettext_lazy("proposed to delete what need not be kept any longer"),
    "partners.retention.dropped": gettext_lazy("dropped a proposal to delete what is past its time"),
    "partners.factors.reset": gettext_lazy("reset a person's second step of sign-in"),
    "partners.grace.given": gettext_lazy("gave the partner time"),
    "partners.grace.ended": gettext_lazy("ended a grace"),
    "partners.partner.activated": gettext_lazy("made the partner active"),
    "partners.partner.reinstated": gettext_lazy("made the partner active again"),
    "partners.partner.restricted": gettext_lazy("restricted the partner"),
    "partners.partner.suspended": gettext_lazy("suspended the partner"),
    "partners.partner.winding_down": gettext_lazy("began the end of the contract"),
    "partners.partner.terminated": gettext_lazy("ended the partner’s contract"),
    "partners.partner.tier_set": gettext_lazy("set the partner’s tier"),
    "partners.personal_data.exported": gettext_lazy("took a copy of personal data"),
    "partners.profile.saved": gettext_lazy("changed the public profile"),
    "partners.recipient.registered": gettext_lazy("registered a recipient"),
    "partners.recipient.changed": gettext_lazy("changed a recipient"),
    "partners.recipient.submitted": gettext_lazy("submitted a recipient"),
    "partners.recipient.withdrawn": gettext_lazy("took a recipient back"),
    "partners.recipient.reviewed": gettext_lazy("reviewed a recipient"),
    "partners.recipient.sent_back": gettext_lazy("sent a recipient back with a question"),
    "partners.recipient.returned_to_reviewer": gettext_lazy("asked for another look at a recipient"),
    "partners.recipient.approved": gettext_lazy("approved a recipient"),
    "partners.recipient.refused": gettext_lazy("refused a recipient"),
    "partners.recipient.expired": gettext_lazy("closed a recipient whose evidence had expired"),
    "partners.recipient.renewal_handed_in": gettext_lazy("handed in newer evidence about a recipient"),
    "partners.recipient.renewal_reviewed": gettext_lazy("reviewed newer evidence about a recipient"),
    "partners.recipient.renewal_approved": gettext_lazy("let newer evidence about a recipient take over"),
    "partners.recipient.renewal_refused": gettext_lazy("refused newer evidence about a recipient"),
    "partners.recipient.claim": gettext_lazy("noted whose a recipient is: %(claim)s"),
    "partners.recipient.conflict_settled": gettext_lazy("decided a double registration"),
    "partners.suspension.confirmed": gettext_lazy("confirmed the suspension"),
    "partners.suspension.kept": gettext_lazy("let the suspension go on"),
    "partners.terms.reminded": gettext_lazy("reminded partners of the terms"),
    "partners.training.begun": gettext_lazy("began a test"),
    "partners.training.graded": gettext_lazy("handed a test in"),
    "licensing.account.family_granted": gettext_lazy("added a licence family to the contract"),
    "licensing.build.sent_back": gettext_lazy("sent a build back to the partner"),
    "licensing.device.sold": gettext_lazy("noted the sale of a PC"),
    "licensing.quota_exception.requested": gettext_lazy("asked for a quota exception"),
    "licensing.quota_exception.withdrawn": gettext_lazy("took a quota exception back"),
    "licensing.change.written": gettext_lazy("wrote a programme change"),
    "licensing.change.published": gettext_lazy("published a programme change"),
    "licensing.change.discarded": gettext_lazy("dropped a programme change"),
    "compliance.score_model.proposed": gettext_lazy("proposed a score model"),
    "compliance.score_model.published": gettext_lazy("published a score model"),
    "compliance.score_model.declined": gettext_lazy("declined a score model"),
    "reporting.acceptance_paper.made": gettext_lazy("made the paper of an acceptance"),
    "partners.partner.access_ends_set": gettext_lazy("set the end of the partner’s access"),
    "partners.partner.access_ended": gettext_lazy("ended the partner’s access"),
    "compliance.wind_down.begun": gettext_lazy("began the way out"),
    "compliance.wind_down.end_moved": gettext_lazy("moved the last day of access"),
    "compliance.wind_down.keys_taken_back": ngettext_lazy(
        "took %(keys)s unused key back", "took %(keys)s unused keys back", "keys"
    ),
    "compliance.wind_down.keys_recalled": ngettext_lazy(
        "called %(keys)s key back", "called %(keys)s keys back", "keys"
    ),
    "compliance.wind_down.item_settled": gettext_lazy("settled an item of the way out: %(item)s"),
    "compliance.wind_down.waiver_proposed": gettext_lazy("proposed to let an item go: %(item)s"),
    "compliance.wind_down.waiver_confirmed": gettext_lazy("confirmed that an item is let go: %(item)s"),
    "compliance.wind_down.file_asked": gettext_lazy("had the data file made"),
    "compliance.wind_down.file_made": gettext_lazy("made the data file"),
    "compliance.wind_down.file_handed_out": gettext_lazy("handed the data file out"),
    "compliance.wind_down.file_downloaded": gettext_lazy("took the data file along"),
    "compliance.wind_down.finished": gettext_lazy("ended the contract"),
    "compliance.wind_down.access_ended": gettext_lazy("ended all access"),
    "compliance.tier.confirmed": gettext_lazy("confirmed the move to another tier"),
    "compliance.tier.declined": gettext_lazy("declined the move to another tier"),
    "licensing.batch.ready": gettext_lazy("checked a delivery of %(keys)s keys: it is ready"),
    "licensing.batch.received": gettext_lazy("received a file with a delivery of keys"),
    "licensing.batch.release_decided": gettext_lazy("decided to release a delivery of keys"),
    "licensing.cbr.answered": gettext_lazy("booked Microsoft’s answers to %(booked)s keys"),
    "licensing.cbr.delivered": gettext_lazy("handed a report over to Microsoft"),
    "licensing.cbr.downloaded": gettext_lazy("downloaded a report to Microsoft"),
    "licensing.cbr.prepared": gettext_lazy("prepared a report of %(keys)s keys to Microsoft"),
    "licensing.cbr.sent": gettext_lazy("sent a report of %(keys)s keys to Microsoft"),
    "licensing.quota_exception.approved": gettext_lazy(
        "recorded that Microsoft approved %(quantity)s more licences"
    ),
    "licensing.quota_exception.asked": gettext_lazy("asked Microsoft for %(quantity)s more licences"),
    "licensing.quota_exception.package_downloaded": gettext_lazy(
        "downloaded the package of a quota exception"
    ),
    "licensing.quota_exception.packaged": gettext_lazy("made the package of a quota exception"),
    "licensing.quota_exception.refused": gettext_lazy("recorded that Microsoft refused a quota exception"),
    "licensing.return.answered": gettext_lazy("booked Microsoft’s answer to the return %(rma)s"),
    "licensing.return.sent": gettext_lazy("sent %(keys)s keys back to Microsoft"),
    "partners.application.asked_back": gettext_lazy(
        "asked the applicant back about application %(reference)s"
    ),
    "partners.application.carry_over_settled": gettext_lazy(
        "ticked off what application %(reference)s brings along"
    ),
    "partners.application.claimed": gettext_lazy("took application %(reference)s over"),
    "partners.badge.given": gettext_lazy("gave the badge %(badge)s"),
    "partners.badge.ended": gettext_lazy("took the badge %(badge)s away"),
    "partners.bulk_invitation.checked": gettext_lazy("checked a file of former partners"),
    "partners.bulk_invitation.confirmed": gettext_lazy("confirmed to invite the former partners of a file"),
    "partners.bulk_invitation.dropped": gettext_lazy("dropped a file of former partners"),
    "partners.bulk_invitation.sent": gettext_lazy("invited %(count)s former partners"),
    "partners.retention.run": gettext_lazy("deleted what need not be kept any longer"),
    "partners.sanctions_list.loaded": gettext_lazy("loaded a sanctions list of %(entries)s names"),
    "partners.sanctions_list.received": gettext_lazy("received a sanctions list"),
    "partners.sanctions_list.refused": gettext_lazy("refused a sanctions list that cannot be read"),
    "portal.sessions.ended": gettext_lazy("ended a session"),
    "portal.sign_in.factor_added": gettext_lazy("set up a way to sign in: %(kind)s"),
    "portal.sign_in.factor_removed": gettext_lazy("removed a way to sign in: %(kind)s"),
    "portal.sign_in.factor_reset": gettext_lazy("made new recovery codes"),
    "portal.sign_in.password_changed": gettext_lazy("changed the password"),
    "portal.sign_in.password_reset": gettext_lazy("chose a new password by a mailed link"),
    "portal.sign_in.password_set": gettext_lazy("set a password"),
    "portal.sign_in.refused": gettext_lazy("could not sign in"),
    "portal.sign_in.signed_in": gettext_lazy("signed in"),
    "portal.sign_in.signed_out": gettext_lazy("signed out"),
    "portal.view_as.begun": gettext_lazy("began to look at the partner’s pages: %(reason)s"),
    "portal.view_as.page_seen": gettext_lazy("looked at the partner’s page %(path)s"),
    "portal.view_as.ended": gettext_lazy("ended the look at the partner’s pages"),
    "portal.request.refused": gettext_lazy("was refused: %(words)s"),
    "portal.demo.signed_in": gettext_lazy("signed in by the demo"),
}
# Where an object's own page is: the type in the audit row, and the address that takes its id.
PAGES = {
    "report": "compliance:report-detail",
    "order": "mar:order-detail",
    "partner": "mar:partner-detail",
    "key": "mar:key-detail",
    "incident": "mar:incident-detail",
}
SHOWN_FACTS = 6
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
# What is counted in a sentence is a number, also in a row that says nothing of it.
_NONE = {"quantity": 0, "keys": 0, "days": 0}


def sentence(event: AuditEvent) -> str:
    """Return what the actor did."""
    known = SENTENCES.get(event.action)
    if known is None:
        area, *words = event.action.split(".")
        return " ".join(words or [area]).replace("_", " ")
    told = {key: value if isinstance(value, int) else _said(str(value)) for key, value in event.facts.items()}
    told["words"] = refusal_words(str(event.facts.get("code", "")))
    return str(known % defaultdict(lambda: "?", {**_NONE, **told}))


def _said(value: str) -> str:
    """Return a code as words, such as good standing; anything else as it is."""
    return value.replace("_", " ") if _CODE.fullmatch(value) else value


def facts_in_words(event: AuditEvent) -> str:
    """Return the facts the sentence leaves out as one line, at most six of them."""
    template = str(SENTENCES.get(event.action, "") % _Names())
    facts = [
        f"{name.replace('_', ' ')}: {_short(value)}"
        for name, value in event.facts.items()
        if value not in ("", {}, None) and f"<{name}>" not in template
    ]
    more = len(facts) - SHOWN_FACTS
    return " · ".join(facts[:SHOWN_FACTS]) + (
        _(" · and %(count)s more") % {"count": more} if more > 0 else ""
    )


class _Names(dict[str, Any]):
    """Stand in for the facts of a row, so that a sentence shows which of them it tells."""

    def __missing__(self, name: str) -> object:
        return _Named(name) if name in _NONE else "<code>" if name == "words" else f"<{name}>"


class _Named(int):
    """A number, so that a plural can be chosen, which shows its fact's name."""

    def __new__(cls, name: str) -> "_Named":
        made = super().__new__(cls, 2)
        made.name = name
        return made

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return str(len(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = _said(_when(str(value)[:120]))
    # A checksum or an id: its beginning is enough to know it again, and a line can hold it.
    return f"{text[:12]}…" if len(text) > 30 and " " not in text else text


def _when(text: str) -> str:
    """Return a stored moment as people read it; anything else as it is."""
    try:
        return formatting.moment(datetime.fromisoformat(text)) if _MOMENT.match(text) else text
    except ValueError:
        return text


def object_url(event: AuditEvent) -> str | None:
    """Return the page of the row's object, None when it has none."""
    name = PAGES.get(event.object_type)
    if not name or not event.object_id:
        return None
    try:
        return reverse(name, args=[event.object_id])
    except NoReverseMatch:
        return None
