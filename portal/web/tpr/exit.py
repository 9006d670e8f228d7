"""The partner's own page of his way out: what is still open, and the data he takes along."""

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from compliance.selectors.wind_down import exit_of, wind_down_of
from core import audit
from portal.actors import actor_of
from portal.policy import allow
from portal.web.mar.exit_views import exit_page, file_response, size_response
from portal.web.tpr.place import partner_id_of


@allow("house.view", houses=("tpr",))
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show what is open before the contract ends, or that it runs on."""
    way_out = exit_of(partner_id_of(request))
    if way_out is None:
        return render(request, "tpr/exit_none.html")
    return render(request, "tpr/exit.html", exit_page(way_out, may_act=False))


@allow("exit.file", houses=("tpr",))
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Give the owner his company's data file."""
    found = wind_down_of(partner_id_of(request))
    if found is None or not found.file_path or not default_storage.exists(found.file_path):
        raise Http404
    if request.method == "HEAD":
        return size_response(found)
    audit.record(
        "compliance.wind_down.file_downloaded", by=actor_of(request), at=timezone.now(),
        object_type="partner", object_id=found.partner_id, partner_id=found.partner_id,
        facts={"sha256": found.file_sha256},
    )  # fmt: skip
    return file_response(found)
