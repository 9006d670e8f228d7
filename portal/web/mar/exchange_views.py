"""The exchange with Microsoft: reports, answers, and what needs a person."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import audit
from core.errors import DomainError, Invalid
from core.queue import enqueue
from core.storage import read_bytes
from licensing.connectors import connector_named
from licensing.connectors.base import report_file_name
from licensing.connectors.file_exchange import FileExchange
from licensing.models import ComputerBuildReport
from licensing.models.exchange import CbrState
from licensing.selectors import exchange as selectors
from licensing.services.exchange import (
    ImportedAnswers,
    close_exception,
    import_answer_file,
    mark_sent,
    resend,
)
from licensing.services.exchange_send import RECEIPT_BY_HAND
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.refusals import note_refusal
from portal.tables import render_table
from portal.web.mar.exchange_forms import AnswerForm, ClosingForm
from portal.web.mar.exchange_tables import (
    ExceptionTable,
    LineTable,
    OperatorExceptionTable,
    OperatorLineTable,
    ReportTable,
)
from portal.web.mar.exchange_words import FINDINGS, code_text, event_of
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
OPERATE = "exchange.operate"
GOING = (CbrState.PREPARED, CbrState.SENT, CbrState.PARTLY_ANSWERED)
HANDED_OUT = (CbrState.SENT, CbrState.PARTLY_ANSWERED, CbrState.ANSWERED, CbrState.REFUSED)


@allow("exchange.view", houses=HOUSES)
@require_safe
def exchange(request: HttpRequest) -> HttpResponse:
    """Show how the exchange stands: the connector, what waits, what was sent, what did not fit."""
    at, may_operate = timezone.now(), _may_operate(request)
    connector = connector_named(settings.EXCHANGE_CONNECTOR)
    exceptions = (OperatorExceptionTable if may_operate else ExceptionTable)(
        request, selectors.open_exceptions()
    )
    unanswered, late = selectors.count_unanswered(at)
    context = {
        "connector": connector,
        "connector_status": connector.status(),
        "waiting": selectors.waiting_builds(at),
        "unanswered": unanswered,
        "late": late,
        "reports": ReportTable(request, selectors.reports()),
        "exceptions": exceptions,
        "may_operate": may_operate,
        "form": AnswerForm() if may_operate else None,
    }
    is_partial = bool(getattr(request, "htmx", None)) and request.htmx.target == exceptions.dom_id  # type: ignore[attr-defined]
    return render_table(
        request, "mar/exchange.html", context, table="exceptions" if is_partial else "reports"
    )


@allow(OPERATE, houses=HOUSES)
@require_POST
def run_now(request: HttpRequest) -> HttpResponse:
    """Start a round of the exchange now instead of within half a minute."""
    enqueue("licensing.exchange_cbrs", at=timezone.now())
    messages.success(request, _("A round of the exchange has been started. Reload the page in a moment."))
    return redirect("mar:exchange")


@allow(OPERATE, houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take answer files in; each is booked completely or not at all."""
    form = AnswerForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/exchange_upload.html", {"form": form}, status=status)
    refused = []
    for file in form.cleaned_data["answers"]:
        try:
            with transaction.atomic():
                done = import_answer_file(
                    file.read(), file_name=file.name, by=actor_of(request), at=timezone.now()
                )
        except DomainError as refusal:
            refused.append((file.name, refusal))
        else:
            _tell(request, file.name, done)
    if len(refused) == len(form.cleaned_data["answers"]):
        every = Invalid(*(refusal for _name, each in refused for refusal in each.refusals))
        return render_refused(request, "mar/exchange_upload.html", {"form": AnswerForm()}, every)
    for name, each in refused:
        note_refusal(request, each)
        messages.error(request, f"{name}: {each.refusals[0].what}")
    return redirect("mar:exchange")


