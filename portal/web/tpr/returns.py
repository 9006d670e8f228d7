"""What a partner gives back: the list, the request with its forecast, one return with its answers."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.models import PartnerReturn, ReturnState
from licensing.rules.partner_returns import may_follow
from licensing.selectors.partner_returns import returns_of, settled_of
from licensing.services.partner_returns import preview_return, request_return
from licensing.services.return_withdrawal import withdraw_return
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.refused import render_refused
from portal.web.return_words import ReturnLineTable, steps_of, type_label
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.return_forms import ReturnForm

HOUSE = ("tpr",)
NEW = "tpr/return_new.html"
WITHDRAW = "tpr/return_withdraw.html"


class ReturnTable(Table):
    """A partner's returns."""

    dom_id = "returns"
    caption = gettext_lazy("Returns")
    columns = (
        Column("number", gettext_lazy("Return"), kind="mono", accessor=str, sort="number", primary=True),
        Column("reference", gettext_lazy("Your RMA number"), kind="mono", sort="reference"),
        Column("type", gettext_lazy("What happened"), accessor=lambda row: type_label(row.return_type)),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="key_count", sort="key_count"),
        Column("asked", gettext_lazy("Asked"), kind="ago", accessor="requested_at", sort="requested_at"),
        Column("state", gettext_lazy("State"), kind="status", status="return", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "return"),)
    search = ("reference", "lines__product_key_id__exact")
    search_label = gettext_lazy("Your RMA number or a product key id")
    order = "-number"
    empty = Empty(
        gettext_lazy("Nothing given back yet"),
        gettext_lazy("Keys that you cannot use go back to Microsoft from here, for credit within 365 days."),
        icon="arrow-back-up",
    )

    def row_url(self, row: PartnerReturn) -> str:
        """Return where a row leads."""
        return reverse("tpr:return-detail", args=[row.pk])


@allow("return.view", houses=HOUSE)
@require_safe
def return_list(request: HttpRequest) -> HttpResponse:
    """List the partner's returns."""
    context = {
        "table": ReturnTable(request, returns_of(partner_id_of(request))),
        "may_ask": _may_ask(request),
    }
    return render_table(request, "tpr/return_list.html", context)


@allow("return.request", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def return_new(request: HttpRequest) -> HttpResponse:
    """Show the forecast of each key, then ask for the return."""
    if request.method != "POST":
        initial = {"keys": request.GET.get("keys", ""), "return_type": request.GET.get("type", "")}
        return render(request, NEW, {"form": ReturnForm(initial=initial)})
    form = ReturnForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, NEW, {"form": form}, status=FORM_ERROR_STATUS)
    form = form.with_list()
    partner_id, at = partner_id_of(request), timezone.now()
    context: dict[str, Any] = {"form": form}
    try:
        context["forecasts"] = preview_return(partner_id, form.wish(), at=at)
        context["may_send"] = not any(each.stop for each in context["forecasts"])
        if "send" not in request.POST:
            return render(request, NEW, context)
        done = request_return(
            partner_id=partner_id,
            wish=form.wish(),
            idempotency_key=str(form.cleaned_data["token"]),
            by=actor_of(request),
            at=at,
        )
    except DomainError as error:
        return render_refused(request, NEW, context, error)
    messages.success(request, _("Sent to the programme office. It is checked in a moment."))
    return redirect("tpr:return-detail", done.return_id)


@allow("return.view", houses=HOUSE)
@require_safe
def return_detail(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Show one return: how it stands, each key's forecast and answer, and the money."""
    found = _find(request, partner_return_id)
    table = ReturnLineTable(request, found.lines.select_related("product"))
    context = {
        "return": found,
        "type": type_label(found.return_type),
        "steps": steps_of(found),
        "settled": settled_of(found),
        "table": table,
        "may_withdraw": _may_ask(request) and may_follow(found.state, ReturnState.WITHDRAWN),
    }
    return render_table(request, "tpr/return_detail.html", context)


@allow("return.request", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Ask once more, then take the return back."""
    context = {"return": _find(request, partner_return_id)}
    if request.method != "POST":
        return render(request, WITHDRAW, context)
    try:
        withdraw_return(
            partner_return_id,
            partner_id=partner_id_of(request),
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, WITHDRAW, context, error)
    messages.success(request, _("Taken back. Its keys stay what they are and may go into another return."))
    return redirect("tpr:return-detail", partner_return_id)


def _find(request: HttpRequest, partner_return_id: UUID) -> PartnerReturn:
    found = returns_of(partner_id_of(request)).filter(pk=partner_return_id).first()
    if found is None:
        raise Http404
    return found


def _may_ask(request: HttpRequest) -> bool:
    return "return.request" in request.permissions  # type: ignore[attr-defined]
