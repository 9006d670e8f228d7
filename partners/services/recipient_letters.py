"""The words of the mails about recipients: to the partner's owners and buyers, never to the organisation."""

from django.conf import settings
from django.utils.translation import gettext as _

from partners.models import Recipient, RecipientRenewal
from partners.models.recipients import Claim, RecipientState
from partners.services.letters import Letter


def recipient_state(recipient: Recipient) -> Letter | None:
    """Tell how a recipient stands now; None for a state that needs no mail."""
    words = {
        RecipientState.APPROVED.value: (
            _("%(name)s is approved"),
            _("You may order Citizenship licences for %(name)s."),
            _("The evidence holds until %(until)s.") % {"until": recipient.evidence_until or "–"},
        ),
        RecipientState.REFUSED.value: (
            _("%(name)s is not accepted"),
            _("We cannot accept %(name)s as a recipient."),
            _("Reason: %(reason)s") % {"reason": recipient.decision_reason},
        ),
        RecipientState.DRAFT.value: (
            _("A question about %(name)s"),
            _("We need something more about %(name)s before we can go on."),
            _("What is missing: %(reason)s") % {"reason": recipient.decision_reason},
        ),
        RecipientState.EXPIRED.value: (
            _("The evidence about %(name)s has expired"),
            _("Citizenship licences cannot be ordered for %(name)s until new evidence is there."),
            _("Commercial licences stay open."),
        ),
    }.get(recipient.state)
    if words is None:
        return None
    subject, sentence, detail = words
    return _letter(recipient, subject % {"name": recipient.name}, sentence % {"name": recipient.name}, detail)


def renewal(handed_in: RecipientRenewal) -> Letter:
    """Tell what became of newer evidence."""
    recipient = handed_in.recipient
    named = {"name": recipient.name, "until": handed_in.until}
    if handed_in.state == RecipientRenewal.State.APPROVED:
        subject, detail = _("The new evidence about %(name)s holds"), ""
        sentence = _("The new evidence about %(name)s took over; it holds until %(until)s.")
    else:
        subject = _("The new evidence about %(name)s is not accepted")
        sentence = _("What holds today goes on to its end. Hand in another paper before that.")
        detail = _("Reason: %(reason)s") % {"reason": handed_in.reason}
    return _letter(recipient, subject % named, sentence % named, detail)


def recipient_claim(recipient: Recipient, *, why: str = "") -> Letter | None:
    """Tell whose an organisation is now, without a word about the other side."""
    if why == "lapsed" and recipient.claim == Claim.LOST:
        return _letter(
            recipient,
            _("Your protection of %(name)s has lapsed") % {"name": recipient.name},
            _(
                "%(name)s was protected for you until %(days)s days without an order. Somebody else has "
                "registered it since, and no order can be placed for it by you."
            )
            % {"name": recipient.name, "days": settings.RECIPIENT_PROTECTION_DAYS},
            _("Write to the MAR when you still supply it."),
        )
    sentence = {
        Claim.FIRST.value: _("%(name)s is yours now: the earlier registration is over.")
        if why in ("taken_over", "released")
        else _("%(name)s is yours now: the double registration is decided."),
        Claim.SHARED.value: _("You may supply %(name)s; another partner may do so too."),
        Claim.LOST.value: _("%(name)s is registered elsewhere and stays there."),
    }.get(recipient.claim)
    if sentence is None:
        return None
    subject = _("Decided: %(name)s") % {"name": recipient.name}
    return _letter(recipient, subject, sentence % {"name": recipient.name}, "")


def _letter(recipient: Recipient, subject: str, sentence: str, detail: str) -> Letter:
    return Letter(
        subject=subject,
        sentence=sentence,
        detail=detail,
        button_label=_("Open the recipient"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/recipients/{recipient.pk}/",
        reason=_("You get this mail because you order for your company."),
    )
