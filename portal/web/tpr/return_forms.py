"""The form of a return: which keys, what kind, why."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.exchange.key_ids_csv import MAX_BYTES, read_key_ids_csv, split_key_ids
from licensing.exchange.refusals import CsvRefused
from licensing.exchange.return_xml import MAX_RETURN_LINES
from licensing.rules.key_syntax import is_product_key_id
from licensing.rules.partner_returns import TYPES
from licensing.services.partner_returns import ReturnWish
from portal.forms import IdempotencyField, UploadInput
from portal.plain_text import plain_text

SHOWN_ERRORS = 5


def type_choices() -> list[tuple[str, str]]:
    """Return each type in plain words, Microsoft's own name behind them."""
    return [(code, f"{each.label} ({code}). {each.hint}") for code, each in TYPES.items()]


class ReturnForm(forms.Form):
    """Keys to give back. A list from a file is put into the field, so nothing is lost between two steps."""

    token = IdempotencyField()
    keys = forms.CharField(
        label=gettext_lazy("Product key ids"),
        required=False,
        help_text=gettext_lazy("13 digits each. Type, paste, or scan them one after the other."),
        widget=forms.Textarea(
            {"rows": 5, "class": "mono", "inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a CSV file"),
        required=False,
        help_text=gettext_lazy(
            "With a column product_key_id; serial_number and note may stand beside it. Up to 5,000 rows."
        ),
        widget=UploadInput(accept=".csv"),
    )
    return_type = forms.ChoiceField(
        label=gettext_lazy("What happened?"), choices=type_choices, widget=forms.RadioSelect
    )
    is_without_credit = forms.BooleanField(
        label=gettext_lazy("Without credit"),
        required=False,
        help_text=gettext_lazy(
            "Always so for lost, stolen or other; and the only way when the time has run out."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=200,
        min_length=5,
        validators=[plain_text],
        help_text=gettext_lazy("The programme office reads it. Never write a full product key."),
        widget=forms.Textarea({"rows": 2}),
    )
    reference = forms.CharField(
        label=gettext_lazy("Your own RMA number"), max_length=35, required=False, validators=[plain_text]
    )

    def clean(self) -> dict[str, Any]:
        """Join list and file; name what is wrong by its row."""
        cleaned = super().clean() or {}
        entries = split_key_ids(cleaned.get("keys") or "")
        wrong = [row for row, entry in enumerate(entries, start=1) if not is_product_key_id(entry)]
        if wrong:
            # Not repeated on the page: somebody may have scanned product keys.
            rows = ", ".join(str(row) for row in wrong[:SHOWN_ERRORS])
            text = _(
                "Entry %(rows)s: not a product key id of 13 digits. A product key itself never goes here."
            )
            self.add_error("keys", text % {"rows": rows})
        entries += self._from_file(cleaned.get("file"))
        ids = list(dict.fromkeys(entry for entry in entries if is_product_key_id(entry)))
        if len(ids) > MAX_RETURN_LINES:
            self.add_error("keys", _("A return holds at most 5,000 keys."))
        elif not ids and not self.errors:
            self.add_error("keys", _("Name at least one key."))
        cleaned["ids"] = ids
        return cleaned

    def _from_file(self, file: Any) -> list[str]:
        if not file:
            return []
        if file.size > MAX_BYTES:
            self.add_error("file", _("The file is larger than 1 MB."))
            return []
        try:
            ids, errors = read_key_ids_csv(file.read())
        except CsvRefused as refusal:
            self.add_error("file", refusal.message)
            return []
        for error in errors[:SHOWN_ERRORS]:
            self.add_error("file", _("Row %(row)s: %(why)s") % {"row": error.row, "why": error.message})
        return ids

    def with_list(self) -> "ReturnForm":
        """Return the form with the file's ids in the field, for the page that shows the forecast."""
        again = ReturnForm({**self.data.dict(), "keys": "\n".join(self.cleaned_data["ids"])})  # type: ignore[attr-defined]
        again.is_valid()
        return again

    def wish(self) -> ReturnWish:
        """Return what is asked for."""
        given = self.cleaned_data
        return ReturnWish(
            tuple(given["ids"]),
            given["return_type"],
            given["reason"],
            is_without_credit=given["is_without_credit"],
            reference=given["reference"],
        )
