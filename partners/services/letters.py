"""The words of each mail: one thing to know, one thing to do. No key material, ever."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from partners.models import Application, Invitation, Mar
from partners.models.membership import Role


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


def application_received(application: Application) -> Letter:
    """Tell the applicant that his application is here, and what happens next."""
    return Letter(
        subject=_("Your application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("We have received the application of %(company)s under the reference %(reference)s.")
        % {"company": application.company, "reference": application.reference},
        detail=_("Two people look at it, one after the other. You get a mail with the decision."),
    )


def application_arrived(application: Application) -> Letter:
    """Tell the MAR's administrators that an application waits for a review."""
    return Letter(
        subject=_("Application %(reference)s waits for a review") % {"reference": application.reference},
        sentence=_("%(company)s (%(country)s) applies to become a partner.")
        % {"company": application.company, "country": application.country},
        button_label=_("Open the application"),
        button_url=_address("mar:application-detail", application.pk),
    )


def application_rejected(application: Application) -> Letter:
    """Tell the applicant the decision and its reason."""
    return Letter(
        subject=_("Your application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("We cannot accept the application of %(company)s.") % {"company": application.company},
        detail=_("Reason: %(reason)s") % {"reason": application.decision_reason},
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
        button_url=_address("join", token),
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


def _address(url_name: str, *arguments: object) -> str:
    return portal_address(reverse(url_name, args=arguments))
