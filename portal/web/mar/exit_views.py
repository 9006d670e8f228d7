"""The way out of a partner: begin it, settle or let go what is open, hand over his data, finish."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import WindDown, WindDownItem
from compliance.rules.wind_down import BY_WORD, ItemKind, ItemState
from compliance.selectors.wind_down import Exit, Item, exit_of, proof_keys, wind_down_of
from compliance.services import exit_file, wind_down
from core.errors import DomainError, NotFound
from partners.rules.partner_states import may_move
from partners.selectors.mar import mar_zone
from portal import formatting
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.mar.partner_header import find_partner
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
KINDS = WindDownItem.Kind.values
NOTICE = timedelta(days=30)
SHOWN_KEYS = 50


def _words(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=300, validators=[plain_text], help_text=help_text,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


class EndForm(forms.Form):
    """Why the contract ends, and the last day of access."""

    reason = _words(
        gettext_lazy("Reason"), gettext_lazy("The partner’s owners read these words in the mail.")
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day of access"),
        help_text=gettext_lazy("People and stations are let in through this day."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}),
    )


class NoteForm(forms.Form):
    """How something was dealt with, or why it is let go."""

    note = _words(
        gettext_lazy("Note"), gettext_lazy("What was done or agreed, and with whom. It stays in the record.")
    )


@allow("partner.view", houses=HOUSES)
@require_safe
def status(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show the whole way out: what is open, who did what, what comes next."""
    partner = find_partner(partner_id)
    way_out = exit_of(partner_id)
    if way_out is None:
        raise Http404
    may_act = "exit.manage" in request.permissions  # type: ignore[attr-defined]
    page = exit_page(way_out, may_act=may_act, viewer_id=actor_of(request).id)
    return render(request, "mar/exit.html", page | {"partner": partner})


