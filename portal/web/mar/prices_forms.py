"""The forms of price books, places on them and discounts. Days are days of the MAR's zone."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import PriceBook, Product
from licensing.rules.price_checks import LARGEST
from licensing.services.price_agreements import LARGEST_QUANTITY, NewDeviation, NewPricing
from licensing.services.price_books import LARGEST_THRESHOLD, NewBook, NewPrice
from partners.models import Partner
from portal.plain_text import plain_text
from portal.web.mar.rules_forms import day_field, moment_of


def reason_field() -> forms.CharField:
    """Return a field for why, which stays on record."""
    return forms.CharField(
        label=_("Reason"), max_length=300, validators=[plain_text], widget=forms.Textarea({"rows": 3})
    )


def amount_field(label: Any, hint: Any = "") -> forms.DecimalField:
    """Return a field for a net price of one licence."""
    return forms.DecimalField(
        label=label, min_value=Decimal(0), max_value=LARGEST, decimal_places=2, help_text=hint,
        widget=forms.NumberInput({"inputmode": "decimal", "step": "0.01", "class": "input-short"}),
    )  # fmt: skip


def after(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the instant after the last day that is still included."""
    return datetime.combine(day + timedelta(days=1), time(), zone) if day else None


class BookForm(forms.Form):
    """A new price book."""

    code = forms.SlugField(label=_("Code"), max_length=30, help_text=_("Like EX-RRP. It never changes."))
    name = forms.CharField(label=_("Name"), max_length=80, validators=[plain_text])
    route = forms.ChoiceField(
        label=_("For"), choices=PriceBook.Route.choices,
        help_text=_("A group’s, a charity’s and the internal book are read by the partners who are on them alone."),
    )  # fmt: skip
    tier = forms.SlugField(
        label=_("Tier"), max_length=20, required=False, help_text=_("Of a tier’s book: its code, like gold.")
    )
    currency = forms.RegexField(r"^[A-Z]{3}$", label=_("Currency"), max_length=3, initial="EUR")
    last_on = day_field(_("Last day"), required=False, hint=_("Left empty, the book has no end."))

    def wanted(self, zone: ZoneInfo) -> NewBook:
        """Return the book as it was written."""
        answers = self.cleaned_data
        return NewBook(
            answers["code"], answers["name"], answers["route"], answers["currency"], answers["tier"],
            after(answers["last_on"], zone),
        )  # fmt: skip


class PriceForm(forms.Form):
    """A price of a product in a book."""

    product = forms.ChoiceField(label=_("Product"))
    amount = amount_field(_("Price, net"), _("For one licence."))
    min_quantity = forms.IntegerField(
        label=_("From licences a year"), min_value=1, max_value=LARGEST_THRESHOLD, initial=1,
        help_text=_("1 is the plain price. Counted is what a partner orders by this book in the calendar year."),
        widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
    )  # fmt: skip
    valid_on = day_field(
        _("Valid from"), hint=_("Tomorrow at the earliest; a dearer price needs the notice the MAR gives.")
    )

    def __init__(self, *args: Any, products: list[Product], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["product"].choices = [(str(one.pk), one.name) for one in products]  # type: ignore[attr-defined]

    def wanted(self, book_id: int, zone: ZoneInfo) -> NewPrice:
        """Return the price as it was written, from the beginning of its day."""
        answers = self.cleaned_data
        begins = datetime.combine(answers["valid_on"], time(), zone)
        return NewPrice(book_id, int(answers["product"]), answers["amount"], begins, answers["min_quantity"])


class _PartnerForm(forms.Form):
    """A form about one partner."""

    partner = forms.ChoiceField(label=_("Partner"))

    def __init__(self, *args: Any, partners: list[Partner], **options: Any) -> None:
        super().__init__(*args, **options)
        named = [(str(one.pk), f"{one.name} ({one.code})") for one in partners]
        self.fields["partner"].choices = [("", _("Choose one")), *named]  # type: ignore[attr-defined]


class PricingForm(_PartnerForm):
    """A partner's place on a book."""

    book = forms.ChoiceField(label=_("Price book"))
    valid_on = day_field(_("First day"))
    last_on = day_field(
        _("Last day"), required=False, hint=_("From the day after, the standard book applies by itself.")
    )
    reason = reason_field()

    def __init__(self, *args: Any, books: list[PriceBook], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["book"].choices = [(str(one.pk), one.name) for one in books]  # type: ignore[attr-defined]

    def wanted(self, *, now: datetime, zone: ZoneInfo) -> NewPricing:
        """Return the place as it was written."""
        answers = self.cleaned_data
        begins = moment_of(answers["valid_on"], now=now, zone=zone) or now
        return NewPricing(
            UUID(answers["partner"]),
            int(answers["book"]),
            begins,
            after(answers["last_on"], zone),
            answers["reason"],
        )


class DeviationForm(_PartnerForm):
    """A manual discount."""

    product = forms.ChoiceField(label=_("Product"))
    amount = amount_field(_("Price, net"), _("For one licence, instead of what the partner pays."))
    quantity = forms.IntegerField(
        label=_("For how many licences"), min_value=1, max_value=LARGEST_QUANTITY,
        help_text=_("In all. An order that is larger than what is left pays the book’s price."),
        widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
    )  # fmt: skip
    valid_on = day_field(_("First day"))
    last_on = day_field(_("Last day"))
    reason = reason_field()

    def __init__(self, *args: Any, products: list[Product], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["product"].choices = [(str(one.pk), one.name) for one in products]  # type: ignore[attr-defined]

    def wanted(self, *, now: datetime, zone: ZoneInfo) -> NewDeviation:
        """Return the discount as it was written."""
        answers = self.cleaned_data
        begins = moment_of(answers["valid_on"], now=now, zone=zone) or now
        ends = after(answers["last_on"], zone) or now
        return NewDeviation(
            UUID(answers["partner"]), int(answers["product"]), answers["amount"], answers["quantity"], begins, ends,
            answers["reason"],
        )  # fmt: skip
