"""The forms of pools of stock. Days are days of the MAR's zone."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from compliance.selectors.tiers import all_tiers
from licensing.models import Product
from licensing.services.pools import MOST_MOVED, PoolWish
from partners.models.application import Application
from partners.selectors.partners import partner_ids_by_code
from portal.plain_text import plain_text
from portal.web.mar.prices_forms import after, reason_field
from portal.web.mar.rules_forms import day_field, moment_of

MOST_MEMBERS = 500


class PoolForm(forms.Form):
    """A pool: which product, for whom, from when to when."""

    name = forms.CharField(
        label=_("Name"), max_length=80, validators=[plain_text], help_text=_("Like Schools of the autumn.")
    )
    code = forms.SlugField(label=_("Code"), max_length=30, help_text=_("Like SCHOOLS-Q4. It never changes."))
    product = forms.ChoiceField(label=_("Product"))
    tiers = forms.MultipleChoiceField(
        label=_("Partners of these tiers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    branches = forms.MultipleChoiceField(
        label=_("Partners who came this way"), required=False, choices=Application.Branch.choices,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    partners = forms.CharField(
        label=_("Partners by name"), required=False, max_length=10_000, validators=[plain_text],
        help_text=_("Their codes, like TPR-0007, one in each line. Who fits one of the three may draw."),
        widget=forms.Textarea({"rows": 3, "class": "mono"}),
    )  # fmt: skip
    first_on = day_field(_("First day"))
    last_on = day_field(
        _("Last day"), required=False, hint=_("From the day after, what is left is everybody’s by itself.")
    )
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, validators=[plain_text],
        widget=forms.Textarea({"rows": 2}), help_text=_("What the second person should know."),
    )  # fmt: skip

    def __init__(self, *args: Any, products: list[Product], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["product"].choices = [(str(one.pk), one.name) for one in products]  # type: ignore[attr-defined]
        self.fields["tiers"].choices = [(tier.code, tier.name) for tier in all_tiers()]  # type: ignore[attr-defined]

    def clean_partners(self) -> list[UUID]:
        """Return the named partners' ids; a code nobody has is an error that says it."""
        codes = [code.upper() for code in re.split(r"[\s,;]+", self.cleaned_data["partners"]) if code]
        if len(codes) > MOST_MEMBERS:
            raise forms.ValidationError(_now("At most %(most)s partners.") % {"most": MOST_MEMBERS})
        found = partner_ids_by_code(codes)
        unknown = [code for code in codes if code not in found]
        if unknown:
            raise forms.ValidationError(
                _now("There is no partner with this code: %(codes)s.") % {"codes": ", ".join(unknown[:5])}
            )
        return list(found.values())

    def wanted(self, *, now: datetime, zone: ZoneInfo) -> PoolWish:
        """Return the pool as it was written."""
        answers = self.cleaned_data
        return PoolWish(
            code=answers["code"],
            name=answers["name"],
            product_id=int(answers["product"]),
            valid_from=moment_of(answers["first_on"], now=now, zone=zone) or now,
            valid_before=after(answers["last_on"], zone),
            tiers=answers["tiers"],
            branches=answers["branches"],
            partner_ids=answers["partners"],
            note=answers["note"],
        )


class MoveForm(forms.Form):
    """How many keys move into a pool or out of it, and why."""

    quantity = forms.IntegerField(
        label=_("Keys"), min_value=1, max_value=MOST_MOVED,
        widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
    )  # fmt: skip
    reason = reason_field()


class WhyForm(forms.Form):
    """Why a step is taken."""

    reason = reason_field()
