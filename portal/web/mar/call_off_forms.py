"""The forms of call-offs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import CallOff
from licensing.selectors.call_offs import deliveries_without_reference
from licensing.services.call_offs import MOST_DAYS, MOST_KEYS
from portal.plain_text import plain_text
from portal.web.mar.rules_forms import day_field


class CallOffForm(forms.Form):
    """What was called off at Microsoft."""

    reference = forms.CharField(
        label=_("Call-off reference"),
        max_length=35,
        validators=[plain_text],
        help_text=_("From your order at Microsoft. Its delivery names it, and then closes this call-off."),
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )
    quantity = forms.IntegerField(label=_("Keys called off"), min_value=1, max_value=MOST_KEYS)
    expected_on = day_field(_("Expected on"))


class TermsForm(forms.Form):
    """How a product is called off, from now on."""

    lead_time_days = forms.IntegerField(
        label=_("Lead time in days"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("From the call-off to the delivery."),
    )
    review_days = forms.IntegerField(
        label=_("Review period in days"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("From one call-off to the next."),
    )
    pack_size = forms.IntegerField(
        label=_("Pack"),
        min_value=1,
        max_value=MOST_KEYS,
        help_text=_("Keys; the quantity is a multiple of it."),
    )
    minimum = forms.IntegerField(
        label=_("Minimum"), min_value=1, max_value=MOST_KEYS, help_text=_("Keys of the smallest call-off.")
    )


class MoveForm(forms.Form):
    """The day on which the rest is expected now."""

    expected_on = day_field(_("Expected on"))


class CloseForm(forms.Form):
    """Why the rest does not come."""

    reason = forms.CharField(
        label=_("Why does the rest not come?"),
        max_length=300,
        validators=[plain_text],
        widget=forms.Textarea({"rows": 2}),
    )


class DeliveryForm(forms.Form):
    """A delivery whose file named no call-off."""

    number = forms.ChoiceField(label=_("Delivery without a reference"))

    def __init__(self, *args: Any, call_off: CallOff, **options: Any) -> None:
        super().__init__(*args, **options)
        field: forms.ChoiceField = self.fields["number"]  # type: ignore[assignment]
        field.choices = [
            (each.number, f"{each.number} ({each.quantity})")
            for each in deliveries_without_reference(call_off)[:50]
        ]
