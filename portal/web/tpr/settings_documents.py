"""The partner's papers: hand in, replace, take back, look at again."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from partners.models import Document
from partners.selectors.mar import mar_zone
from partners.selectors.partner_documents import document_of, documents_of
from partners.services.documents import hand_out_document, remove_document, store_document
from partners.services.partner_documents import replace_document
from portal.actors import actor_of
from portal.forms import UploadInput
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.settings_pages import form_page

HOUSE = ("tpr",)
# What a partner hands in by himself; the other kinds belong to their own pages.
KINDS = (
    Document.Kind.CERTIFICATE,
    Document.Kind.WIPING_PROOF,
    Document.Kind.REGISTER_EXTRACT,
    Document.Kind.CHARITY_PROOF,
    Document.Kind.INSURANCE,
    Document.Kind.OTHER,
)


class FileForm(forms.Form):
    """A newer file of a paper."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("PDF, JPEG, PNG or HEIC."),
        widget=UploadInput(accept=".pdf,.jpg,.jpeg,.png,.heic"),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        help_text=gettext_lazy("As it stands on the paper. We remind you 30 and 7 days before."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}),
    )

    def clean_expires_on(self) -> date | None:
        """Refuse a paper that has ended."""
        expires_on: date | None = self.cleaned_data["expires_on"]
        if expires_on is not None and expires_on < _today():
            raise forms.ValidationError(_("This paper has ended. Hand in one that is good."))
        return expires_on


class DocumentForm(FileForm):
    """A new paper."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is it?"), choices=[(kind.value, kind.label) for kind in KINDS]
    )
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=120, required=False, validators=[plain_text],
        help_text=gettext_lazy("For example: R2v3, ISO 14001, ADISA 8.0."),
    )  # fmt: skip
    field_order = ("kind", "title", "file", "expires_on")


class DocumentTable(Table):
    """One's own papers. A row opens what can be done with it."""

    dom_id = "documents"
    caption = gettext_lazy("Documents")
    columns = (
        Column("kind", gettext_lazy("Document"), accessor="get_kind_display", sort="kind", primary=True),
        Column("title", gettext_lazy("Title"), accessor="title"),
        Column("file", gettext_lazy("File"), accessor="file_name"),
        Column(
            "handed_in", gettext_lazy("Handed in"), kind="date", accessor="uploaded_at", sort="uploaded_at"
        ),
        Column("expires", gettext_lazy("Valid until"), kind="date", accessor="expires_on", sort="expires_on"),
        Column("state", gettext_lazy("State"), kind="status", status="document", accessor="standing"),
    )
    filters = (ChoiceFilter("kind", gettext_lazy("Document"), choices=Document.Kind.choices),)
    order = "-handed_in"

    def row_url(self, row: Document) -> str:
        """Return where a row leads."""
        return reverse("tpr:document-replace", args=[row.pk])


@allow("house.view", houses=HOUSE)
@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """List the partner's papers."""
    may_manage = "house.manage" in request.permissions  # type: ignore[attr-defined]
    empty = Empty(
        _("No documents yet"),
        _("Certificates and proofs you hand in stand here, with the day they end."),
        _("Hand in a document") if may_manage else "",
        reverse("tpr:document-new") if may_manage else "",
        "file-text",
    )
    rows = documents_of(partner_id_of(request), today=_today())
    context = {"table": DocumentTable(request, rows, empty=empty), "may_manage": may_manage}
    return render_table(request, "house/documents.html", context)


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_document(request: HttpRequest) -> HttpResponse:
    """Hand in a paper."""
    form = DocumentForm(request.POST or None, request.FILES or None)
    page = _page(form, _("Hand in a document"), _("Hand it in"))
    if not form.is_valid():
        return form_page(request, page)
    fields = form.cleaned_data
    try:
        store_document(
            fields["file"].read(), name=fields["file"].name, kind=fields["kind"], title=fields["title"],
            partner_id=partner_id_of(request), expires_on=fields["expires_on"], by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The document is handed in."))
    return redirect("tpr:documents")


@allow("house.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Hand in a newer file of a paper, or take the paper back."""
    partner_id = partner_id_of(request)
    document = document_of(document_id, partner_id)
    if document is None:
        raise Http404
    form = FileForm(request.POST or None, request.FILES or None)
    page = _page(form, document.title or document.get_kind_display(), _("Replace it"))
    page |= {
        "lead": document.file_name,
        "look_url": reverse("tpr:document-file", args=[document_id]),
        "close_url": reverse("tpr:document-remove", args=[document_id]),
        "close_label": _("Take it back"),
    }
    if not form.is_valid():
        return form_page(request, page)
    upload = form.cleaned_data["file"]
    try:
        replace_document(
            document_id, upload.read(), name=upload.name, partner_id=partner_id,
            expires_on=form.cleaned_data["expires_on"], by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "house/form_page.html", page, error)
    messages.success(request, _("The newer document stands in its place."))
    return redirect("tpr:documents")


@allow("house.manage", houses=HOUSE)
@require_POST
def remove(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Take a paper back."""
    document = document_of(document_id, partner_id_of(request))
    if document is None:
        raise Http404
    remove_document(document, by=actor_of(request), at=timezone.now())
    messages.success(request, _("The document is taken back."))
    return redirect("tpr:documents")


@allow("house.view", houses=HOUSE)
@require_safe
def download(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Give a paper back as it was handed in."""
    document = document_of(document_id, partner_id_of(request))
    if document is None:
        raise Http404
    content = hand_out_document(document, by=actor_of(request), at=timezone.now())
    return HttpResponse(
        content,
        content_type=document.content_type,
        headers={"Content-Disposition": str(content_disposition_header(True, document.file_name))},
    )


def _today() -> date:
    return timezone.now().astimezone(mar_zone()).date()


def _page(form: forms.Form, title: str, submit: str) -> dict[str, Any]:
    back = reverse("tpr:documents")
    return {
        "form": form, "title": title, "submit": submit, "cancel_url": back, "multipart": True,
        "crumbs": [(back, _("Documents"))],
    }  # fmt: skip
