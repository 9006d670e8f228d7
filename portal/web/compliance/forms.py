"""The forms of the month's close."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reporting.services.workflow import NOTE_LENGTH, REFERENCE_LENGTH


class ReviewForm(forms.Form):
    """What compliance looked at."""

    note = forms.CharField(
        label=_("What did you check?"),
        max_length=NOTE_LENGTH,
        required=False,
        help_text=_("The approver reads this. Exceptions you accept belong here, with the reason."),
        widget=forms.Textarea({"rows": 4}),
    )


class SubmissionForm(forms.Form):
    """Under which reference the report went out."""

    reference = forms.CharField(
        label=_("Microsoft's reference"),
        max_length=REFERENCE_LENGTH,
        required=False,
        help_text=_("From the confirmation, when you got one."),
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )


class AnswerForm(forms.Form):
    """What Microsoft said."""

    answer = forms.ChoiceField(
        label=_("Microsoft's answer"),
        choices=(("accepted", _("Accepted")), ("rejected", _("Rejected"))),
        widget=forms.RadioSelect,
    )


class CorrectionForm(forms.Form):
    """Why a report must be made anew."""

    reason = forms.CharField(
        label=_("What was wrong?"),
        max_length=NOTE_LENGTH,
        help_text=_("One or two sentences. They are printed on the corrected report."),
        widget=forms.Textarea({"rows": 4}),
    )
