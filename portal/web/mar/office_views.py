"""The MAR's own facts and whom partners ask."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import Mar, NamedContact
from partners.rules.countries import choices as countries
from partners.rules.countries import country_name
from partners.selectors.company import contacts_of
from partners.selectors.mar import the_mar
from partners.services.contacts import name_contact
from partners.services.mar import change_mar_facts
from portal.actors import actor_of
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.settings_contacts import ContactForm
from portal.web.tpr.settings_pages import form_page
from reporting.selectors.reports import all_reports

HOUSES = ("mar",)


class OfficeForm(forms.Form):
    """What stands on every document."""

    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=120, validators=[plain_text])
    address = forms.CharField(
        label=gettext_lazy("Address"), max_length=400, required=False, validators=[plain_text],
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=countries)
    vat_id = forms.CharField(
        label=gettext_lazy("VAT number"), max_length=20, required=False, validators=[plain_text]
    )
    contact_email = forms.EmailField(label=gettext_lazy("Contact"), max_length=254, required=False)
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of the month"),
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())],
        help_text=gettext_lazy("Fixed once a month has been reported: its midnights cut the months."),
    )


@allow("people.manage", houses=HOUSES)
@require_safe
def office(request: HttpRequest) -> HttpResponse:
    """Show the MAR's facts and its three contacts."""
    mar = _mar()
    found = contacts_of(None)["mar"]
    rows = [
        {"area": area, "level": level, "contact": found[level - 1]}
        for level, area in enumerate(NamedContact.Area, start=1)
    ]
    context = {
        "mar": mar,
        "country": country_name(mar.country),
        "rows": rows,
        "is_zone_fixed": _is_zone_fixed(),
    }
    return render(request, "mar/office.html", context)


@allow("people.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_office(request: HttpRequest) -> HttpResponse:
    """Change the MAR's facts."""
    mar, is_fixed = _mar(), _is_zone_fixed()
    form = OfficeForm(
        request.POST or None, initial={name: getattr(mar, name) for name in OfficeForm.base_fields}
    )
    form.fields["time_zone"].disabled = is_fixed
    page = _page(form, _("Change the MAR’s facts"))
    if not form.is_valid():
        return form_page(request, page)
    try:
        change_mar_facts(
            facts=form.cleaned_data, is_zone_fixed=is_fixed, by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The facts are changed. Documents made from now on carry them."))
    return redirect("mar:office")


@allow("people.manage", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_contact(request: HttpRequest, area: str) -> HttpResponse:
    """Name the person whom partners ask about an area."""
    if area not in NamedContact.Area.values:
        raise Http404
    known = contacts_of(None)["mar"][NamedContact.Area.values.index(area)]
    initial = {"name": known.name, "email": known.email, "phone": known.phone} if known else None
    form = ContactForm(request.POST or None, initial=initial)
    page = _page(form, str(NamedContact.Area(area).label))
    if not form.is_valid():
        return form_page(request, page)
    try:
        name_contact(None, area=area, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The contact is saved. Every partner sees it."))
    return redirect("mar:office")


def _mar() -> Mar:
    mar = the_mar()
    if mar is None:
        raise Http404
    return mar


def _is_zone_fixed() -> bool:
    return all_reports().exists()


def _page(form: forms.Form, title: str) -> dict[str, Any]:
    back = reverse("mar:office")
    known = {"form": form, "title": title, "submit": _("Save"), "cancel_url": back}
    return known | {"crumbs": [(back, _("Programme office"))]}
