"""A wrong delivery in the browser: stop it, undo it, give it back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from licensing.models import KeyBatch
from licensing.selectors.batch_stops import open_stop
from licensing.selectors.stock import import_by_id
from licensing.services.batch_undo import give_batch_back, stop_batch, undo_import
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.batch_stop_facts import stop_facts
from portal.web.mar.pool_forms import WhyForm
from portal.web.refused import render_refused

PAGE = "mar/stock/batch_act.html"
HOUSES = ("mar", "compliance")


@dataclass(frozen=True, slots=True)
class Deed:
    """What a page asks before an act, and what it says after it."""

    title: str | Promise
    happens: tuple[str | Promise, ...]
    submit: str | Promise
    done: str | Promise


STOP = Deed(
    _("Stop this delivery?"),
    (
        _("Every key of it that is still free goes into quarantine at once. Nobody can order it."),
        _("Orders that have their keys keep them. You see below which, and with whom."),
        _("Another person then undoes the import, or puts the keys back into stock."),
    ),
    _("Stop the delivery"),
    _("Stopped. What was free lies in quarantine."),
)
UNDO = Deed(
    _("Undo this import?"),
    (
        _("Its keys leave the stock for good and stay on the books as undone."),
        _("The same file can be imported again, under the right product or price."),
        _("This cannot be taken back: only importing the file again brings them in."),
    ),
    _("Undo the import"),
    _("Undone. The same file may be imported again."),
)
GIVE_BACK = Deed(
    _("Put these keys back into stock?"),
    (
        _("What the stop holds is free again, and whoever waits for it is served at once."),
        _("Keys that were in quarantine before the stop stay there."),
    ),
    _("Put them back"),
    _("Back in stock. They can be ordered again."),
)


@allow("import.stop", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Put the rest of a delivery into quarantine, with a reason."""
    return _ask(request, batch_id, STOP, "may_stop", lambda: batch_id, stop_batch)


@allow("import.undo", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Undo a stopped delivery as second person."""
    return _ask(request, batch_id, UNDO, "may_undo", lambda: _stop_id(batch_id), undo_import)


@allow("import.undo", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Give a stopped delivery back to the stock as second person."""
    return _ask(request, batch_id, GIVE_BACK, "may_give_back", lambda: _stop_id(batch_id), give_batch_back)


def _ask(
    request: HttpRequest,
    batch_id: UUID,
    deed: Deed,
    permitted: str,
    target: Callable[[], UUID],
    act: Callable[..., Any],
) -> HttpResponse:
    batch = _batch(batch_id)
    form = WhyForm(request.POST or None)
    page = {"batch": batch, "deed": deed, "form": form, **stop_facts(request, batch)}
    if not form.is_valid():
        if request.method != "POST" and not page.get(permitted):
            return redirect("mar:import-detail", batch_id)
        return render(request, PAGE, page, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        act(target(), reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, PAGE, page, error)
    messages.success(request, str(deed.done))
    return redirect("mar:import-detail", batch_id)


def _batch(batch_id: UUID) -> KeyBatch:
    batch = import_by_id(batch_id)
    if batch is None:
        raise Http404
    return batch


def _stop_id(batch_id: UUID) -> UUID:
    found = open_stop(batch_id)
    if found is None:
        raise Http404
    return found.pk
