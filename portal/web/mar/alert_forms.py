"""The form of a product's threshold."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import StockThreshold
from licensing.selectors.stock_alerts import house_members
from licensing.services.stock_alerts import NewThreshold
from partners.models.membership import Role

MAR_ROLES = [(role.value, role.label) for role in Role if role.value.startswith("mar_")]
MOST = 1_000_000


class ThresholdForm(forms.Form):
    """From when on a product is low, and who hears of it."""

    measure = forms.ChoiceField(
        label=_("What is measured"), choices=StockThreshold.Measure.choices, widget=forms.RadioSelect
    )
    below = forms.IntegerField(
        label=_("Low below"),
        min_value=1,
        max_value=MOST,
        help_text=_("Keys or days. Days of cover come from the forecast; keys need none."),
    )
    margin_percent = forms.IntegerField(
        label=_("Margin in percent"),
        min_value=0,
        max_value=200,
        initial=10,
        help_text=_("The alarm ends this far above the threshold, so that it does not flutter."),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles that are told"),
        choices=MAR_ROLES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    people = forms.MultipleChoiceField(
        label=_("People told by name"), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_on = forms.BooleanField(label=_("Watch this product"), required=False, initial=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: forms.MultipleChoiceField = self.fields["people"]  # type: ignore[assignment]
        field.choices = [
            (str(member.user_id), f"{member.user.name}, {Role(member.role).label}")
            for member in house_members()
        ]

    def wanted(self) -> NewThreshold:
        """Return the threshold as the service takes it."""
        return NewThreshold(**self.cleaned_data)


def initial_of(threshold: StockThreshold | None) -> dict[str, Any]:
    """Return what the form begins with."""
    if threshold is None:
        return {"measure": StockThreshold.Measure.DAYS.value, "below": 14, "roles": [Role.MAR_STOCK.value]}
    names = ("measure", "below", "margin_percent", "roles", "people", "is_on")
    return {name: getattr(threshold, name) for name in names}