@allow("partner.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Begin the end of a partner's contract."""
    partner = find_partner(partner_id)
    last_day = (timezone.now() + NOTICE).astimezone(mar_zone()).date()
    form = EndForm(request.POST or None, initial={"last_day": last_day})
    context = {"partner": partner, "form": form, "is_possible": may_move(partner.state, "winding_down")}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/exit_begin.html", context, status=status)
    try:
        wind_down.begin_wind_down(
            partner_id, reason=form.cleaned_data["reason"], ends_at=_end_of(form.cleaned_data["last_day"]),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "mar/exit_begin.html", context, error)
    messages.success(request, _("The way out has begun. New orders have stopped."))
    return redirect("mar:partner-exit", partner_id)


@allow("exit.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def move_end(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Move the last day of access."""
    found = _wind_down(partner_id)
    last_day = (found.ends_at - timedelta(seconds=1)).astimezone(mar_zone()).date()
    form = EndForm(request.POST or None, initial={"last_day": last_day})
    page = _form_page(partner_id, form, _("Move the last day of access"), _("Move it"))
    if not form.is_valid():
        return _show(request, page)

    def act(**who: Any) -> object:
        ends_at = _end_of(form.cleaned_data["last_day"])
        return wind_down.move_end(partner_id, ends_at=ends_at, reason=form.cleaned_data["reason"], **who)

    return _do(request, partner_id, act, _("The last day of access is moved."), page)


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_POST
def take_back_keys(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Put keys nobody has taken back into stock."""
    _wind_down(partner_id)

    def act(**who: Any) -> object:
        return wind_down.take_back_unused_keys(partner_id, **who)

    return _do(request, partner_id, act, _("The unused keys are back in stock."))


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def recall_keys(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Call back keys that were taken and not reported."""
    _wind_down(partner_id)
    form = NoteForm(request.POST or None)
    page = _form_page(partner_id, form, _("Call back the keys that were taken"), _("Call them back"))
    page["lead"] = _("They stay in quarantine for good. A PC that carries one must not be sold with it.")
    page["danger"] = True
    if not form.is_valid():
        return _show(request, page)

    def act(**who: Any) -> object:
        return wind_down.recall_unreported_keys(partner_id, reason=form.cleaned_data["note"], **who)

    return _do(request, partner_id, act, _("The keys are called back."), page)


@allow("exit.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: HttpRequest, partner_id: UUID, kind: str) -> HttpResponse:
    """Say how labels, proof pages or papers were dealt with."""
    item = _item(partner_id, kind)
    title = _("Settled: %(item)s") % {"item": item.row.get_kind_display()}
    return _with_note(
        request, partner_id, title, _("Mark as settled"), _("It is settled."),
        lambda note, **who: wind_down.settle_item(partner_id, kind, note=note, **who),
    )  # fmt: skip


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, partner_id: UUID, kind: str) -> HttpResponse:
    """Propose to let an open item go."""
    item = _item(partner_id, kind)
    title = _("Let go: %(item)s") % {"item": item.row.get_kind_display()}
    return _with_note(
        request, partner_id, title, _("Propose to let it go"), _("A second person has to confirm it."),
        lambda note, **who: wind_down.waive_item(partner_id, kind, reason=note, **who),
    )  # fmt: skip


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_POST
def confirm_waiver(request: HttpRequest, partner_id: UUID, kind: str) -> HttpResponse:
    """Confirm as a second person that an item is let go."""
    _item(partner_id, kind)

    def act(**who: Any) -> object:
        return wind_down.confirm_waiver(partner_id, kind, **who)

    return _do(request, partner_id, act, _("It is let go."))


@allow("exit.manage", houses=("mar",))
@require_POST
def make_file(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Have the partner's data file made."""
    _wind_down(partner_id)

    def act(**who: Any) -> object:
        return wind_down.ask_for_data_file(partner_id, **who)

    return _do(request, partner_id, act, _("The file is being made. This takes seconds."))


@allow("exit.manage", houses=("mar",))
@require_safe
def download_file(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Give the partner's data file, to be handed to him."""
    found = _wind_down(partner_id)
    if not default_storage.exists(found.file_path or "-"):
        raise Http404  # made anew by a press of the button
    if request.method == "HEAD":
        return size_response(found)
    try:
        exit_file.hand_over_file(partner_id, by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    return file_response(found)


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """End the contract, when nothing is open any more."""
    way_out = exit_of(partner_id)
    if way_out is None:
        raise Http404
    context = {"partner": find_partner(partner_id), "exit": way_out}
    if request.method != "POST":
        return render(request, "mar/exit_finish.html", context)
    try:
        wind_down.finish_wind_down(partner_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/exit_finish.html", context, error)
    messages.success(
        request, _("The contract has ended. Until the last day of access the partner can still read.")
    )
    return redirect("mar:partner-exit", partner_id)


def exit_page(way_out: Exit, *, may_act: bool, viewer_id: str = "") -> dict[str, Any]:
    """Return what the page of a way out shows, on either side."""
    partner_id = way_out.wind_down.partner_id
    alive = proof_keys(partner_id).order_by("id")
    return {
        "exit": way_out,
        "wind_down": way_out.wind_down,
        "rows": [_row(way_out, item, viewer_id=viewer_id, may_act=may_act) for item in way_out.items],
        "steps": _steps(way_out),
        "last_instant": way_out.wind_down.ends_at - timedelta(minutes=1),
        "proof_keys": list(alive.values_list("product_key_id", flat=True)[:SHOWN_KEYS]),
        "may_act": may_act and way_out.wind_down.finished_at is None,
    }


def file_response(found: WindDown) -> HttpResponse:
    """Return the data file as a download, streamed from the storage."""
    name = f"{found.partner.code}-data-{found.file_made_at:%Y-%m-%d}.zip"
    stored = default_storage.open(found.file_path, "rb")
    return FileResponse(stored, as_attachment=True, filename=name)  # type: ignore[return-value]


def size_response(found: WindDown) -> HttpResponse:
    """Answer who only asks for the data file: nothing is handed over, the file stays shut and its item open."""
    return HttpResponse(content_type="application/zip", headers={"Content-Length": str(found.file_size)})


def _row(way_out: Exit, item: Item, *, viewer_id: str, may_act: bool) -> dict[str, Any]:
    kind = item.row.kind
    is_open = item.state is ItemState.OPEN and may_act and way_out.wind_down.finished_at is None
    links = _links(way_out, item, viewer_id) if is_open else []
    amount = formatting.money(item.now.amount, way_out.currency) if item.now.amount else ""
    return {
        "item": item, "row": item.row, "kind": kind, "amount": amount, "links": links,
        "waived_amount": formatting.money(item.row.waived_amount, way_out.currency) if item.row.waived_amount else "",
    }  # fmt: skip


def _links(way_out: Exit, item: Item, viewer_id: str) -> list[dict[str, Any]]:
    kind, partner_id = item.row.kind, way_out.wind_down.partner_id
    links: list[dict[str, Any]] = []
    if kind == ItemKind.KEYS_UNUSED:
        links.append(_link("keys", _("Take them back"), partner_id, is_post=True))
    if kind == ItemKind.KEYS_UNREPORTED:
        links.append(_link("recall", _("Call them back …"), partner_id))
    if kind in BY_WORD:
        links.append(_link("settle", _("Settled …"), partner_id, kind))
    if kind == ItemKind.DATA_FILE and way_out.wind_down.file_path:
        links.append(_link("file", _("Hand it over"), partner_id))
    if item.awaits_second and item.row.waived_by_id != viewer_id:
        links.append(_link("confirm", _("Confirm: let it go"), partner_id, kind, is_post=True))
    elif not item.awaits_second:
        links.append(_link("waive", _("Let it go …"), partner_id, kind))
    return links


def _link(name: str, label: str, *arguments: Any, is_post: bool = False) -> dict[str, Any]:
    return {"url": reverse(f"mar:partner-exit-{name}", args=arguments), "label": label, "is_post": is_post}


def _steps(way_out: Exit) -> list[dict[str, str]]:
    """Return the five steps of the way, the first that is not done marked."""

    def closed(*kinds: ItemKind) -> bool:
        return all(way_out.item(kind).state is not ItemState.OPEN for kind in kinds)

    done = [
        (_("Begun"), True),
        (_("Keys back"), closed(ItemKind.KEYS_UNUSED, ItemKind.KEYS_UNREPORTED)),
        (_("Returns and money"), closed(ItemKind.RETURNS_OPEN, ItemKind.MONEY_OWED)),
        (_("Labels, proofs, papers"), closed(*BY_WORD)),
        (_("Data file"), closed(ItemKind.DATA_FILE)),
        (_("Finished"), way_out.wind_down.finished_at is not None),
    ]
    current = next((place for place, (_label, is_done) in enumerate(done) if not is_done), len(done))
    return [
        {"label": label, "state": "done" if is_done else "current" if place == current else "todo"}
        for place, (label, is_done) in enumerate(done)
    ]


def _with_note(
    request: HttpRequest, partner_id: UUID, title: str, submit: str, done: str, act: Callable[..., object]
) -> HttpResponse:
    form = NoteForm(request.POST or None)
    page = _form_page(partner_id, form, title, submit)
    if not form.is_valid():
        return _show(request, page)
    return _do(request, partner_id, lambda **who: act(form.cleaned_data["note"], **who), done, page)


def _do(
    request: HttpRequest,
    partner_id: UUID,
    act: Callable[..., object],
    done: str,
    page: dict[str, Any] | None = None,
) -> HttpResponse:
    """Act, and come back to the way out; a refusal is shown on the form, or on a page of its own."""
    try:
        act(by=actor_of(request), at=timezone.now())
    except DomainError as error:
        template = "house/form_page.html" if page else "house/refused.html"
        return render_refused(request, template, page or {}, error)
    messages.success(request, done)
    return redirect("mar:partner-exit", partner_id)


def _form_page(partner_id: UUID, form: forms.Form, title: str, submit: str) -> dict[str, Any]:
    back = reverse("mar:partner-exit", args=[partner_id])
    partner = find_partner(partner_id)
    return {
        "form": form, "title": title, "submit": submit, "cancel_url": back, "lead": partner.name,
        "crumbs": [(reverse("mar:partner-detail", args=[partner_id]), partner.code), (back, _("Way out"))],
    }  # fmt: skip


def _show(request: HttpRequest, page: dict[str, Any]) -> HttpResponse:
    status = FORM_ERROR_STATUS if page["form"].is_bound else 200
    return render(request, "house/form_page.html", page, status=status)


def _wind_down(partner_id: UUID) -> WindDown:
    found = wind_down_of(partner_id)
    if found is None:
        raise Http404
    return found


def _item(partner_id: UUID, kind: str) -> Item:
    way_out = exit_of(partner_id)
    if way_out is None or kind not in KINDS:
        raise Http404
    return way_out.item(kind)


def _end_of(day: date) -> datetime:
    """Return the instant at which a day of the MAR's zone has ended."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=mar_zone())
