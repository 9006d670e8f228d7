"""Sites and brands: where the partner works, and under which names he sells."""

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
from partners.models import Site
from partners.rules.countries import choices as countries
from partners.selectors.company import brand_of, brands_of, site_of, sites_of
from partners.selectors.partner_documents import logo_of
from partners.services.documents import open_document
from partners.services.sites import add_brand, change_brand, change_site, close_brand, close_site, open_site
from portal.actors import actor_of
from portal.forms import UploadInput
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.settings_pages import form_page

HOUSE = ("tpr",)


def _line(label: Any, length: int, *, required: bool = True) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=required, validators=[plain_text])


class SiteForm(forms.Form):
    """An address."""

    name = _line(gettext_lazy("Name"), 80)
    street = _line(gettext_lazy("Street and number"), 120)
    postcode = _line(gettext_lazy("Postcode"), 12)
    city = _line(gettext_lazy("Town"), 80)
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=countries)


class NewSiteForm(SiteForm):
    """A new address: also what it is for, and since when."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Used for"), choices=Site.Kind.choices, widget=forms.RadioSelect
    )
    since = forms.DateField(
        label=gettext_lazy("Since"), widget=forms.DateInput({"type": "date", "class": "input-short"})
    )


class BrandForm(forms.Form):
    """A name, its logo, and where its buyers get help."""

    name = _line(gettext_lazy("Name"), 80)
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG or JPEG, up to 10 MB. Without a new file the logo stays."),
        widget=UploadInput(accept=".png,.jpg,.jpeg"),
    )
    support_email = forms.EmailField(label=gettext_lazy("Help by e-mail"), max_length=254, required=False)
    support_phone = _line(gettext_lazy("Help by telephone"), 30, required=False)
    support_url = forms.URLField(
        label=gettext_lazy("Help page"), max_length=200, required=False, assume_scheme="https"
    )


@allow("house.view", houses=HOUSE)
@require_safe
def sites(request: HttpRequest) -> HttpResponse:
    """Show the addresses and the brands."""
    partner_id = partner_id_of(request)
    context = {
        "sites": sites_of(partner_id),
        "brands": brands_of(partner_id),
        "may_manage": "house.manage" in request.permissions,  # type: ignore[attr-defined]
    }
    return render(request, "house/sites.html", context)


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_site(request: HttpRequest) -> HttpResponse:
    """Add an address."""
    home = request.membership.partner.country  # type: ignore[attr-defined]
    form = NewSiteForm(request.POST or None, initial={"country": home})
    page = _page(form, _("Add an address"), _("Add it"))
    if not form.is_valid():
        return form_page(request, page)
    facts = dict(form.cleaned_data)
    kind, since = facts.pop("kind"), facts.pop("since")
    try:
        open_site(
            partner_id_of(request),
            kind=kind,
            since=since,
            facts=facts,
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The address is added."))
    return redirect("tpr:sites")


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Correct an address."""
    partner_id = partner_id_of(request)
    site = site_of(site_id, partner_id)
    if site is None:
        raise Http404
    initial = {name: getattr(site, name) for name in SiteForm.base_fields}
    form = SiteForm(request.POST or None, initial=initial)
    page = _page(form, site.name, _("Save"), close_url=reverse("tpr:site-close", args=[site_id]))
    page["close_label"] = _("We no longer use this address")
    if not form.is_valid():
        return form_page(request, page)
    try:
        change_site(
            site_id, partner_id=partner_id, facts=form.cleaned_data, by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The address is changed."))
    return redirect("tpr:sites")


@allow("house.manage", houses=HOUSE)
@require_POST
def end_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """End the use of an address."""
    try:
        close_site(site_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The address is closed. It stays in the history."))
    return redirect("tpr:sites")


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_brand(request: HttpRequest) -> HttpResponse:
    """Add a brand."""
    form = BrandForm(request.POST or None, request.FILES or None)
    page = _page(form, _("Add a brand"), _("Add it"), multipart=True)
    if not form.is_valid():
        return form_page(request, page)
    try:
        add_brand(partner_id_of(request), by=actor_of(request), at=timezone.now(), **_brand_facts(form))
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The brand is added."))
    return redirect("tpr:sites")


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_brand(request: HttpRequest, brand_id: UUID) -> HttpResponse:
    """Change a brand."""
    partner_id = partner_id_of(request)
    brand = brand_of(brand_id, partner_id)
    if brand is None:
        raise Http404
    initial = {name: getattr(brand, name) for name in BrandForm.base_fields if name != "logo"}
    form = BrandForm(request.POST or None, request.FILES or None, initial=initial)
    page = _page(form, brand.name, _("Save"), close_url=reverse("tpr:brand-close", args=[brand_id]))
    page |= {"multipart": True, "close_label": _("We no longer sell under this name")}
    if not form.is_valid():
        return form_page(request, page)
    try:
        change_brand(
            brand_id, partner_id=partner_id, by=actor_of(request), at=timezone.now(), **_brand_facts(form)
        )
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The brand is changed."))
    return redirect("tpr:sites")


@allow("house.manage", houses=HOUSE)
@require_POST
def end_brand(request: HttpRequest, brand_id: UUID) -> HttpResponse:
    """End the use of a brand."""
    try:
        close_brand(brand_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The brand is closed."))
    return redirect("tpr:sites")


@allow("house.view", houses=HOUSE)
@require_safe
def logo(request: HttpRequest, brand_id: UUID) -> HttpResponse:
    """Give a brand's logo."""
    stored = logo_of(brand_id, partner_id_of(request))
    if stored is None:
        raise Http404
    headers = {"Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(open_document(stored), content_type=stored.content_type, headers=headers)


def _brand_facts(form: BrandForm) -> dict[str, Any]:
    facts: dict[str, Any] = {name: value for name, value in form.cleaned_data.items() if name != "logo"}
    upload = form.cleaned_data["logo"]
    return {
        "facts": facts,
        "logo": upload.read() if upload else None,
        "logo_name": upload.name if upload else "",
    }


def _page(form: forms.Form, title: str, submit: str, **more: Any) -> dict[str, Any]:
    back = reverse("tpr:sites")
    known = {"form": form, "title": title, "submit": submit, "cancel_url": back}
    return known | {"crumbs": [(back, _("Sites and brands"))]} | more
