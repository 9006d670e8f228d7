"""The form fields of what a product asks for, made from the same schema by which the API checks."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from licensing.rules.required_fields import RequiredField, check_fields, fields_of

PREFIX = "details_"


def add_fields(form: forms.Form, schema: Mapping[str, Any], *, prefix: str = PREFIX) -> None:
    """Add a schema's fields to a form, under names that begin with the prefix."""
    for field in fields_of(schema):
        form.fields[prefix + field.name] = _form_field(field, get_language() or "en")


def details_of(form: forms.Form, schema: Mapping[str, Any], *, prefix: str = PREFIX) -> dict[str, Any]:
    """Return the details as the API would send them, and put what is wrong with them at its field.

    Called from the form's ``clean``, after the fields themselves.
    """
    given = {
        field.name: _plain(form.cleaned_data[prefix + field.name])
        for field in fields_of(schema)
        if form.cleaned_data.get(prefix + field.name) not in (None, "")
    }
    for problem in check_fields(schema, given):
        if prefix + problem.name not in form.errors:
            form.add_error(prefix + problem.name if problem.name else None, problem.what)
    return given


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _form_field(field: RequiredField, language: str) -> forms.Field:
    label, required = field.label(language), field.is_required
    match field.kind:
        case "flag":
            return forms.TypedChoiceField(
                label=label, required=required, coerce=lambda value: value == "yes", empty_value=None,
                choices=[("", _("Choose one")), ("yes", _("Yes")), ("no", _("No"))],
            )  # fmt: skip
        case "number":
            return forms.IntegerField(
                label=label, required=required, min_value=field.least, max_value=field.most,
                widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short", "autocomplete": "off"}),
            )  # fmt: skip
        case "choice":
            choices = [("", _("Choose one")), *((one, one) for one in field.choices)]
            return forms.ChoiceField(label=label, required=required, choices=choices)
        case "day":
            widget = forms.DateInput({"type": "date", "class": "input-short"}, format="%Y-%m-%d")
            return forms.DateField(label=label, required=required, widget=widget)
    return forms.CharField(
        label=label, required=required, min_length=field.least, max_length=field.most,
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
