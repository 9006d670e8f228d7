"""The forms about recipients, conflicts and quota exceptions, as the MAR fills them in."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.models import RecipientConflict
from portal.no_person import no_person
from portal.plain_text import plain_text

Outcome = RecipientConflict.Outcome


class RecipientReviewForm(forms.Form):
    """What the first person found."""

    note = forms.CharField(
        label=_("What did you check?"), max_length=600, validators=[plain_text, no_person],
        help_text=_("Register entry, web site, the programme’s criteria. The second person reads this."),
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    evidence_until = forms.DateField(
        label=_("Evidence holds until"),
        help_text=_("The last day. Orders stop at that midnight; the partner is told and may renew it."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}),
    )
    is_clean = forms.BooleanField(
        label=_("No paper names a private person who receives a PC."),
        help_text=_("Else send it back: such papers are not kept."),
    )


class RecipientReasonForm(forms.Form):
    """Why a recipient goes back, or is refused."""

    reason = forms.CharField(
        label=_("Reason"), max_length=600, validators=[plain_text, no_person],
        help_text=_("In words that help: what is missing, and an example. Without names of people."),
        widget=forms.Textarea({"rows": 4}),
    )  # fmt: skip


class ConflictForm(forms.Form):
    """Whose an organisation is."""

    outcome = forms.ChoiceField(
        label=_("Decision"), widget=forms.RadioSelect,
        choices=[
            (Outcome.KEPT.value, _("The first keeps it: the second cannot order for it.")),
            (Outcome.SHARED.value, _("Both may supply it.")),
            (Outcome.TRANSFERRED.value, _("Pass it on: it belongs to the second from now on.")),
        ],
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=600, validators=[plain_text, no_person],
        help_text=_("Kept with the decision. The partners hear the outcome, not the reason, nor of each other."),
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


class AnswerForm(forms.Form):
    """What Microsoft answered."""

    answer = forms.ChoiceField(
        label=_("Microsoft’s answer"), widget=forms.RadioSelect,
        choices=[("approved", _("Approved, exactly as asked for")), ("refused", _("Refused, or something else"))],
    )  # fmt: skip
    microsoft_reference = forms.CharField(
        label=_("Microsoft’s reference"), max_length=60, required=False, validators=[plain_text, no_person],
        help_text=_("Number or subject of the answer; an approval needs it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note to the partner"), max_length=600, required=False, validators=[plain_text, no_person],
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


def suggested_end(today: date, evidence_until: date | None) -> date:
    """Return the last day to propose: that of the evidence, at most a year from today."""
    in_a_year = date(today.year + 1, today.month, min(today.day, 28))
    return min(evidence_until, in_a_year) if evidence_until else in_a_year
