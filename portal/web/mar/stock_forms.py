"""The forms of imports."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import UploadInput


class UploadForm(forms.Form):
    """The delivery itself."""

    delivery = forms.FileField(
        label=_("File with the delivery"),
        help_text=_("Microsoft's XML up to 64 MB, or our CSV up to 25 MB. At most 100,000 keys in one file."),
        error_messages={"required": _("Choose the file first."), "empty": _("The file is empty.")},
        widget=UploadInput(accept=".xml,.csv"),
        max_length=255,
    )


class RejectForm(forms.Form):
    """Why an import is rejected."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Your colleagues read it on the import. Do not write a product key here."),
        widget=forms.Textarea({"rows": 3}),
    )
