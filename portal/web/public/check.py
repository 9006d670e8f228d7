"""The checker: six answers, one verdict, and the application filled as far as they go."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from partners.rules import countries, eligibility
from partners.rules.eligibility import ELSEWHERE, Answers, Outcome, judge
from portal.forms import FORM_ERROR_STATUS
from portal.policy import public

KEPT = "checker"
FAMILIES = {
    "commercial": (
        gettext_lazy("Commercial"),
        gettext_lazy("Windows Home or Pro for any buyer: shops, companies, people at home."),
    ),
    "citizenship": (
        gettext_lazy("Citizenship"),
        gettext_lazy("Windows Pro for schools, charities and approved programmes, with a record of who receives each."),
    ),
}  # fmt: skip


def _country_choices() -> list[tuple[str, str]]:
    return [("", ""), *countries.choices(), ("CN", _("China")), (ELSEWHERE, _("Another country"))]


class CheckForm(forms.Form):
    """The six questions."""

    use_required_attribute = False
    activity = forms.ChoiceField(
        label=gettext_lazy("1. What do you do?"), choices=eligibility.ACTIVITIES, widget=forms.RadioSelect
    )
    country = forms.ChoiceField(
        label=gettext_lazy("2. In which country is your company?"), choices=lazy(_country_choices, list)()
    )
    volume = forms.ChoiceField(
        label=gettext_lazy("3. How many PCs do you prepare a month?"),
        choices=eligibility.VOLUMES,
        widget=forms.RadioSelect,
    )
    receivers = forms.MultipleChoiceField(
        label=gettext_lazy("4. Who receives them?"),
        choices=eligibility.RECEIVERS,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Choose all that fit."),
    )
    wiping = forms.ChoiceField(
        label=gettext_lazy("5. How do you wipe disks?"), choices=eligibility.WIPING, widget=forms.RadioSelect
    )
    devices = forms.ChoiceField(
        label=gettext_lazy("6. Which PCs are they?"), choices=eligibility.DEVICES, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # A buyer is told at once where to go: the rest is not for him.
        if self.data.get("activity") == "buyer":
            for name in ("country", "volume", "receivers", "wiping", "devices"):
                self.fields[name].required = False

    def answers(self) -> Answers:
        """Return the answers for the rules."""
        given = self.cleaned_data
        return Answers(
            activity=given["activity"],
            country=given["country"] or ELSEWHERE,
            volume=int(given["volume"] or 0),
            receivers=frozenset(given["receivers"]),
            wiping=given["wiping"],
            devices=given["devices"],
        )


@public
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Ask the six questions and lead to the verdict."""
    form = (
        CheckForm(request.POST) if request.method == "POST" else CheckForm(initial=request.session.get(KEPT))
    )
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "public/check.html", {"form": form}, status=status)
    request.session[KEPT] = form.answers().kept()
    return redirect("check-result")


@public
@require_safe
def result(request: HttpRequest) -> HttpResponse:
    """Say yes, no or ask us, why, which licences fit, and what to have at hand."""
    kept = checker_answers(request)
    if kept is None:
        return redirect("check")
    verdict = judge(Answers.of(kept), on=timezone.localdate())
    context = {
        "verdict": verdict,
        "is_yes": verdict.outcome == Outcome.YES,
        "is_ask": verdict.outcome == Outcome.ASK,
        "families": [FAMILIES[family] for family in verdict.families],
    }
    return render(request, "public/check_result.html", context)


def checker_answers(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was answered in this browser, None without a check."""
    kept: dict[str, Any] | None = request.session.get(KEPT)
    return kept


def start_values(request: HttpRequest) -> dict[str, str]:
    """Return the start form's values that the checker knows already."""
    kept = checker_answers(request) or {}
    values = {"branch": "new"}
    if kept.get("activity") in {"shop", "itad", "charity", "school", "broker"}:
        values["kind"] = kept["activity"]
    if kept.get("country") in countries.NAMES:
        values["country"] = kept["country"]
    return values