@allow("exchange.view", houses=HOUSES)
@require_safe
def cbr_detail(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Show one report: its keys with their answers, its file, its life."""
    report, may_operate = _report(report_id), _may_operate(request)
    context = {
        "report": report,
        "table": (OperatorLineTable if may_operate else LineTable)(request, selectors.lines_of(report)),
        "counts": [(code_text(code) or _("Open"), n) for code, n in selectors.answer_counts(report)],
        "events": [event_of(row) for row in selectors.life_of(report)],
        "is_late": selectors.is_late(report, timezone.now()),
        "may_download": report.state in HANDED_OUT,
        "may_mark": may_operate and _may_mark(report),
    }
    return render_table(request, "mar/cbr_detail.html", context)


@allow("exchange.view", houses=HOUSES)
@require_safe
def cbr_download(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Send the report's file exactly as it was stored. It holds product key ids and hashes, never a key."""
    report = _report(report_id)
    if report.state not in HANDED_OUT:
        # A key may still leave it; then it must not exist outside.
        raise Http404
    content = read_bytes(report.file_path, sha256=report.file_sha256)
    audit.record(
        "licensing.cbr.downloaded",
        by=actor_of(request),
        at=timezone.now(),
        object_type="cbr",
        object_id=report.pk,
    )
    return xml_file(content, report_file_name(report))


@allow(OPERATE, houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cbr_mark_sent(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Note that the file was uploaded to Microsoft by hand."""
    context = {"report": _report(report_id)}
    if request.method != "POST":
        return render(request, "mar/cbr_mark_sent.html", context)
    try:
        mark_sent(report_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/cbr_mark_sent.html", context, error)
    messages.success(request, _("Noted: the file was uploaded to Microsoft by hand."))
    return redirect("mar:cbr-detail", report_id)


@allow(OPERATE, houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def build_resend(request: HttpRequest, build_id: UUID) -> HttpResponse:
    """Send a denied build again."""
    build = selectors.build_by_id(build_id)
    if build is None:
        raise Http404
    context = {"build": build, "answer": code_text(build.ack_code)}
    if request.method != "POST":
        return render(request, "mar/exchange_resend.html", context)
    try:
        resend(build_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/exchange_resend.html", context, error)
    messages.success(request, _("It goes out again with the next report, within half a minute."))
    return redirect("mar:exchange")


@allow(OPERATE, houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def exception_close(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Show an exception and close it with a note."""
    found = selectors.exception_by_id(exception_id)
    if found is None:
        raise Http404
    form = ClosingForm(request.POST or None)
    context = {
        "exception": found,
        "words": FINDINGS.get(found.kind),
        "code": code_text(found.code),
        "form": form,
    }
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/exchange_exception.html", context, status=status)
    try:
        close_exception(exception_id, note=form.cleaned_data["note"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/exchange_exception.html", context, error)
    messages.success(request, _("Closed."))
    return redirect("mar:exchange")


def xml_file(content: bytes, name: str) -> HttpResponse:
    """Return an XML file to be saved, never shown."""
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _report(report_id: UUID) -> ComputerBuildReport:
    report = selectors.report_by_id(report_id)
    if report is None:
        raise Http404
    return report


def _may_mark(report: ComputerBuildReport) -> bool:
    # Only what goes by files can have been uploaded by hand; the simulator is not Microsoft.
    is_by_file = report.connector == FileExchange.name
    return is_by_file and report.state in GOING and report.receipt != RECEIPT_BY_HAND


def _may_operate(request: HttpRequest) -> bool:
    permissions: Any = request.permissions  # type: ignore[attr-defined]
    return OPERATE in permissions


def _tell(request: HttpRequest, name: str, done: ImportedAnswers) -> None:
    if not done.is_new:
        messages.info(request, _("%(file)s was taken in before. Nothing changed.") % {"file": name})
        return
    text = ngettext("%(file)s: %(count)s answer booked.", "%(file)s: %(count)s answers booked.", done.matched)
    text %= {"file": name, "count": done.matched}
    if not done.findings:
        messages.success(request, text)
        return
    look = ngettext("%(count)s line needs a look.", "%(count)s lines need a look.", done.findings)
    messages.warning(request, f"{text} {look % {'count': done.findings}}")
