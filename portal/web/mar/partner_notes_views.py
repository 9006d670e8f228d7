"""The MAR's own notes about a partner; the partner never sees them."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, NotFound
from partners.selectors.notes import notes_of
from partners.services.notes import MAX_LENGTH, pin_note, write_note
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.mar.partner_header import partner_page
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class NoteForm(forms.Form):
    """What to remember about a partner."""

    text = forms.CharField(
        label=gettext_lazy("New note"),
        max_length=MAX_LENGTH,
        validators=[plain_text],
        help_text=gettext_lazy("Only the programme office and compliance read notes. No product keys."),
        widget=forms.Textarea({"rows": 4}),
    )
    is_pinned = forms.BooleanField(label=gettext_lazy("Keep on top"), required=False)


@allow("partner.note", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Read the notes about a partner, and write one."""
    form = NoteForm(request.POST or None)
    page = partner_page(request, partner_id, "notes") | {"form": form, "notes": notes_of(partner_id)}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/partner_notes.html", page, status=status)
    try:
        write_note(partner_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "mar/partner_notes.html", page, error)
    messages.success(request, _("The note is kept."))
    return redirect("mar:partner-notes", partner_id)


@allow("partner.note", houses=HOUSES)
@require_POST
def pin(request: HttpRequest, partner_id: UUID, note_id: UUID) -> HttpResponse:
    """Keep a note on top, or let it go down."""
    try:
        pin_note(
            note_id,
            partner_id=partner_id,
            is_pinned=request.POST.get("is_pinned") == "1",
            by=actor_of(request),
            at=timezone.now(),
        )
    except NotFound as error:
        raise Http404 from error
    return redirect("mar:partner-notes", partner_id)
