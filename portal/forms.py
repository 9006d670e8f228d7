"""How every form is drawn: summary of errors, label above, hint, error, then the field.

Settings name PortalFormRenderer as FORM_RENDERER (and install "django.forms", whose widgets it
uses), so `{{ form }}` is the whole body of a form anywhere, allauth's pages included.
"""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

# A page answers a form with errors by this status; htmx may swap it (see base.html).
FORM_ERROR_STATUS = 422


class PortalFormRenderer(TemplatesSetting):
    """Draw forms and fields by the templates of the portal."""

    form_template_name = "components/form_body.html"
    field_template_name = "components/field.html"


class IdempotencyField(forms.UUIDField):
    """A hidden token rendered once into a form: sending the form twice has one effect.

    The view hands the cleaned value to the service as its idempotency key.
    """

    widget = forms.HiddenInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("initial", uuid.uuid4)
        super().__init__(**options)


class PresetChoiceField(forms.ChoiceField):
    """A choice that is made already and may be left out of a post: to the eye it is not optional."""

    says_optional = False


class OneOfManyField(forms.IntegerField):
    """A quantity beside others, of which one at least is given: none is called optional by itself."""

    says_optional = False


class UploadInput(forms.ClearableFileInput):
    """A file field shown as a drop zone; without JavaScript it is a plain file button."""

    template_name = "components/upload.html"

    def __init__(self, accept: str = "", multiple: bool = False, attrs: dict[str, Any] | None = None) -> None:
        self.allow_multiple_selected = multiple  # Django hands over a list when it is set
        super().__init__(attrs={"accept": accept, "multiple": multiple, **(attrs or {})})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if self.attrs.get("multiple") and hasattr(files, "getlist"):
            return files.getlist(name)
        return super().value_from_datadict(data, files, name)


class MultipleFileField(forms.FileField):
    """Several files at once; cleans to a list, in the order chosen."""

    widget = UploadInput

    def __init__(self, *, accept: str = "", **options: Any) -> None:
        options.setdefault("widget", UploadInput(accept=accept, multiple=True))
        super().__init__(**options)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        if not files:
            files = [None]
        return [cleaned for file in files if (cleaned := super(MultipleFileField, self).clean(file, initial))]
