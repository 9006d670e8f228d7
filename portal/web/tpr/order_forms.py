"""The forms of an order: what to order, and why to cancel."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import Lane
from licensing.rules.ordering import MAX_QUANTITY
from licensing.services.orders import OrderRequest
from partners.models import Recipient
from portal.forms import IdempotencyField, PresetChoiceField
from portal.plain_text import plain_text
from portal.web.required_fields import PREFIX, add_fields, details_of


class OrderForm(forms.Form):
    """How many, the buyer's own reference, and what the product asks for by its schema."""

    quantity = forms.IntegerField(
        label=gettext_lazy("How many licences?"),
        min_value=1,
        max_value=MAX_QUANTITY,
        initial=1,
        error_messages={
            "min_value": gettext_lazy("One licence is the least."),
            "max_value": gettext_lazy(
                "That is more than one order may hold. Place a second order for the rest."
            ),
        },
        help_text=gettext_lazy("From one up. The keys are yours the moment you order."),
        widget=forms.NumberInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "input-short"}
        ),
    )
    reference = forms.CharField(
        label=gettext_lazy("Your reference"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Shown on the order and the statement. For example your own order number."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shortage = PresetChoiceField(
        label=gettext_lazy("If there are not enough keys in stock"),
        choices=[
            ("refuse", gettext_lazy("Do not order")),
            ("queue", gettext_lazy("Wait in the queue until all are there")),
            ("split", gettext_lazy("Take what is there now, queue the rest")),
        ],
        initial="refuse",
        required=False,
        widget=forms.RadioSelect,
    )
    lane = PresetChoiceField(
        label=gettext_lazy("How it is decided"),
        choices=[
            ("", gettext_lazy("As recommended")),
            (Lane.STANDARD.value, gettext_lazy("Standard: at once, no person")),
            (
                Lane.SPECIAL.value,
                gettext_lazy("Special: a person of the MAR decides, for example about an exception"),
            ),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    wish = forms.CharField(
        label=gettext_lazy("What the MAR should know"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Only if a person decides: why so many, for whom, until when."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    token = IdempotencyField()

    def __init__(
        self,
        *args: Any,
        schema: Mapping[str, Any] | None = None,
        is_asked: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.schema, self.is_asked, self.details = schema or {}, is_asked, dict[str, Any]()
        add_fields(self, self.schema)
        asked = [name for name in self.fields if name.startswith(PREFIX)]
        self.order_fields(["recipient", "quantity", *asked, "reference"])

    def clean(self) -> None:
        """Take the details; before anything is asked their absence is no error."""
        self.details = details_of(self, self.schema)
        if not self.is_asked:
            for name in [name for name in self.errors if name.startswith(PREFIX)]:
                del self.errors[name]

    def request_for(self, product_id: int) -> OrderRequest:
        """Return what the buyer asks for."""
        asked = self.cleaned_data
        return OrderRequest(
            product_id,
            asked["quantity"],
            asked["reference"],
            recipient_id=asked.get("recipient"),
            lane=asked["lane"],
            wish=asked["wish"],
            may_queue=asked["shortage"] == "queue",
            may_split=asked["shortage"] == "split",
            details=self.details,
        )


class RecipientField(forms.TypedChoiceField):
    """One of the own recipients. It is needed, but its absence is said by the order's gate, with the way out."""

    def validate(self, value: Any) -> None:
        """Let an empty choice pass on to the gate."""
        if value not in self.empty_values:
            super().validate(value)


class CitizenshipOrderForm(OrderForm):
    """The same with the recipient, whom a Citizenship licence needs."""

    recipient = RecipientField(
        label=gettext_lazy("For which recipient?"),
        coerce=UUID,
        empty_value=None,
        help_text=gettext_lazy("Your approved recipients that may receive this product."),
    )

    def __init__(self, *args: Any, recipients: list[Recipient], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["recipient"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = [("", _("Choose one"))] + [
            (str(each.pk), f"{each.name}, {each.town}") for each in recipients
        ]


class CancelForm(forms.Form):
    """Why an order is cancelled."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For your own record."),
        validators=[plain_text],
    )
