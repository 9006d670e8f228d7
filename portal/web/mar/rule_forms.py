"""The form of a rule's next version: its numbers, its minute, and its sentence in every language."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from licensing.rules.programme_rules import Parameter, Rule
from licensing.services.programme_rules import WrittenRule
from portal.web.mar.rules_forms import LanguagesForm, day_field

VALUE = "value_"


class RuleForm(LanguagesForm):
    """The next version of one rule; the fields of its numbers are made from the rule."""

    words = (("sentence", _("Sentence"), 3, 600, ""),)

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        rest = dict(self.fields)
        self.fields.clear()
        for parameter in rule.parameters:
            self.fields[VALUE + parameter.name] = _value_field(parameter)
        self.fields["begins_on"] = day_field(_("In force from"), hint=_("The day, in your time zone."))
        self.fields["begins_at"] = forms.TimeField(
            label=_("Time"), initial="00:00", widget=forms.TimeInput({"type": "time", "class": "input-short"})
        )
        self.fields["reason"] = forms.CharField(
            label=_("Why"), max_length=600, widget=forms.Textarea({"rows": 3}),
            help_text=_("Partners read it in their inbox."),
        )  # fmt: skip
        self.fields["source"] = forms.CharField(
            label=_("Where it stands"), max_length=120, required=False,
            help_text=_("For example the page of the programme guide."),
        )  # fmt: skip
        self.fields["notice_waiver"] = forms.CharField(
            label=_("Why the notice is shorter"), max_length=300, required=False,
            help_text=_("Only when less than the usual notice is given. It stays on record."),
        )  # fmt: skip
        self.fields.update(rest)

    def written_rule(self, zone: ZoneInfo) -> WrittenRule:
        """Return the version as it was written."""
        answers = self.cleaned_data
        return WrittenRule(
            code=self.rule.code,
            parameters={one.name: answers[VALUE + one.name] for one in self.rule.parameters},
            sentences=self.written("sentence"),
            valid_from=datetime.combine(answers["begins_on"], answers["begins_at"], zone),
            reason=answers["reason"],
            source=answers["source"],
            notice_waiver=answers["notice_waiver"],
        )

    def take_faults(self, error: DomainError) -> bool:
        """Put what the service found wrong at its field; False when it found something else."""
        faults = [refusal for refusal in error.refusals if refusal.rule == "P-RULE-1"]
        for refusal in faults:
            name = str(refusal.facts.get("field", ""))
            field = name if name in self.fields else VALUE + name
            self.add_error(field if field in self.fields else None, refusal.what)
        return bool(faults)


def initial_of(parameters: dict[str, Any], sentences: dict[str, str]) -> dict[str, Any]:
    """Return the form's first values from a version."""
    return {VALUE + name: _flag(value) for name, value in parameters.items()} | {
        f"sentence_{code}": text for code, text in sentences.items()
    }


def _flag(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _value_field(parameter: Parameter) -> forms.Field:
    if parameter.is_flag:
        return forms.TypedChoiceField(
            label=parameter.label, choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda value: value == "yes"
        )  # fmt: skip
    return forms.IntegerField(
        label=parameter.label, min_value=parameter.least, max_value=parameter.most, help_text=parameter.unit,
        widget=forms.NumberInput({"inputmode": "numeric", "autocomplete": "off", "class": "input-short"}),
    )  # fmt: skip
