"""The public application: one page, one reference, one answer by mail."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from partners.rules import countries
from partners.rules.applications import (
    MAX_VOLUME,
    OTHER_STANDARD,
    WIPING_STANDARDS,
    ApplicationFacts,
    normalise,
)
from partners.rules.vat_ids import FORMS, fits_country
from partners.services.applications import submit_application
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import public
from portal.web.throttle import Throttle

REFERENCE_IN_SESSION = "application_reference"
HOUR = 3600
throttle = Throttle("apply", limit=5, seconds=HOUR)


class ApplicationForm(forms.Form):
    """What a refurbisher says about himself."""

    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=120,
        validators=[plain_text],
        help_text=gettext_lazy("The registered name, as it stands on your invoices."),
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=lazy(lambda: [("", ""), *countries.choices()], list)(),
        widget=forms.Select({"autocomplete": "country"}),
    )
    vat_id = forms.CharField(
        label=gettext_lazy("VAT number"),
        max_length=30,
        help_text=gettext_lazy("Blanks, dots and dashes do not matter."),
        widget=forms.TextInput({"autocomplete": "off", "class": "mono", "spellcheck": "false"}),
    )
    contact_name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        validators=[plain_text],
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    contact_email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("The decision and your invitation go there."),
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
    )
    wiping_standard = forms.ChoiceField(
        label=gettext_lazy("By which standard do you wipe disks?"), choices=[("", ""), *WIPING_STANDARDS]
    )
    expected_volume = forms.IntegerField(
        label=gettext_lazy("How many PCs do you prepare a month?"),
        min_value=1,
        max_value=MAX_VOLUME,
        help_text=gettext_lazy("A rough figure will do."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Anything we should know"),
        required=False,
        max_length=2000,
        validators=[plain_text],
        widget=forms.Textarea({"rows": 4}),
    )
    # Programs fill every field; people never see this one.
    second_address = forms.CharField(
        label=gettext_lazy("Leave this field empty"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    def clean(self) -> dict[str, Any]:
        """Hold the VAT number against its country, and ask for the name of an unlisted standard."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("second_address"):
            raise forms.ValidationError(
                _("A field that people cannot see was filled. Please type it anew by hand.")
            )
        if cleaned.get("vat_id") and cleaned.get("country"):
            self._check_vat_id(cleaned)
        if cleaned.get("wiping_standard") == OTHER_STANDARD and not cleaned.get("note"):
            self.add_error("note", _("Name the standard you follow."))
        return cleaned

    def _check_vat_id(self, cleaned: dict[str, Any]) -> None:
        facts = normalise(ApplicationFacts("", cleaned["vat_id"], cleaned["country"], "", "", "", 0))
        if not fits_country(facts.vat_id, country=facts.country):
            words = {
                "country": countries.country_name(facts.country),
                "example": FORMS[facts.country].example,
            }
            self.add_error(
                "vat_id", _("A VAT number of this country (%(country)s) looks like %(example)s.") % words
            )

    def facts(self) -> ApplicationFacts:
        """Return the cleaned answers."""
        answers = {name: value for name, value in self.cleaned_data.items() if name != "second_address"}
        return ApplicationFacts(**answers)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Take an application from anyone who is not a partner yet."""
    if request.membership is not None:  # type: ignore[attr-defined]
        return render(request, "public/apply_signed_in.html")
    form = ApplicationForm(request.POST or None)
    if not form.is_valid():
        return _page(request, form, status=FORM_ERROR_STATUS if form.is_bound else 200)
    if not throttle.is_open(request.META.get("REMOTE_ADDR")):
        form.add_error(
            None, _("Several applications came from your network within an hour. Try again in an hour.")
        )
        response = _page(request, form, status=429)
        response["Retry-After"] = str(HOUR)
        return response
    application = submit_application(form.facts(), by=actor_of(request), at=timezone.now())
    request.session[REFERENCE_IN_SESSION] = [application.reference, application.contact_email]
    return redirect("apply-sent")


@public
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Show the reference of the application just sent, and what happens next."""
    remembered = request.session.get(REFERENCE_IN_SESSION)
    if not remembered:
        return redirect("apply")
    reference, email = remembered
    return render(
        request, "public/apply_sent.html", {"reference": reference, "email": email, "steps": _steps()}
    )


def _page(request: HttpRequest, form: ApplicationForm, *, status: int) -> HttpResponse:
    return render(request, "public/apply.html", {"form": form}, status=status)


def _steps() -> list[dict[str, str]]:
    return [
        {"label": _("Sent"), "state": "done", "text": _("You have our mail with the reference.")},
        {
            "label": _("Checked"),
            "state": "current",
            "text": _("A person checks your company and your VAT number."),
        },
        {
            "label": _("Decided"),
            "state": "todo",
            "text": _("A second person decides. You get a mail in any case."),
        },
        {
            "label": _("Your start"),
            "state": "todo",
            "text": _("The mail holds your invitation: set a password, go."),
        },
    ]
