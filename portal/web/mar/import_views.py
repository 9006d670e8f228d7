"""One import: upload, progress, errors, release by a second person, rejection."""

import csv
import uuid
from io import StringIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from core.errors import DomainError
from licensing.models import KeyBatch
from licensing.models.key_batch import KeyBatchState
from licensing.selectors import stock as selectors
from licensing.services.import_errors import in_groups, in_words
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload, reject_batch, release_batch
from partners.selectors.mar import the_mar
from portal import formatting
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.refusals import note_refusal
from portal.web.mar.batch_stop_facts import stop_events, stop_facts
from portal.web.mar.stock_forms import RejectForm, UploadForm
from portal.web.refused import render_refused, shown

HOUSES = ("mar", "compliance")
ERRORS_SHOWN = 50  # groups of rows with the same error
SAMPLE_KEYS = 25
SAMPLE_TYPES = {"xml": "application/xml", "csv": "text/csv; charset=utf-8"}
WORKING = {
    KeyBatchState.RECEIVED.value,
    KeyBatchState.VALIDATING.value,
    KeyBatchState.RELEASING.value,
}


@allow("import.upload", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take in a delivery and lead to its progress."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/import_new.html", _new_context(form), status=status)
    upload = form.cleaned_data["delivery"]
    try:
        batch = receive_upload(upload, file_name=upload.name, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        note_refusal(request, error)
        context = _new_context(UploadForm()) | {"refusals": _linked(error), "page_has_errors": True}
        return render(request, "mar/import_new.html", context, status=error.status)
    return redirect("mar:import-detail", batch.pk)


@allow("stock.view", houses=HOUSES)
@require_safe
def detail(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Show one import: its progress, its errors or contents, and the next step."""
    return render(request, "mar/import_detail.html", _context(request, _find(batch_id)))


@allow("stock.view", houses=HOUSES)
@never_cache
@require_safe
def progress(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Answer the poll of the progress bar; when the work is over, have the page loaded anew."""
    batch = _find(batch_id)
    if not getattr(request, "htmx", None):
        return redirect("mar:import-detail", batch_id)
    if batch.state not in WORKING:
        return HttpResponseClientRefresh()
    return render(request, "mar/import_progress.html", _context(request, batch))


@allow("stock.view", houses=HOUSES)
@require_safe
def errors_csv(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Download the errors kept of a refused import; they never hold a key."""
    batch = _find(batch_id)
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["row", "line", "field", "code", "problem"])
    for error in in_words(batch.errors):
        writer.writerow([error.row or "", error.line or "", error.field, error.code, error.text])
    response = HttpResponse(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-errors-{str(batch_id)[:8]}.csv"'
    return response


@allow("import.release", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Ask once more, then release the import as second person."""
    batch = _find(batch_id)
    if request.method != "POST":
        context = _context(request, batch)
        if not context["may_release"]:
            return redirect("mar:import-detail", batch_id)
        return render(request, "mar/import_release.html", context)
    try:
        release_batch(batch_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/import_detail.html", _context(request, _find(batch_id)), error)
    return redirect("mar:import-detail", batch_id)


@allow("import.release", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Reject the import with a reason; its keys are deleted."""
    batch = _find(batch_id)
    form = RejectForm(request.POST) if request.method == "POST" else RejectForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/import_reject.html", {"batch": batch, "form": form}, status=status)
    try:
        reject_batch(batch_id, by=actor_of(request), at=timezone.now(), reason=form.cleaned_data["reason"])
    except DomainError as error:
        return render_refused(request, "mar/import_detail.html", _context(request, _find(batch_id)), error)
    messages.success(request, _("Rejected. Nothing of the file was taken into stock."))
    return redirect("mar:import-detail", batch_id)


@allow("import.upload", houses=("mar",))
@never_cache
@require_safe
def sample(request: HttpRequest) -> HttpResponse:
    """Download a fresh synthetic delivery; exists in the demo only."""
    file_format = "csv" if request.GET.get("format") == "csv" else "xml"
    now, mar, seed = timezone.now(), the_mar(), uuid.uuid4().hex
    part_numbers = selectors.part_numbers_on_sale(at=now)
    if mar is None or not part_numbers:
        raise Http404
    content = sample_delivery(
        file_format,
        keys=SAMPLE_KEYS,
        part_numbers=part_numbers[:1],
        sold_to_id=mar.sold_to_id,
        seed=seed,
        at=now,
    )
    response = HttpResponse(content, content_type=SAMPLE_TYPES[file_format])
    response["Content-Disposition"] = f'attachment; filename="sample-delivery-{seed[:6]}.{file_format}"'
    return response


def _find(batch_id: UUID) -> KeyBatch:
    batch = selectors.import_by_id(batch_id)
    if batch is None:
        raise Http404
    return batch


def _linked(error: DomainError) -> list[dict[str, Any]]:
    """Return the refusals as the page shows them, with the way to an earlier import of the same file."""
    refusals = []
    for refusal in error.refusals:
        known = refusal.facts if refusal.code == "file_known" else None
        page = shown(refusal)
        if known:
            page["fix_url"] = reverse("mar:import-detail", args=[known["import_id"]])
            page["fix_label"] = _("Open the earlier import")
            page["facts"] = [
                (_("Earlier import"), known["file"]),
                (_("Uploaded"), formatting.moment(known["uploaded_at"])),
                (_("State"), known["state"]),
            ]
        refusals.append(page)
    return refusals


def _new_context(form: Form) -> dict[str, Any]:
    return {"form": form, "has_samples": settings.DEMO_ENABLED}


def _context(request: HttpRequest, batch: KeyBatch) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    is_ready = batch.state == KeyBatchState.READY
    is_uploader = batch.uploaded_by_id == request.user.pk
    may_release = is_ready and "import.release" in permissions
    return {
        "batch": batch,
        "is_working": batch.state in WORKING,
        "errors": in_groups(in_words(batch.errors))[:ERRORS_SHOWN],
        "may_release": may_release and not is_uploader,
        "may_reject": may_release,
        "waits_for_second_person": is_ready and (is_uploader or not may_release),
        "is_uploader": is_uploader,
        "events": _events(batch) + stop_events(batch.pk),
        **stop_facts(request, batch),
    }


def _events(batch: KeyBatch) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"at": batch.uploaded_at, "text": _("Uploaded"), "actor": batch.uploaded_by, "icon": "upload"}
    ]
    if batch.checked_at:
        refused = batch.state == KeyBatchState.REFUSED
        text = _("Refused by the check") if refused else _("Checked without errors")
        tone, icon = ("danger", "circle-x") if refused else ("success", "check")
        events.insert(
            0, {"at": batch.checked_at, "text": text, "tone": tone, "icon": icon, "actor": _("Portal")}
        )
    if batch.released_at:
        is_done = batch.state == KeyBatchState.RELEASED
        text = _("Released to stock") if is_done else _("Release decided")
        events.append(
            {
                "at": batch.released_at,
                "text": text,
                "actor": batch.released_by,
                "tone": "success",
                "icon": "user-check",
            }
        )
    if batch.rejected_at:
        events.append(
            {
                "at": batch.rejected_at,
                "text": _("Rejected"),
                "actor": batch.rejected_by,
                "detail": batch.rejection_reason,
                "icon": "ban",
            }
        )
    return events
