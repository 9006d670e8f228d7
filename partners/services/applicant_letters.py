"""The words of the mails to an applicant, and to the people who work on his case."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from partners.models import Application
from partners.rules.promises import EXPIRY_DAYS
from partners.selectors.mar import mar_zone
from partners.services.letters import Letter


def application_started(application: Application, *, token: str) -> Letter:
    """Give the applicant the link by which he goes on another day."""
    return Letter(
        subject=_("Your application %(reference)s: the way back") % {"reference": application.reference},
        reason=_applied(),
        sentence=_("You have begun an application. What you save is kept, and this link opens it again."),
        detail=_("The link works for 14 days, together with this e-mail address. Afterwards you can have a new one."),
        button_label=_("Go on with the application"),
        button_url=_open_address(application, token),
    )  # fmt: skip


def application_received(application: Application, *, token: str) -> Letter:
    """Tell the applicant that his application is here, and by when he is answered."""
    return Letter(
        subject=_("Your application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("We have received the application of %(company)s under the reference %(reference)s.")
        % {"company": application.company, "reference": application.reference},
        detail=_("Two people look at it, one after the other. You get an answer or a question by %(day)s.")
        % {"day": _day(application.due_at)},
        button_label=_("See how it stands"),
        button_url=_open_address(application, token),
    )


def new_link(application: Application, *, token: str) -> Letter:
    """Give the applicant a new link on his demand."""
    return Letter(
        subject=_("Your link to application %(reference)s") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("This link opens your application again."),
        detail=_("It works for 14 days, together with this e-mail address. If you did not ask for it, do nothing."),
        button_label=_("Open the application"),
        button_url=_open_address(application, token),
    )  # fmt: skip


def draft_reminder(application: Application, *, token: str) -> Letter:
    """Remind the applicant once of a draft he has not touched for two weeks."""
    return Letter(
        subject=_("Your application %(reference)s is not sent yet") % {"reference": application.reference},
        recipient_name=application.contact_name,
        reason=_applied(),
        sentence=_("Your application is kept as you left it. Nobody reads it before you send it."),
        detail=_("Drafts that nobody touches for %(days)d days are closed. This is the only reminder.")
        % {"days": EXPIRY_DAYS},
        button_label=_("Go on with the application"),
        button_url=_open_address(application, token),
    )


def application_answered(application: Application) -> Letter:
    """Tell the reviewer that the applicant has answered every question."""
    return Letter(
        subject=_("Application %(reference)s: the questions are answered")
        % {"reference": application.reference},
        sentence=_("%(company)s has answered. The case is in review again.")
        % {"company": application.company},
        button_label=_("Open the application"),
        button_url=_address("mar:application-detail", application.pk),
    )


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(mar_zone()):%-d %B %Y}" if moment else ""


def _applied() -> str:
    return _("You get this mail because someone applied to join with your address.")


def _open_address(application: Application, token: str) -> str:
    return _address("apply-open", application.pk, token)


def _address(url_name: str, *arguments: object) -> str:
    return settings.BASE_URL.rstrip("/") + reverse(url_name, args=arguments)
