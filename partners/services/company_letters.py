"""The words of the mails about a partner's company data and papers."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from partners.models import CompanyChange, Document
from partners.services.letters import Letter


def company_change_requested(change: CompanyChange) -> Letter:
    """Tell the MAR's administrators that a partner asks for a change of contract data."""
    return Letter(
        subject=_("%(partner)s asks for a change of company data") % {"partner": change.partner.name},
        sentence=_("%(person)s asks to change: %(facts)s.")
        % {
            "person": change.requested_by.name,
            "facts": ", ".join(fact["label"] for fact in change.facts),
        },
        detail=_("Nothing changes until an administrator confirms it."),
        button_label=_("Look at the request"),
        button_url=_address("mar:company-change", change.partner_id, change.pk),
    )


def company_change_decided(change: CompanyChange) -> Letter:
    """Tell who asked how the MAR decided."""
    is_confirmed = change.state == CompanyChange.State.CONFIRMED
    return Letter(
        subject=_("Your change of company data is confirmed")
        if is_confirmed
        else _("Your change of company data is refused"),
        recipient_name=change.requested_by.name,
        sentence=_("The new facts count from now on.") if is_confirmed else _("Everything stays as it was."),
        detail=_("Note: %(note)s") % {"note": change.decision_note} if change.decision_note else "",
        button_label=_("Open the company data"),
        button_url=_address("tpr:company"),
    )


def document_expiry(document: Document, *, days: int) -> Letter:
    """Remind a partner's owners of a paper that ends."""
    name = document.title or document.get_kind_display()
    return Letter(
        subject=_("%(name)s ends on %(day)s") % {"name": name, "day": document.expires_on},
        sentence=_("Your document %(name)s is good until %(day)s.")
        % {"name": name, "day": document.expires_on},
        detail=_("Hand in a newer one before that day. This reminder comes %(days)s days before.")
        % {"days": days},
        button_label=_("Open your documents"),
        button_url=_address("tpr:documents"),
    )


def _address(url_name: str, *arguments: object) -> str:
    return settings.BASE_URL.rstrip("/") + reverse(url_name, args=arguments)
