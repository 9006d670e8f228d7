"""Whom to ask on either side: three areas, in the order in which a case goes up."""

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
from partners.models import NamedContact
from partners.selectors.company import contacts_of
from partners.services.contacts import name_contact
from portal.actors import actor_of
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.settings_pages import form_page


class ContactForm(forms.Form):
    """One person."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, validators=[plain_text])
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Telephone"), max_length=30, required=False, validators=[plain_text]
    )


@allow("house.view", houses=("tpr",))
@require_safe
def contacts(request: HttpRequest) -> HttpResponse:
    """Show whom to ask on both sides."""
    found = contacts_of(partner_id_of(request))
    rows = [
        {"area": area, "level": level, "own": found["tpr"][level - 1], "mar": found["mar"][level - 1]}
        for level, area in enumerate(NamedContact.Area, start=1)
    ]
    context = {"rows": rows, "may_manage": "house.manage" in request.permissions}  # type: ignore[attr-defined]
    return render(request, "house/contacts.html", context)


@allow("house.manage", houses=("tpr",))
@require_http_methods(["GET", "HEAD", "POST"])
def edit_contact(request: HttpRequest, area: str) -> HttpResponse:
    """Name the own person for one area."""
    if area not in NamedContact.Area.values:
        raise Http404
    partner_id = partner_id_of(request)
    place = NamedContact.Area.values.index(area)
    known = contacts_of(partner_id)["tpr"][place]
    initial = {"name": known.name, "email": known.email, "phone": known.phone} if known else None
    form = ContactForm(request.POST or None, initial=initial)
    back = reverse("tpr:contacts")
    page = {
        "form": form, "title": NamedContact.Area(area).label, "submit": _("Save"), "cancel_url": back,
        "lead": _("The programme office asks this person first about this area."),
        "crumbs": [(back, _("Contacts"))],
    }  # fmt: skip
    if not form.is_valid():
        return form_page(request, page)
    try:
        name_contact(partner_id, area=area, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The contact is saved."))
    return redirect("tpr:contacts")
