"""Returns to Microsoft."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.models import ReturnRequest
from licensing.selectors import exchange as selectors
from licensing.services.returns import send_return
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import render_table
from portal.web.mar.exchange_forms import ReturnForm
from portal.web.mar.exchange_tables import ReturnLineTable, ReturnTable
from portal.web.mar.exchange_views import HOUSES, OPERATE, xml_file
from portal.web.refused import render_refused
from portal.web.return_words import type_label


@allow("exchange.view", houses=HOUSES)
@require_safe
def return_list(request: HttpRequest) -> HttpResponse:
    """List all returns."""
    table = ReturnTable(request, selectors.return_requests())
    may_operate = OPERATE in request.permissions  # type: ignore[attr-defined]
    return render_table(request, "mar/exchange_returns.html", {"table": table, "may_operate": may_operate})


@allow("exchange.view", houses=HOUSES)
@require_safe
def return_detail(request: HttpRequest, return_id: UUID) -> HttpResponse:
    """Show one return with the answers to its keys."""
    found = _return(return_id)
    table = ReturnLineTable(request, selectors.lines_of_return(found))
    context = {"return": found, "table": table, "type": type_label(found.return_type)}
    return render_table(request, "mar/exchange_return.html", context)


@allow("exchange.view", houses=HOUSES)
@require_safe
def return_download(request: HttpRequest, return_id: UUID) -> HttpResponse:
    """Send the return as Microsoft's XML."""
    found = _return(return_id)
    return xml_file(selectors.return_xml(found), f"{found.rma_number}.xml")


@allow(OPERATE, houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def return_new(request: HttpRequest) -> HttpResponse:
    """Give keys back to Microsoft."""
    form = ReturnForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/exchange_return_new.html", {"form": form}, status=status)
    entered = form.cleaned_data
    try:
        sent = send_return(
            entered["product_key_ids"],
            return_type=entered["return_type"],
            is_without_credit=entered["is_without_credit"],
            reason=entered["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "mar/exchange_return_new.html", {"form": form}, error)
    messages.success(request, _("The return is written. Download it and upload it to Microsoft."))
    return redirect("mar:return-detail", sent.pk)


def _return(return_id: UUID) -> ReturnRequest:
    found = selectors.return_by_id(return_id)
    if found is None:
        raise Http404
    return found
