"""The forms of an application's case."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from partners.rules import questions, reason_codes
from portal.plain_text import plain_text

Choices = list[tuple[str, Any]]


def _refusals() -> Choices:
    return [("", _("Choose")), *reason_codes.choices(reason_codes.REFUSAL_REASONS)]


def _reasons() -> Choices:
    return list(reason_codes.choices(reason_codes.QUESTION_REASONS))


class RecommendationForm(forms.Form):
    """What the first person found, and what he proposes."""

    note = forms.CharField(
        label=_("What did you check?"),
        max_length=1000,
        validators=[plain_text],
        help_text=_("Register entry, VAT number, website, a telephone call. The second person reads this."),
        widget=forms.Textarea({"rows": 4}),
    )
    recommendation = forms.ChoiceField(
        label=_("What do you propose?"),
        choices=[("approve", _("Approve")), ("reject", _("Refuse"))],
        initial="approve",
        widget=forms.RadioSelect,
    )
    reason_code = forms.ChoiceField(
        label=_("Reason, when you propose to refuse"), choices=_refusals, required=False
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the reason of a proposed refusal."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("recommendation") == "reject" and not cleaned.get("reason_code"):
            self.add_error("reason_code", _text("Choose why you propose a refusal."))
        return cleaned


class RefusalForm(forms.Form):
    """Why an application is refused."""

    reason_code = forms.ChoiceField(label=_("Reason"), choices=_refusals)
    reason = forms.CharField(
        label=_("In words"),
        required=False,
        max_length=1000,
        validators=[plain_text],
        help_text=_(
            "The applicant reads this. Left empty, the words of the reason go out in the applicant’s language."
        ),
        widget=forms.Textarea({"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for words where the reason brings none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("reason_code") == reason_codes.OTHER and not cleaned.get("reason"):
            self.add_error("reason", _text("Say the reason in your own words."))
        return cleaned


class SendBackForm(forms.Form):
    """Why the reviewer gets the case again."""

    reason = forms.CharField(
        label=_("What is missing?"),
        max_length=1000,
        validators=[plain_text],
        help_text=_("Only the reviewer reads this."),
        widget=forms.Textarea({"rows": 3}),
    )


class SettleForm(forms.Form):
    """How one thing that is carried over was settled."""

    note = forms.CharField(label=_("How was it settled?"), max_length=300, validators=[plain_text])


class QuestionForm(forms.Form):
    """One question about one answer."""

    reason_code = forms.ChoiceField(label=_("Why do you ask?"), choices=_reasons)
    text = forms.CharField(
        label=_("Question"),
        required=False,
        max_length=questions.MAX_TEXT,
        validators=[plain_text],
        help_text=_("Left empty, the words of the reason go out in the applicant’s language."),
        widget=forms.Textarea({"rows": 3}),
    )
    example = forms.CharField(
        label=_("Example of a good answer"),
        required=False,
        max_length=questions.MAX_EXAMPLE,
        validators=[plain_text],
    )
    due_on = forms.DateField(
        label=_("Answer by"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        self.today = today
        options.setdefault("initial", {"due_on": today + questions.USUAL})
        super().__init__(*args, **options)

    def clean_due_on(self) -> date:
        """Keep the day between tomorrow and sixty days from now."""
        day: date = self.cleaned_data["due_on"]
        if not self.today + questions.SOONEST <= day <= self.today + questions.LATEST:
            raise forms.ValidationError(_text("Name a day between tomorrow and sixty days from now."))
        return day

    def clean(self) -> dict[str, Any]:
        """Ask for words where the reason brings none."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("reason_code") == reason_codes.OTHER and not cleaned.get("text"):
            self.add_error("text", _text("Say what is to be answered."))
        return cleaned

    def question(self, section: str, field: str) -> questions.Question:
        """Return the cleaned question about a field."""
        return questions.Question(section=section, field=field, **self.cleaned_data)
