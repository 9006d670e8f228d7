"""Report builds by file, complete their details, take one back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.exchange.ohr import FORM_FACTORS, TOUCH_SCREENS
from licensing.models import Build, BuildUpload
from licensing.models.build import BuildState
from licensing.selectors.orders import builds_of
from licensing.services.build_uploads import report_files
from licensing.services.builds import DetailsWrong, complete_details, revert_build
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, MultipleFileField
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table, status_filter
from portal.web.mar.exchange_words import code_text
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
DETAILS = sorted({detail for details in FORM_FACTORS.values() for detail in details})


class BuildTable(Table):
    """All reported builds of a partner."""

    dom_id = "builds"
    caption = gettext_lazy("Reported builds")
    columns = (
        Column("device", gettext_lazy("PC"), accessor="device", primary=True),
        Column("serial", gettext_lazy("Serial number"), kind="mono", accessor="device.serial"),
        Column("key", gettext_lazy("Product key id"), kind="mono", accessor="key.product_key_id"),
        Column("product", gettext_lazy("Product"), accessor="key.product.name"),
        Column(
            "reported", gettext_lazy("Reported"), kind="datetime", accessor="reported_at", sort="reported_at"
        ),
        Column("state", gettext_lazy("State"), kind="status", status="build", sort="state"),
        Column("answer", gettext_lazy("Answer"), accessor=lambda build: code_text(build.ack_code)),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "build"),
        DateRangeFilter("reported", gettext_lazy("Reported"), "reported_at"),
    )
    search = ("device__serial_norm__exact", "key__product_key_id__exact")
    search_label = gettext_lazy("Serial number or product key id")
    order = "-reported"
    empty = Empty(
        gettext_lazy("No builds reported yet"),
        gettext_lazy("Upload the OA3.xml of your first PC, or let your station report by API."),
        gettext_lazy("Report builds"),
        "/tpr/builds/upload/",
    )

    def row_url(self, row: Build) -> str:
        """Return where a row leads."""
        return reverse("tpr:build-detail", args=[row.pk])


class UploadForm(forms.Form):
    """OA3.xml files, or a zip of them."""

    files = MultipleFileField(  # type: ignore[assignment]  # hides Form.files
        label=gettext_lazy("OA3.xml files, or a zip of them"),
        accept=".xml,.zip,.csv",
        help_text=gettext_lazy(
            "As the OA3 tool writes them. A devices.csv may lie beside them. Up to 50 MB."
        ),
    )


class DetailsForm(forms.Form):
    """The five device facts that Microsoft requires."""

    form_factor_cl1 = forms.ChoiceField(
        label=gettext_lazy("Form factor"), choices=[("", "")] + [(name, name) for name in FORM_FACTORS]
    )
    form_factor_cl2 = forms.ChoiceField(
        label=gettext_lazy("Form factor, detail"),
        choices=[("", "")] + [(name, name) for name in DETAILS],
        help_text=gettext_lazy("Desktop: Standard or AIO. Notebook: Standard, Ultraslim or Convertible."),
    )
    touch_screen = forms.ChoiceField(
        label=gettext_lazy("Touch screen"), choices=[("", "")] + [(name, name) for name in TOUCH_SCREENS]
    )
    screen_size = forms.CharField(
        label=gettext_lazy("Screen size in inches"),
        help_text=gettext_lazy("For example 14.0; a desktop without a screen: 0."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    model_sku = forms.CharField(
        label=gettext_lazy("Model SKU"), max_length=64, help_text=gettext_lazy("For example 20N2S00A00.")
    )


class RevertForm(forms.Form):
    """Why a build is taken back."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


@allow("build.view", houses=HOUSE)
@require_safe
def build_list(request: HttpRequest) -> HttpResponse:
    """List the partner's builds, and what still needs something."""
    builds = builds_of(partner_id_of(request))
    waiting = builds.filter(state=BuildState.NEEDS_DETAILS).count()
    return render_table(
        request, "tpr/build_list.html", {"table": BuildTable(request, builds), "waiting": waiting}
    )


@allow("build.report", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take in OA3.xml files and show the outcome of each."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/build_upload.html", {"form": form}, status=status)
    files = form.cleaned_data["files"]
    report = report_files(
        partner_id=partner_id_of(request),
        files=((file.name, file.read()) for file in files),
        file_name=files[0].name if len(files) == 1 else _("%(count)s files") % {"count": len(files)},
        by=actor_of(request),
        at=timezone.now(),
    )
    return redirect("tpr:build-upload-detail", report.pk)


@allow("build.view", houses=HOUSE)
@require_safe
def upload_detail(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Show what became of every file of an upload."""
    found = BuildUpload.objects.filter(partner_id=partner_id_of(request), pk=upload_id).first()
    if found is None:
        raise Http404
    refused = [outcome for outcome in found.outcomes if not outcome["is_accepted"]]
    accepted = [outcome for outcome in found.outcomes if outcome["is_accepted"]]
    context = {"upload": found, "refused": refused, "accepted": accepted}
    return render(request, "tpr/build_upload_detail.html", context)


@allow("build.view", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def build_detail(request: HttpRequest, build_id: UUID) -> HttpResponse:
    """Show one build; where it waits for device details, take them."""
    build = _own_build(request, build_id)
    needs_details = build.state == BuildState.NEEDS_DETAILS
    form = DetailsForm(request.POST or None, initial=_known_details(build)) if needs_details else None
    context = {"build": build, "form": form, "answer": code_text(build.ack_code)}
    if request.method != "POST" or form is None:
        return render(request, "tpr/build_detail.html", context)
    if "build.report" not in request.permissions:  # type: ignore[attr-defined]
        raise PermissionDenied(_("Your role does not include this. Ask a colleague who may do it."))
    if not form.is_valid():
        return render(request, "tpr/build_detail.html", context, status=FORM_ERROR_STATUS)
    try:
        complete_details(
            partner_id=build.partner_id,
            build_id=build.pk,
            ohr=form.cleaned_data,
            by=actor_of(request),
            at=timezone.now(),
        )
    except DetailsWrong as error:
        for problem in error.errors:
            form.add_error(problem.field if problem.field in form.fields else None, problem.message)
        return render(request, "tpr/build_detail.html", context, status=FORM_ERROR_STATUS)
    except DomainError as error:
        return render_refused(request, "tpr/build_detail.html", context, error)
    messages.success(
        request, _("The details are complete. The build goes to Microsoft with the next report.")
    )
    return redirect("tpr:build-detail", build.pk)


@allow("build.report", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def revert(request: HttpRequest, build_id: UUID) -> HttpResponse:
    """Take a build back before it is sent to Microsoft."""
    build = _own_build(request, build_id)
    form = RevertForm(request.POST or None)
    context = {"build": build, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/build_revert.html", context, status=status)
    try:
        revert_build(
            partner_id=build.partner_id,
            build_id=build.pk,
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/build_revert.html", context, error)
    messages.success(request, _("Taken back. The key is on its PC and can be reported again."))
    return redirect("tpr:key-detail", build.key.product_key_id)


def _own_build(request: HttpRequest, build_id: UUID) -> Build:
    build = builds_of(partner_id_of(request)).filter(pk=build_id).first()
    if build is None:
        raise Http404
    return build


def _known_details(build: Build) -> dict[str, str]:
    return {
        "form_factor_cl1": build.form_factor,
        "form_factor_cl2": build.form_factor_detail,
        "touch_screen": build.touch_screen,
        "screen_size": build.screen_size,
        "model_sku": build.model_sku,
    }
