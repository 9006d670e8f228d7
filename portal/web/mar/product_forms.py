"""The form of a product: who it is, what it runs on, where it goes, and what each order line must say."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from licensing.models import LicenceFamily, Product
from licensing.models.product_version import ProductVersion
from licensing.rules.hardware import FLAGS, NUMBERS
from licensing.services.products import WrittenProduct
from partners.rules.countries import choices as country_choices
from portal.web.mar.rules_forms import day_field

IDENTITY = ("code", "name", "lpn", "family", "edition", "generation", "who_may_receive")
EXAMPLE = (
    '{"type": "object", "additionalProperties": false, "required": ["certificate"],\n'
    ' "properties": {"certificate": {"type": "string", "minLength": 1, "maxLength": 40,\n'
    '   "x-labels": {"en": "Wipe certificate", "de": "Löschzertifikat"}}}}'
)


class ProductForm(forms.Form):
    """A new product, or a product's next version: then without its identity."""

    code = forms.CharField(
        label=_("Code"), max_length=30, help_text=_("Like WIN11-PRO-REF-COM. It never changes.")
    )
    name = forms.CharField(label=_("Name"), max_length=80)
    lpn = forms.CharField(label=_("Licensable part number"), max_length=16, help_text=_("Like FQC-10572."))
    family = forms.ChoiceField(label=_("Family"), choices=LicenceFamily.choices)
    edition = forms.CharField(label=_("Edition"), max_length=20, help_text=_("Like Pro."))
    generation = forms.CharField(label=_("Generation"), max_length=20, help_text=_("Like Windows 11."))
    who_may_receive = forms.CharField(label=_("Who may receive it"), max_length=200, required=False)
    begins_on = day_field(
        _("In force from"), hint=_("A new product is on sale from this day, in your time zone.")
    )
    begins_at = forms.TimeField(
        label=_("Time"), initial="00:00", widget=forms.TimeInput({"type": "time", "class": "input-short"})
    )
    languages = forms.CharField(
        label=_("Languages"), required=False, max_length=200,
        help_text=_("Two letters each, with commas. Empty: every language."),
    )  # fmt: skip
    countries = forms.MultipleChoiceField(
        label=_("Countries"), required=False, choices=country_choices, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: everywhere."),
    )  # fmt: skip
    pairs_with = forms.ModelChoiceField(
        label=_("Only beside"), queryset=Product.objects.none(), required=False, empty_label=_("Stands alone"),
        help_text=_("Like Office, which needs a Windows licence of the same month."),
    )  # fmt: skip
    required_fields = forms.CharField(
        label=_("What each order line must say"), required=False, max_length=8_000,
        widget=forms.Textarea({"rows": 8, "class": "mono", "spellcheck": "false"}),
        help_text=_("A JSON Schema of one flat object. Empty: nothing. The catalogue by API shows it."),
    )  # fmt: skip

    def __init__(self, *args: Any, product: Product | None, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product = product
        if product is not None:
            for name in IDENTITY:
                del self.fields[name]
        for name, (label, most) in NUMBERS.items():
            self.fields[name] = forms.IntegerField(
                label=label, min_value=1, max_value=most, required=False,
                widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
            )  # fmt: skip
        for name, label in FLAGS.items():
            self.fields[name] = forms.BooleanField(label=label, required=False)
        self.fields["pairs_with"].queryset = products  # type: ignore[attr-defined]

    def clean_required_fields(self) -> dict[str, Any]:
        """Read the schema; what it may say is checked by the service."""
        text = str(self.cleaned_data["required_fields"]).strip()
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError(_("This is no JSON object. Compare it with the example."))
        return found

    def written_product(self, zone: ZoneInfo) -> WrittenProduct:
        """Return the version as it was written."""
        answers = self.cleaned_data
        beside = answers["pairs_with"]
        return WrittenProduct(
            valid_from=datetime.combine(answers["begins_on"], answers["begins_at"], zone),
            product_id=self.product.pk if self.product else None,
            identity={} if self.product else {name: answers[name].strip() for name in IDENTITY},
            languages=[one.strip() for one in answers["languages"].split(",") if one.strip()],
            countries=sorted(answers["countries"]),
            min_hardware={name: answers[name] for name in (*NUMBERS, *FLAGS) if answers[name]},
            pairs_with_id=beside.pk if beside else None,
            required_fields=answers["required_fields"],
        )

    def take_faults(self, error: DomainError) -> bool:
        """Put what the service found wrong at its field; False when it found something else."""
        faults = [refusal for refusal in error.refusals if refusal.rule == "P-PROD-1"]
        for refusal in faults:
            name = str(refusal.facts.get("field", ""))
            self.add_error(name if name in self.fields else None, refusal.what)
        return bool(faults)


def initial_of(version: ProductVersion | None) -> dict[str, Any]:
    """Return the form's first values from a product's last version."""
    if version is None:
        return {}
    return {
        "languages": ", ".join(version.languages),
        "countries": version.countries,
        "pairs_with": version.pairs_with_id,
        "required_fields": json.dumps(version.required_fields, ensure_ascii=False, indent=1)
        if version.required_fields
        else "",
        **version.min_hardware,
    }
