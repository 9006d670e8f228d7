"""The helper "which licence?": six questions in a form whose address can be sent on, for visitors and partners."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from licensing.rules.chooser import ANYONE, HARDWARE, LABELS, USES, Answers, choose
from licensing.selectors.chooser import offers_at, receivers_at
from licensing.selectors.programme_rules import rules_at
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow, public


class ChooserForm(forms.Form):
    """The six questions."""

    use_required_attribute = False
    hardware = forms.ChoiceField(
        label=gettext_lazy("1. Which PC is it?"), choices=HARDWARE, widget=forms.RadioSelect
    )
    months = forms.IntegerField(
        label=gettext_lazy("2. For how many months was it in use?"), min_value=0, max_value=600,
        widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short", "autocomplete": "off"}),
    )  # fmt: skip
    label = forms.ChoiceField(
        label=gettext_lazy("3. Does it show an earlier Windows licence?"), choices=LABELS, widget=forms.RadioSelect,
        help_text=gettext_lazy("The label of its first maker, or of an earlier refurbisher."),
    )  # fmt: skip
    receiver = forms.ChoiceField(label=gettext_lazy("4. Who receives it?"), widget=forms.RadioSelect)
    use = forms.ChoiceField(label=gettext_lazy("5. What is it for?"), choices=USES, widget=forms.RadioSelect)
    quantity = forms.IntegerField(
        label=gettext_lazy("6. How many like this?"), min_value=1, max_value=100_000, initial=1,
        widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, receivers: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["receiver"].choices = receivers  # type: ignore[attr-defined]


@public
@require_safe
def choose_in_public(request: HttpRequest) -> HttpResponse:
    """Say which licence fits, without signing in: no price, no partner."""
    return _page(request, "public/choose.html")


@allow("catalogue.view", houses=("tpr",))
@require_safe
def choose_as_partner(request: HttpRequest) -> HttpResponse:
    """Say which licence fits, with the way to its order."""
    return _page(request, "tpr/choose.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    now = timezone.now()
    classes = receivers_at(now)
    names = [
        (ANYONE, _("Anyone: a shop’s customer, a company, a private person")),
        *((one.code, one.name) for one in classes),
    ]
    form = ChooserForm(request.GET or None, receivers=names)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context |= _answer(form, now)
    return render(
        request, template, context, status=FORM_ERROR_STATUS if form.is_bound and form.errors else 200
    )


def _answer(form: ChooserForm, now: datetime) -> dict[str, Any]:
    answers = Answers(**{name: form.cleaned_data[name] for name in form.fields})
    choice = choose(answers, offers_at(now), receivers_at(now), rules_at(now))
    return {
        "choice": choice,
        "reasons": [
            {
                "text": one.text,
                "rule": one.rule,
                "version": one.version,
            }
            for one in choice.reasons
        ],
    }
