"""The words of each mail: one thing to know, one thing to do. No key material, ever."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Application, FieldQuestion, Invitation, Mar
from partners.models.membership import Role
from partners.rules.application_form import label_of
from partners.rules.reason_codes import refusal_reason
from partners.selectors.drafts import case_of


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail without its address. Its fields are what templates/emails/base.* ask for.

    ``button_label`` and ``button_url`` may be empty together; ``reason`` says why one gets the mail.
    """

    subject: str
    sentence: str
    detail: str = ""
    button_label: str = ""
    button_url: str = ""
    recipient_name: str = ""
    reason: str = ""


def application_arrived(application: Application) -> Letter:
    """Tell the MAR's administrators that an application waits for a review."""
    return Letter(
        subject=_("Application %(reference)s waits for a review") % {"reference": application.reference},
        sentence=_("%(company)s (%(country)s) applies to become a partner.")
        % {"company": application.company, "country": application.country},
        button_label=_("Open the application"),
        button_url=address_of("mar:application-detail", application.pk),
    )


def application_questions(
    application: Application, questions: Sequence[FieldQuestion], *, token: str
) -> Letter:
    """Ask the applicant about single answers, each with its reason, an example and a day."""
    case = case_of(application)
    asked = [
        _("%(number)d. %(field)s: %(text)s%(example)s Please answer by %(day)s.")
        % {
            "number": number,
            "field": label_of(question.section, question.field, case),
            "text": question.text,
            "example": " " + _("Example: %(example)s.") % {"example": question.example}
            if question.example
            else "",
            "day": date_format(question.due_on, "j F Y"),
        }
        for number, question in enumerate(questions, start=1)
    ]
    return Letter(
        subject=_("A question about your application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=ngettext(
            "We have a question about the application of %(company)s. Everything else stays as it is.",
            "We have some questions about the application of %(company)s. Everything else stays as it is.",
            len(questions),
        )
        % {"company": application.company},
        detail="\n".join(asked),
        **_resume(application, _("Answer now"), token=token),
    )


def application_rejected(application: Application, *, token: str) -> Letter:
    """Tell the applicant the decision, its reason, what he can do now, and that he may appeal."""
    reason = refusal_reason(application.decision_code)
    lines = [
        _("Reason: %(reason)s") % {"reason": application.decision_reason},
        _("What you can do: %(step)s") % {"step": reason.next_step(application.language)} if reason else "",
    ]
    if application.appealed_at is None:
        lines.append(
            _("You may appeal once. Somebody who has not seen your application before then looks at it.")
        )
    return Letter(
        subject=_("Your application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("We cannot accept the application of %(company)s.") % {"company": application.company},
        detail="\n".join(line for line in lines if line),
        **_resume(application, _("Open the application"), token=token),
    )


def application_invited(application: Application, *, token: str) -> Letter:
    """Invite a former member of the programme to apply; what we know is filled in."""
    return Letter(
        subject=_("Your way back to licences for refurbished PCs"),
        recipient_name=application.contact_name,
        reason=_("You get this mail because %(company)s was a Registered Refurbisher.")
        % {"company": application.company},
        sentence=_("The Registered Refurbisher Programme has ended. %(company)s can go on as our partner.")
        % {"company": application.company},
        detail=_(
            "An application is prepared for you. You fill it in over as many days as you like; the link works "
            "for 14 days, together with this e-mail address, and afterwards you can have a new one."
        ),
        **_resume(application, _("Open your application"), token=token),
    )


def application_approved(application: Application) -> Letter:
    """Tell the applicant that he is a partner, and which mail comes next."""
    return Letter(
        subject=_("Your application %(reference)s is approved") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("%(company)s is now a partner of the programme. Welcome!")
        % {"company": application.company},
        detail=_(
            "A second mail brings your invitation. With it you set up your account and accept the terms."
        ),
    )


def appeal_received(application: Application, *, token: str) -> Letter:
    """Tell the applicant that his appeal is here and who looks at it."""
    return Letter(
        subject=_("Your appeal %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("We have received your appeal for %(company)s.") % {"company": application.company},
        detail=_("Somebody who neither reviewed nor decided your application before looks at it anew."),
    )


def appeal_arrived(application: Application) -> Letter:
    """Tell the MAR's reviewers that an appeal waits."""
    return Letter(
        subject=_("Appeal %(reference)s waits for a review") % {"reference": application.reference},
        sentence=_("%(company)s (%(country)s) appeals against the refusal.")
        % {"company": application.company, "country": application.country},
        detail=_("It is reviewed by somebody who had no part in the first decision."),
        button_label=_("Open the application"),
        button_url=address_of("mar:application-detail", application.pk),
    )


def invitation(invited: Invitation, *, token: str, house: str) -> Letter:
    """Give a person the link by which he joins."""
    return Letter(
        subject=_("Your invitation to the Licence Portal"),
        recipient_name=invited.name,
        reason=_("You get this mail because someone entered your address as a colleague's or partner's."),
        sentence=_("%(by)s invites you to join %(house)s in the role %(role)s.")
        % {"by": invited.invited_by, "house": house, "role": Role(invited.role).label},
        detail=_("The link opens once, within seven days. You choose a password and set up a second factor."),
        button_label=_("Accept the invitation"),
        button_url=address_of("join", token),
    )


def house_of(invited: Invitation) -> str:
    """Return the name of the organisation an invitation leads to."""
    if invited.partner is not None:
        return invited.partner.name
    mar = Mar.objects.first()
    return mar.legal_name if mar else _("the programme office")


def _applied() -> str:
    return _("You get this mail because someone applied to join with your address.")


def portal_address(path: str) -> str:
    """Return a path of the portal as a full address."""
    return settings.BASE_URL.rstrip("/") + path


def _resume(application: Application, label: str, *, token: str) -> dict[str, str]:
    """Return the button that opens the applicant's own page."""
    return {"button_label": label, "button_url": address_of("apply-open", application.pk, token)}


def address_of(url_name: str, *arguments: object) -> str:
    return portal_address(reverse(url_name, args=arguments))
