"""The forms of an estimate: what it is about, and what its products ask for when it is ordered."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import Product
from licensing.selectors.catalogue import CatalogueItem
from portal.forms import OneOfManyField
from portal.web.required_fields import PREFIX, add_fields, details_of

MOST = 100_000


class EstimateForm(forms.Form):
    """How many of each product; an empty field leaves it out."""

    reference = forms.CharField(label=gettext_lazy("Your reference"), max_length=60, required=False)

    def __init__(self, *args: Any, items: list[CatalogueItem], **options: Any) -> None:
        super().__init__(*args, **options)
        self.items = items
        for item in items:
            self.fields[f"product-{item.product.pk}"] = OneOfManyField(
                label=item.product.name,
                required=False,
                min_value=1,
                max_value=MOST,
                widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
            )

    def clean(self) -> None:
        """Ask for at least one product."""
        if not self.errors and not self.lines():
            raise forms.ValidationError(_("Give a quantity for at least one product."))

    def lines(self) -> list[tuple[str, int]]:
        """Return code and quantity of each product that was asked for."""
        asked = [(item.product, self.cleaned_data[f"product-{item.product.pk}"]) for item in self.items]
        return [(product.code, quantity) for product, quantity in asked if quantity]


class EstimateOrderForm(forms.Form):
    """What the estimate's products ask for by their schemas, each field with its product's name."""

    def __init__(
        self, *args: Any, asking: Sequence[tuple[Product, Mapping[str, Any]]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.asking = asking
        self.details: dict[str, dict[str, Any]] = {}
        for product, schema in asking:
            before = set(self.fields)
            add_fields(self, schema, prefix=_prefix(product))
            for name in self.fields.keys() - before:
                field = self.fields[name]
                field.label = _("%(product)s: %(label)s") % {"product": product.name, "label": field.label}

    def clean(self) -> None:
        """Take the details of each product, by its code."""
        given = {
            product.code: details_of(self, schema, prefix=_prefix(product)) for product, schema in self.asking
        }
        self.details = {code: details for code, details in given.items() if details}


def _prefix(product: Product) -> str:
    return f"{PREFIX}{product.pk}_"
