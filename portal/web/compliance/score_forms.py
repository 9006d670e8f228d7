"""The forms of score models and tiers."""

import json
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.selectors.mar import mar_zone


class ScoreModelForm(forms.Form):
    """A new score model, to be published by another person."""

    version = forms.CharField(label=_("Version"), max_length=20, help_text=_("Like 2027-1."))
    pass_mark = forms.IntegerField(label=_("Pass mark"), min_value=1, max_value=100)
    valid_on = forms.DateField(
        label=_("Valid from the beginning of"),
        help_text=_("Tomorrow at the earliest: a score of the past is not rewritten."),
        widget=forms.DateInput({"type": "date"}),
    )
    is_shadow = forms.BooleanField(
        label=_("In shadow"),
        required=False,
        help_text=_("Partners see it, and it has no effect: no badge, no proposals."),
    )
    shadow_until = forms.DateField(
        label=_("Shadow ends at the beginning of"),
        required=False,
        help_text=_("Empty: until another model takes its place."),
        widget=forms.DateInput({"type": "date"}),
    )
    numbers = forms.JSONField(
        label=_("Numbers"),
        help_text=_(
            "Weights add up to 100. Costs in points; “free” and “full” per mille; times in days or minutes."
        ),
        widget=forms.Textarea({"rows": 24, "class": "mono", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Why"), max_length=300)

    def clean_numbers(self) -> dict[str, Any]:
        """Return the numbers; anything but an object is refused in words."""
        numbers = self.cleaned_data["numbers"]
        if not isinstance(numbers, dict):
            raise forms.ValidationError(_("Write an object in braces, as it is shown for the present model."))
        return numbers

    def instant_of(self, name: str) -> datetime | None:
        """Return a day of the form as the instant at which it begins in the MAR's zone."""
        day = self.cleaned_data[name]
        return datetime.combine(day, time(), tzinfo=mar_zone()) if day else None


def numbers_as_text(parameters: dict[str, Any]) -> str:
    """Return a model's numbers as they are edited."""
    return json.dumps(parameters, indent=1)


class TierDecisionForm(forms.Form):
    """Yes or no to a move, with the reason."""

    decision = forms.ChoiceField(
        label=_("Your decision"),
        choices=(("confirm", _("Confirm the move")), ("decline", _("Leave the tier as it is"))),
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The partner reads it on the page of its standing."),
        widget=forms.Textarea({"rows": 3}),
    )
