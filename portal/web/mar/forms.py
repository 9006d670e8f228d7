"""The forms of applications and partners."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models.catalogue import LicenceFamily
from portal.plain_text import plain_text

MAX_CREDIT = Decimal("9999999.99")
MAX_MONTHLY_QUANTITY = 1_000_000
DEFAULT_CREDIT = Decimal("5000.00")


class ApprovalForm(forms.Form):
    """How much and what the new partner may order."""

    credit_limit = forms.DecimalField(
        label=_("Credit limit"),
        min_value=Decimal(0),
        max_value=MAX_CREDIT,
        decimal_places=2,
        initial=DEFAULT_CREDIT,
        help_text=_("In the currency of the prices. The partner may owe this much before orders stop."),
        widget=forms.NumberInput({"inputmode": "decimal"}),
    )
    monthly_quantity = forms.IntegerField(
        label=_("Licences a month"),
        min_value=1,
        max_value=MAX_MONTHLY_QUANTITY,
        help_text=_("Suggested: twice the expected volume."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    families = forms.MultipleChoiceField(
        label=_("Licence families"),
        choices=LicenceFamily.choices,
        initial=[LicenceFamily.COMMERCIAL.value],
        help_text=_("Citizenship orders also need an approved recipient each."),
        widget=forms.CheckboxSelectMultiple,
    )


class RecallForm(forms.Form):
    """Why a key is called back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        validators=[plain_text],
        help_text=_("Stays in the record of this key. Never write the key itself."),
        widget=forms.Textarea({"rows": 3}),
    )


class ReasonForm(forms.Form):
    """Why a partner's state changes."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The partner’s owners read these words in the mail."),
        widget=forms.Textarea({"rows": 3}),
    )
