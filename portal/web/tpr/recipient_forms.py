"""The forms about recipients and quota exceptions, as a partner fills them in."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import Product
from licensing.services.quota import MAX_QUANTITY
from partners.models import Recipient, RecipientClass
from partners.rules import recipients as rules
from partners.rules.countries import choices as country_choices
from partners.services.recipients import RecipientFacts
from portal.documents import DocumentField
from portal.no_person import no_person, no_person_in_number
from portal.plain_text import plain_text

TEXT = forms.TextInput({"autocomplete": "off"})


class RecipientForm(forms.Form):
    """An organisation, of one class. Whoever it is for, no person is asked about."""

    name = forms.CharField(
        label=gettext_lazy("Name of the organisation"), max_length=120, validators=[plain_text, no_person],
        help_text=gettext_lazy("As on its letterhead. For example: Grundschule Am Park."), widget=TEXT,
    )  # fmt: skip
    register_id = forms.CharField(
        label=gettext_lazy("Register or organisation number"), max_length=40, required=False,
        validators=[plain_text, no_person_in_number],
        help_text=gettext_lazy("Of the association, charities’ or schools’ register. For example: VR 12345."),
        widget=TEXT,
    )  # fmt: skip
    country = forms.ChoiceField(label=gettext_lazy("Country"))
    town = forms.CharField(
        label=gettext_lazy("Town"), max_length=80, validators=[plain_text, no_person], widget=TEXT
    )
    website = forms.URLField(
        label=gettext_lazy("Web site"), required=False, max_length=200, assume_scheme="https",
        validators=[no_person], widget=forms.URLInput({"autocomplete": "off"}),
    )  # fmt: skip
    size = forms.ChoiceField(
        label=gettext_lazy("Size"), choices=Recipient.Size.choices,
        help_text=gettext_lazy("How many places for a PC it has, roughly."),
    )  # fmt: skip
    purpose = forms.CharField(
        label=gettext_lazy("What does it do?"), max_length=300, required=False, validators=[plain_text, no_person],
        help_text=gettext_lazy("One sentence about the organisation, without names of people."), widget=TEXT,
    )  # fmt: skip
    criteria = forms.MultipleChoiceField(
        label=gettext_lazy("Whom does the programme reach?"), choices=list(rules.TAP_CRITERIA.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Only these marks are kept, never who the people are."),
    )  # fmt: skip
    programme_page = forms.URLField(
        label=gettext_lazy("Page of the programme"), required=False, assume_scheme="https", validators=[no_person],
        widget=forms.URLInput({"autocomplete": "off"}),
    )  # fmt: skip
    programme_criteria = forms.CharField(
        label=gettext_lazy("How does the programme choose?"), max_length=600, required=False,
        validators=[plain_text, no_person], widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The criteria in your words. No names, no single cases."),
    )  # fmt: skip

    def __init__(self, *args: Any, group: RecipientClass, **options: Any) -> None:
        super().__init__(*args, **options)
        self.group = group
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        country.choices = country_choices()
        if group.code != rules.TAP:
            for name in ("criteria", "programme_page", "programme_criteria"):
                del self.fields[name]

    def facts(self) -> RecipientFacts:
        """Return what was filled in, as the service takes it."""
        given = self.cleaned_data
        return RecipientFacts(
            class_code=self.group.code,
            name=given["name"],
            register_id=given["register_id"],
            country=given["country"],
            town=given["town"],
            website=given["website"],
            size=given["size"],
            purpose=given["purpose"],
            criteria=tuple(given.get("criteria", ())),
            programme_page=given.get("programme_page", ""),
            programme_criteria=given.get("programme_criteria", ""),
        )


class EvidenceForm(forms.Form):
    """One paper about the organisation."""

    kind = forms.ChoiceField(label=gettext_lazy("What does it show?"))
    file = DocumentField(label=gettext_lazy("File"))
    expires_on = forms.DateField(
        label=gettext_lazy("Valid until"), required=False,
        help_text=gettext_lazy("As it stands on the paper; empty when no day is named."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}),
    )  # fmt: skip

    def __init__(self, *args: Any, group: RecipientClass | None, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = group.evidence if group else list(rules.EVIDENCE_KINDS)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        kind.choices = [(code, str(rules.EVIDENCE_KINDS.get(code, code))) for code in kinds]

    def clean_file(self) -> Any:
        """Refuse a file named after a person."""
        file = self.cleaned_data["file"]
        if file is not None:
            no_person(file.name or "")
        return file


class ExceptionForm(forms.Form):
    """A wish for more than the month's quota, with the fields Microsoft asks for."""

    product = forms.ChoiceField(label=gettext_lazy("Product"))
    recipient = forms.ChoiceField(
        label=gettext_lazy("Recipient"), help_text=gettext_lazy("The organisation behind the extra need.")
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("How many beyond the quota?"), min_value=1, max_value=MAX_QUANTITY,
        widget=forms.NumberInput({"inputmode": "numeric", "autocomplete": "off", "class": "input-short"}),
    )  # fmt: skip
    period_start = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput({"type": "date", "class": "input-short"})
    )
    period_end = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput({"type": "date", "class": "input-short"}),
        help_text=gettext_lazy("On or after the first."),
    )  # fmt: skip
    justification = forms.CharField(
        label=gettext_lazy("Why?"), min_length=20, max_length=2000, validators=[plain_text, no_person],
        help_text=gettext_lazy("The deal, the organisation and why it may receive. Without names of people."),
        widget=forms.Textarea({"rows": 4}),
    )  # fmt: skip
    letter = DocumentField(
        label=gettext_lazy("Letter of the organisation"),
        help_text=gettext_lazy(
            "On its letterhead, explaining the extra need. PDF, JPEG, PNG or HEIC, up to 15 MB."
        ),
    )

    def __init__(
        self, *args: Any, products: list[Product], recipients: list[Recipient], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        for name, found in (("product", products), ("recipient", recipients)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
            field.choices = [("", _("Choose one")), *((str(each.pk), each.name) for each in found)]

    def clean(self) -> dict[str, Any]:
        """Hold the two days together."""
        given = super().clean() or {}
        first, last = given.get("period_start"), given.get("period_end")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("period_end", _("The last day lies on or after the first."))
        return given

    def clean_letter(self) -> Any:
        """Refuse a file named after a person."""
        letter = self.cleaned_data["letter"]
        if letter is not None:
            no_person(letter.name or "")
        return letter
