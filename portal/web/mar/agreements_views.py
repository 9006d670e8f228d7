"""Agreements: their versions, who has accepted, and who is reminded."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from licensing.selectors.catalogue import all_products
from partners.models import Agreement, Partner, TermsVersion
from partners.rules.terms import days_until
from partners.selectors import terms as selectors
from partners.selectors.mar import mar_zone, the_mar
from partners.services.agreements import create_agreement, publish_version
from partners.services.terms import remind_of_terms
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table
from portal.web.mar.rules_forms import AgreementForm, VersionForm
from portal.web.public.terms import languages_of
from portal.web.refused import render_refused
from portal.web.tpr.agreements import coverage_of, paper_response
from reporting.services.acceptance_papers import acceptance_paper

HOUSES = ("mar", "compliance")


class AgreementTable(Table):
    """Every agreement."""

    dom_id = "agreements"
    caption = gettext_lazy("Agreements")
    columns = (
        Column("title", gettext_lazy("Agreement"), sort="title", primary=True),
        Column("kind", gettext_lazy("Kind"), accessor="get_kind_display", sort="kind"),
        Column(
            "covers", gettext_lazy("Covers"), accessor=lambda row: coverage_of(row.families, row.products)
        ),
        Column("in_force", gettext_lazy("In force"), kind="mono", accessor="in_force"),
        Column("newest", gettext_lazy("Newest"), kind="mono", accessor="newest"),
        Column("due", gettext_lazy("Due"), kind="date", accessor="newest_due"),
    )
    search = ("title", "code")
    search_label = gettext_lazy("Title or code")
    order = "title"
    empty = Empty(gettext_lazy("No agreements yet"), gettext_lazy("The master agreement comes first."))

    def row_url(self, row: Agreement) -> str:
        """Return the agreement's page."""
        return reverse("mar:agreement-detail", args=[row.pk])


def _paper_url(row: Any) -> str | None:
    return reverse("mar:acceptance-paper", args=[row.acceptance_id]) if row.acceptance_id else None


class WhoTable(Table):
    """Whom a version concerns, and whether he has accepted it."""

    dom_id = "acceptances"
    caption = gettext_lazy("Partners")
    columns = (
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("name", gettext_lazy("Partner"), sort="name", primary=True),
        Column("accepted", gettext_lazy("Accepted"), kind="datetime", accessor="accepted_at", sort="accepted_at"),
        Column("by", gettext_lazy("By"), accessor="accepted_by"),
        Column("paper", gettext_lazy("Paper"), accessor=lambda row: "PDF" if row.acceptance_id else "",
               url=_paper_url),
    )  # fmt: skip
    filters = (
        ChoiceFilter("has_accepted", gettext_lazy("Accepted"),
                     choices=(("True", gettext_lazy("Accepted")), ("False", gettext_lazy("Not accepted")))),
    )  # fmt: skip
    search = ("code", "name")
    search_label = gettext_lazy("Code or name")
    order = "name"

    def row_url(self, row: Partner) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.pk])


@allow("rules.view", houses=HOUSES)
@require_safe
def agreement_list(request: HttpRequest) -> HttpResponse:
    """List the agreements."""
    table = AgreementTable(request, selectors.agreements(timezone.now()))
    return render_table(request, "mar/rules/agreement_list.html", {"table": table, "section": "agreements"})


@allow("rules.view", houses=HOUSES)
@require_safe
def agreement_detail(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Show an agreement with its versions."""
    agreement, now = _agreement(agreement_id), timezone.now()
    in_force = selectors.terms_in_force(now, agreement_id=agreement_id)
    context = {
        "agreement": agreement,
        "covers": coverage_of(agreement.families, agreement.products),
        "versions": [
            {
                "terms": one,
                "is_in_force": in_force is not None and one.pk == in_force.pk,
                "is_ahead": one.effective_from > now,
                "waiting": selectors.partners_waiting(one).count() if one.announced_at <= now else None,
            }
            for one in selectors.versions_of(agreement_id)[:20]
        ],
    }
    return render(request, "mar/rules/agreement_detail.html", context)


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def agreement_new(request: HttpRequest) -> HttpResponse:
    """Add an agreement; its first version follows on the next page."""
    form = AgreementForm(request.POST or None, products=list(all_products()))
    template, context = "mar/rules/agreement_new.html", {"form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        made = create_agreement(**form.cleaned_data, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Added. Write its first version now; nobody is asked anything before."))
    return redirect("mar:version-new", made.pk)


@allow("rules.write", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def version_new(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Write and publish a version."""
    agreement, now, zone, mar = _agreement(agreement_id), timezone.now(), mar_zone(), the_mar()
    form = VersionForm(request.POST or None, initial={"announced_on": now.astimezone(zone).date()})
    template = "mar/rules/version_new.html"
    context = {"agreement": agreement, "form": form, "notice_days": mar.notice_days if mar else 30}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        written = form.new_version(now=now, zone=zone)
        terms = publish_version(agreement_id, written, by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Published. Partners are told on the day of its announcement."))
    return redirect("mar:version-detail", terms.pk)


@allow("rules.view", houses=HOUSES)
@require_safe
def version_detail(request: HttpRequest, terms_id: UUID) -> HttpResponse:
    """Show a version's dates and words, who has accepted it and who has not."""
    terms, now = _version(terms_id), timezone.now()
    text = selectors.text_in(terms, request.GET.get("language", terms.binding_language))
    concerned = selectors.partners_concerned(terms)
    context: dict[str, Any] = {
        "terms": terms,
        "text": text,
        "languages": languages_of(terms, text),
        "table": WhoTable(request, concerned),
        "accepted_count": selectors.accepted_count(terms),
        "waiting_count": selectors.partners_waiting(terms).count(),
        "left": days_until(terms.due_from, at=now, zone=mar_zone()),
        "is_announced": terms.announced_at <= now,
        "may_remind": "rules.write" in request.permissions and terms.announced_at <= now,  # type: ignore[attr-defined]
    }
    return render_table(request, "mar/rules/version_detail.html", context)


@allow("rules.write", houses=("mar",))
@require_POST
def remind(request: HttpRequest, terms_id: UUID) -> HttpResponse:
    """Mail those who have not accepted a version."""
    _version(terms_id)
    try:
        told = remind_of_terms(terms_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.refusals[0].what)
        return redirect("mar:version-detail", terms_id)
    messages.success(
        request,
        ngettext("%(count)s partner is reminded by mail.", "%(count)s partners are reminded by mail.", told)
        % {"count": told}
        if told
        else _("Everyone who has to be reminded got a mail today."),
    )
    return redirect("mar:version-detail", terms_id)


@allow("rules.view", houses=HOUSES)
@never_cache
@require_safe
def paper(request: HttpRequest, acceptance_id: UUID) -> HttpResponse:
    """Download the paper about an acceptance."""
    try:
        made = acceptance_paper(acceptance_id, partner_id=None, by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    return paper_response(made)


def _agreement(agreement_id: UUID) -> Agreement:
    found = selectors.agreement_by_id(agreement_id)
    if found is None:
        raise Http404
    return found


def _version(terms_id: UUID) -> TermsVersion:
    found = selectors.terms_by_id(terms_id)
    if found is None:
        raise Http404
    return found
