"""Keys as a file that only the partner's own machine can open: public key, file, one download."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.exchange.device_list import read_device_list
from licensing.exchange.refusals import CsvRefused
from licensing.models import BulkHandOver
from licensing.selectors.bulk import assigned_products, files_of, public_key_of
from licensing.services import bulk_hand_over as service
from licensing.services.delivery_keys import end_delivery_key, register_delivery_key
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, UploadInput
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)


class BulkTable(Table):
    """A partner's files of keys."""

    dom_id = "files"
    caption = gettext_lazy("Files of keys")
    columns = (
        Column("product", gettext_lazy("Product"), accessor="product.name", primary=True),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="quantity", sort="quantity"),
        Column("asked", gettext_lazy("Asked"), kind="ago", accessor="asked_at", sort="asked_at"),
        Column("by", gettext_lazy("By"), accessor="asked_by"),
        Column("taken", gettext_lazy("Fetched"), kind="ago", accessor="taken_at", sort="taken_at"),
    )
    order = "-asked"
    empty = Empty(
        gettext_lazy("No files"),
        gettext_lazy("Stations take keys one by one. A file is for lines without a network."),
        icon="key",
    )

    def row_url(self, row: BulkHandOver) -> str:
        """Return where a row leads."""
        return reverse("tpr:bulk-detail", args=[row.pk])


class PublicKeyForm(forms.Form):
    """The public key."""

    recipient = forms.CharField(
        label=gettext_lazy("Public key"),
        max_length=100,
        help_text=gettext_lazy(
            "Made by the free program age: run age-keygen on the PC that will open the files, and paste the line "
            "that begins with age1."
        ),
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )


class BulkForm(forms.Form):
    """For which PCs, of which product, and why."""

    product = forms.ChoiceField(label=gettext_lazy("Product"))
    devices = forms.FileField(
        label=gettext_lazy("List of PCs"),
        help_text=gettext_lazy("A CSV with the columns manufacturer, model, serial; at most 500 PCs."),
        widget=UploadInput(accept=".csv"),
        max_length=255,
    )
    reason = forms.CharField(
        label=gettext_lazy("Why is a file needed?"),
        min_length=5,
        max_length=200,
        validators=[plain_text],
        help_text=gettext_lazy("Kept with your name."),
    )

    def __init__(self, *args: Any, products: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["product"].choices = products  # type: ignore[attr-defined]

    def clean_devices(self) -> Any:
        """Return the PCs, or say what is wrong with which row."""
        try:
            devices, errors = read_device_list(self.cleaned_data["devices"].file)
        except CsvRefused as error:
            raise ValidationError(error.message) from error
        if errors:
            raise ValidationError(
                [_("Row %(row)s: %(what)s") % {"row": each.row, "what": each.message} for each in errors[:20]]
            )
        return devices


class ReasonForm(forms.Form):
    """Why a file is made again."""

    reason = forms.CharField(
        label=gettext_lazy("Why is it needed again?"), min_length=5, max_length=200, validators=[plain_text]
    )


@allow("key.bulk", houses=HOUSE)
@require_safe
def bulk_list(request: HttpRequest) -> HttpResponse:
    """List the files of keys and say how the public key stands."""
    partner_id = partner_id_of(request)
    table = BulkTable(request, files_of(partner_id))
    context = {"table": table, "public_key": public_key_of(partner_id)}
    return render_table(request, "tpr/bulk_list.html", context)


@allow("key.bulk", houses=HOUSE, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def public_key(request: HttpRequest) -> HttpResponse:
    """Register the public key to which files are encrypted."""
    partner_id = partner_id_of(request)
    form = PublicKeyForm(request.POST or None)
    context = {"form": form, "public_key": public_key_of(partner_id)}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/bulk_public_key.html", context, status=status)
    try:
        register_delivery_key(
            partner_id=partner_id,
            recipient=form.cleaned_data["recipient"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/bulk_public_key.html", context, error)
    messages.success(request, _("Registered. Every owner was told; it can be used in 24 hours."))
    return redirect("tpr:bulk-public-key")


@allow("key.bulk", houses=HOUSE, fresh_factor=True)
@require_POST
def end_public_key(request: HttpRequest) -> HttpResponse:
    """Take the public key out of force at once."""
    end_delivery_key(partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now())
    messages.success(request, _("Out of force. No file can be made with it any more."))
    return redirect("tpr:bulk-public-key")


@allow("key.bulk", houses=HOUSE, fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_new(request: HttpRequest) -> HttpResponse:
    """Ask for the PCs and the reason, then offer the one download."""
    partner_id = partner_id_of(request)
    form = BulkForm(request.POST or None, request.FILES or None, products=assigned_products(partner_id))
    context = {"form": form, "public_key": public_key_of(partner_id), "no_store": True}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/bulk_new.html", context, status=status)
    try:
        made = service.hand_over_file(
            partner_id=partner_id,
            product_id=int(form.cleaned_data["product"]),
            devices=form.cleaned_data["devices"],
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/bulk_new.html", context, error)
    return _offer(request, made)


@allow("key.bulk", houses=HOUSE)
@require_safe
def bulk_detail(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Show one file: who asked, for which PCs, whether it was fetched."""
    context = {"bulk": _file(request, bulk_id), "form": ReasonForm()}
    return render(request, "tpr/bulk_detail.html", context)


@allow("key.bulk", houses=HOUSE, fresh_factor=True)
@never_cache
@require_POST
def bulk_again(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Make a file again: each PC its own key."""
    context: dict[str, Any] = {"bulk": _file(request, bulk_id), "form": ReasonForm(request.POST)}
    if not context["form"].is_valid():
        return render(request, "tpr/bulk_detail.html", context, status=FORM_ERROR_STATUS)
    try:
        made = service.reissue_file(
            bulk_id,
            partner_id=partner_id_of(request),
            reason=context["form"].cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/bulk_detail.html", context, error)
    return _offer(request, made)


@allow("key.bulk", houses=HOUSE, fresh_factor=True)
@never_cache
@require_POST
def bulk_download(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Give the encrypted file out, once. The token travels in the body, so no log ever holds it."""
    context = {"bulk": _file(request, bulk_id), "form": ReasonForm()}
    try:
        content = service.take_file(
            bulk_id,
            token=request.POST.get("token", ""),
            partner_id=partner_id_of(request),
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/bulk_detail.html", context, error)
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="keys-{bulk_id}.csv.age"',
            "Cache-Control": "no-store",
        },
    )


def _offer(request: HttpRequest, made: service.MadeFile) -> HttpResponse:
    """Show the page with the one download; the token stands in it and nowhere else."""
    context = {
        "bulk": _file(request, made.bulk_id),
        "token": made.token.reveal(),
        "no_store": True,
    }
    response = render(request, "tpr/bulk_offer.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _file(request: HttpRequest, bulk_id: UUID) -> BulkHandOver:
    found = files_of(partner_id_of(request)).filter(pk=bulk_id).first()
    if found is None:
        raise Http404
    return found
