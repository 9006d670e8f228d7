"""The forms of the exchange."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.exchange.return_xml import MAX_RETURN_LINES, RETURN_TYPES
from licensing.rules.key_syntax import is_product_key_id
from licensing.selectors.exchange import keys_by_product_key_ids
from portal.forms import MultipleFileField
from portal.web.return_words import type_label

MAX_FILES = 20
SHOWN_IDS = 5


class AnswerForm(forms.Form):
    """Microsoft's answers as files."""

    answers = MultipleFileField(
        label=gettext_lazy("Answer files"),
        accept=".xml",
        help_text=gettext_lazy(
            "As Microsoft gave them, in any order; up to 64 MB. The same file twice does no harm."
        ),
    )

    def clean_answers(self) -> list[Any]:
        """Refuse more files than one request should carry."""
        files: list[Any] = self.cleaned_data["answers"]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(_("Choose at most %(limit)s files at once.") % {"limit": MAX_FILES})
        return files


class ClosingForm(forms.Form):
    """What was found out about an exception."""

    note = forms.CharField(
        label=gettext_lazy("What was found and done?"),
        max_length=300,
        help_text=gettext_lazy("Auditors read this. Do not write a full product key."),
        widget=forms.Textarea({"rows": 4}),
    )


class ReturnForm(forms.Form):
    """Keys to give back to Microsoft."""

    product_key_ids = forms.CharField(
        label=gettext_lazy("Product key ids"),
        help_text=gettext_lazy("13 digits each, separated by lines, spaces or commas."),
        widget=forms.Textarea({"rows": 6, "class": "mono", "inputmode": "numeric", "autocomplete": "off"}),
    )
    return_type = forms.ChoiceField(
        label=gettext_lazy("Return type"),
        choices=[(name, type_label(name)) for name in RETURN_TYPES],
        help_text=gettext_lazy("Microsoft's own names. ZOE and ZOF are for returns without credit."),
    )
    is_without_credit = forms.BooleanField(label=gettext_lazy("Without credit"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def clean_product_key_ids(self) -> list[int]:
        """Return the keys' own ids; name the first that are malformed or unknown."""
        texts = list(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["product_key_ids"].strip())))
        if len(texts) > MAX_RETURN_LINES:
            raise forms.ValidationError(_("A return holds at most 5,000 keys."))
        wrong = [text for text in texts if not is_product_key_id(text)]
        if wrong:
            # Not repeated on the page: somebody may have pasted product keys.
            raise forms.ValidationError(
                _("%(count)s entries are not product key ids (13 digits).") % {"count": len(wrong)}
            )
        found = keys_by_product_key_ids(texts)
        unknown = [text for text in texts if text not in found]
        if unknown:
            raise forms.ValidationError(
                _("Not one of our keys: %(ids)s") % {"ids": ", ".join(unknown[:SHOWN_IDS])}
            )
        return list(found.values())
