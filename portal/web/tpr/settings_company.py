"""Company data: what changes at once, what the MAR confirms, and how it changed before."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from core.selectors.audit import own_events
from partners.models import Partner
from partners.rules.countries import choices as countries
from partners.rules.countries import country_name
from partners.selectors.company import changes_of, open_change_of
from partners.selectors.partners import partner_by_id
from partners.services.company import change_contact_facts, request_company_change, withdraw_company_change
from portal.actors import actor_of
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, WhoFilter, render_table
from portal.web.compliance.sentences import sentence
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.settings_pages import form_page

HOUSE = ("tpr",)


class ContactFactsForm(forms.Form):
    """Where to reach the company."""

    contact_name = forms.CharField(
        label=gettext_lazy("Contact person"), max_length=120, validators=[plain_text]
    )
    contact_email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Telephone"), max_length=30, required=False, validators=[plain_text]
    )
    website = forms.URLField(
        label=gettext_lazy("Web site"), max_length=200, required=False, assume_scheme="https"
    )


class CompanyChangeForm(forms.Form):
    """What stands on the contract."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, validators=[plain_text])
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=countries)
    vat_id = forms.CharField(
        label=gettext_lazy("VAT number"), max_length=30, required=False, validators=[plain_text]
    )
    iban = forms.CharField(
        label=gettext_lazy("IBAN"),
        max_length=42,
        required=False,
        validators=[plain_text],
        help_text=gettext_lazy("For refunds. Spaces do not matter."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why does it change?"),
        max_length=300,
        validators=[plain_text],
        help_text=gettext_lazy("For example: new legal form, entered in the register on 1 October."),
        widget=forms.Textarea({"rows": 3}),
    )


class HistoryTable(Table):
    """What happened in one's own house."""

    dom_id = "history"
    caption = gettext_lazy("History")
    columns = (
        Column("at", gettext_lazy("Time"), kind="datetime", sort="id"),
        Column("who", gettext_lazy("Who"), accessor=lambda event: event.actor_label or _("Somebody")),
        Column("what", gettext_lazy("What"), accessor=sentence, primary=True),
    )
    filters = (
        WhoFilter("actor", gettext_lazy("Person or station"), "actor_label"),
        DateRangeFilter("at", gettext_lazy("Time")),
    )
    order = "-at"
    empty = Empty(gettext_lazy("Nothing has happened yet"), icon="history")


@allow("house.view", houses=HOUSE)
@require_safe
def company(request: HttpRequest) -> HttpResponse:
    """Show the company's data and how it changed."""
    partner = _own(request)
    context = {
        "partner": partner,
        "country": country_name(partner.country),
        "changes": changes_of(partner.pk),
        "open_change": open_change_of(partner.pk),
        "may_manage": "house.manage" in request.permissions,  # type: ignore[attr-defined]
    }
    return render(request, "house/company.html", context)


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def contact_facts(request: HttpRequest) -> HttpResponse:
    """Change where to reach the company; it counts at once."""
    partner = _own(request)
    initial = {name: getattr(partner, name) for name in ContactFactsForm.base_fields}
    form = ContactFactsForm(request.POST or None, initial=initial)
    page = _page(form, _("Change the contact data"), _("It counts at once."), _("Save"))
    if not form.is_valid():
        return form_page(request, page)
    change_contact_facts(partner.pk, facts=form.cleaned_data, by=actor_of(request), at=timezone.now())
    messages.success(request, _("The contact data is changed."))
    return redirect("tpr:company")


@allow("house.manage", houses=HOUSE, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def company_change(request: HttpRequest) -> HttpResponse:
    """Ask for a change of what stands on the contract."""
    partner = _own(request)
    initial = {name: getattr(partner, name) for name in ("name", "country", "vat_id", "iban")}
    form = CompanyChangeForm(request.POST or None, initial=initial)
    lead = _("These facts stand on contracts and invoices. The programme office confirms the change.")
    page = _page(form, _("Change the company data"), lead, _("Send the request"))
    if not form.is_valid():
        return form_page(request, page)
    facts = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
    try:
        request_company_change(
            partner.pk,
            facts=facts,
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("Your request is on its way. Nothing changes until it is confirmed."))
    return redirect("tpr:company")


@allow("house.manage", houses=HOUSE)
@require_POST
def withdraw(request: HttpRequest, change_id: UUID) -> HttpResponse:
    """Take a request back."""
    try:
        withdraw_company_change(
            change_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now()
        )
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "house/refused.html", {}, error)
    messages.success(request, _("The request is taken back."))
    return redirect("tpr:company")


@allow("house.view", houses=HOUSE)
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Tell what happened in the own house, the MAR's looks at it included."""
    table = HistoryTable(request, own_events(partner_id_of(request)))
    return render_table(request, "house/history.html", {"table": table})


def _own(request: HttpRequest) -> Partner:
    partner = partner_by_id(partner_id_of(request))
    if partner is None:
        raise Http404
    return partner


def _page(form: forms.Form, title: str, lead: str, submit: str) -> dict[str, Any]:
    back = reverse("tpr:company")
    return {
        "form": form, "title": title, "lead": lead, "submit": submit, "cancel_url": back,
        "crumbs": [(back, _("Company"))],
    }  # fmt: skip
