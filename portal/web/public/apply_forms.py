"""The forms of the application, drawn from the declared pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import Application
from partners.rules import countries, register_numbers
from partners.rules.application_answers import AnswerWrong, clean_answer, missing_fields
from partners.rules.application_fields import Case, FieldKind, FormField, Section
from partners.rules.knowledge_test import QUESTIONS
from partners.rules.vat_ids import FORMS as VAT_FORMS
from portal.documents import DocumentField
from portal.plain_text import plain_text

_WIDGETS: dict[FieldKind, tuple[type[forms.Widget], dict[str, Any]]] = {
    FieldKind.LONG_TEXT: (forms.Textarea, {"rows": 5}),
    FieldKind.LINES: (forms.Textarea, {"rows": 4}),
    FieldKind.URLS: (forms.Textarea, {"rows": 3, "spellcheck": "false"}),
    FieldKind.EMAIL: (forms.EmailInput, {"inputmode": "email"}),
    FieldKind.PHONE: (forms.TextInput, {"inputmode": "tel"}),
    FieldKind.URL: (forms.TextInput, {"inputmode": "url", "spellcheck": "false"}),
    FieldKind.NUMBER: (forms.TextInput, {"inputmode": "numeric"}),
    FieldKind.DATE: (forms.DateInput, {"type": "date"}),
    FieldKind.IBAN: (forms.TextInput, {"class": "mono", "spellcheck": "false"}),
    FieldKind.VAT_ID: (forms.TextInput, {"class": "mono", "spellcheck": "false"}),
    FieldKind.REGISTER_NUMBER: (forms.TextInput, {"spellcheck": "false"}),
}


class AnswerField(forms.Field):
    """One declared question; what it accepts is said by the rules, in the rules' words."""

    def __init__(self, asked: FormField, case: Case) -> None:
        super().__init__(
            required=asked.is_required(case),
            label=str(asked.label),
            help_text=hint_of(asked, case),
            widget=_widget_of(asked),
        )
        self.asked = asked
        self.case = case

    def clean(self, value: Any) -> Any:
        try:
            return clean_answer(self.asked, value, self.case)
        except AnswerWrong as error:
            raise ValidationError(str(error), code="wrong") from error


class PaperField(DocumentField):
    """A paper that may be here already: whether one lacks is asked by the page, not by the field."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        return super().clean(data, initial) if data else None


class PageForm(forms.Form):
    """One page. What is right of it is kept in any case; ``must_be_complete`` also asks for what lacks."""

    use_required_attribute = False

    def __init__(
        self,
        section: Section,
        case: Case,
        *args: Any,
        papers: set[str],
        must_be_complete: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.section = section
        self.case = case
        self.papers = papers
        self.must_be_complete = must_be_complete
        for asked in section.fields_for(case):
            self.fields[asked.name] = field_for(asked, case)

    def clean(self) -> dict[str, Any]:
        """Ask for what lacks, unless the applicant comes back to it later."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.section.name == "certificates":
            self._hold_certificate_together(cleaned)
        if self.must_be_complete:
            for asked in missing_fields(
                self.section, self.case.with_answers(self.answers()), self._papers_after()
            ):
                if asked.name not in self.errors:
                    self.add_error(asked.name, lacks(asked))
        return cleaned

    def answers(self) -> dict[str, Any]:
        """Return the right answers; a wrong one counts as not given."""
        return {
            name: self.cleaned_data.get(name)
            for name, field in self.fields.items()
            if isinstance(field, AnswerField)
        }

    def new_papers(self) -> dict[str, Any]:
        """Return the files that were accepted, by the name of their field."""
        found = {
            name: self.cleaned_data.get(name)
            for name, field in self.fields.items()
            if isinstance(field, DocumentField)
        }
        return {name: file for name, file in found.items() if file is not None}

    def _papers_after(self) -> set[str]:
        coming = {
            field.paper_kind for field in self.section.fields if self.cleaned_data.get(field.name) is not None
        }
        return self.papers | (coming - {""})

    def _hold_certificate_together(self, cleaned: dict[str, Any]) -> None:
        parts = [cleaned.get("certificate"), cleaned.get("expires_on"), cleaned.get("certificate_file")]
        if not any(parts) or "certificate_file" in self.errors:
            return
        if not parts[2]:
            self.add_error("certificate_file", _("Choose the file."))
        if not parts[0]:
            self.add_error("certificate", _("Say which certificate it is."))
        if not parts[1] and "expires_on" not in self.errors:
            self.add_error("expires_on", _("Say until when it is valid."))


class StartForm(forms.Form):
    """What decides which pages follow, and where the link back goes."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What do you do?"), choices=Application.Kind.choices, widget=forms.RadioSelect
    )
    branch = forms.ChoiceField(
        label=gettext_lazy("Where do you come from?"),
        choices=Application.Branch.choices,
        initial="new",
        widget=forms.RadioSelect,
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country of your company"),
        choices=lazy(lambda: [("", ""), *countries.choices()], list)(),
        widget=forms.Select({"autocomplete": "country"}),
    )
    contact_email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        help_text=gettext_lazy("We send a link there, by which you go on another day."),
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
    )
    # Programs fill every field; people never see this one.
    second_address = forms.CharField(
        label=gettext_lazy("Leave this field empty"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a filled trap in words that a person understands."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("second_address"):
            raise forms.ValidationError(
                _("A field that people cannot see was filled. Please type it anew by hand.")
            )
        return cleaned


class EmailForm(forms.Form):
    """An address, to open an application or to get a new link."""

    email = forms.EmailField(
        label=gettext_lazy("The e-mail address of the application"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
    )


class KnowledgeForm(forms.Form):
    """The six questions."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number, question in enumerate(QUESTIONS, start=1):
            self.fields[question.name] = forms.ChoiceField(
                label=f"{number}. {question.text}",
                choices=question.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose an answer.")},
            )


class StatementForm(forms.Form):
    """Who agrees, and to which text."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        validators=[plain_text],
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    role = forms.CharField(
        label=gettext_lazy("Your position"),
        max_length=120,
        validators=[plain_text],
        help_text=gettext_lazy("Like owner, managing director, chair of the association."),
        widget=forms.TextInput({"autocomplete": "organization-title"}),
    )
    text_sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label=gettext_lazy("I have read the statement and agree to it."),
        error_messages={"required": gettext_lazy("Tick the box if you agree.")},
    )


class WordsForm(forms.Form):
    """The reason of an appeal."""

    text = forms.CharField(
        label=gettext_lazy("Why should we look at it again?"),
        max_length=2000,
        validators=[plain_text],
        help_text=gettext_lazy("What we overlooked, or what has changed since."),
        widget=forms.Textarea({"rows": 6}),
    )


def field_for(asked: FormField, case: Case) -> forms.Field:
    """Return the form field of a declared question."""
    if asked.kind == FieldKind.PAPER:
        return PaperField(
            required=asked.is_required(case), label=str(asked.label), help_text=_paper_hint(asked)
        )
    return AnswerField(asked, case)


def hint_of(asked: FormField, case: Case) -> str:
    """Return the hint, with an example of the country's own form where there is one."""
    if asked.kind == FieldKind.VAT_ID:
        example = VAT_FORMS[case.country].example
        return _("Like %(example)s. You find it on your invoices.") % {"example": example}
    if asked.kind == FieldKind.REGISTER_NUMBER:
        form = register_numbers.form_of(case.country)
        if form.examples:
            words = {"label": form.label, "example": _(" or ").join(form.examples)}
            return _("%(label)s, like %(example)s.") % words
        return str(form.label)
    return str(asked.help)


def lacks(asked: FormField) -> str:
    """Return what to say when an answer lacks."""
    if asked.kind == FieldKind.PAPER:
        return _("Choose the file.")
    if asked.kind == FieldKind.TICK:
        return _("Tick the box if this is so.")
    if asked.kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        return _("Choose an answer.")
    return _("Give an answer.")


def _paper_hint(asked: FormField) -> str:
    limits = _("PDF, JPEG, PNG or HEIC, up to 15 MB.")
    return f"{asked.help} {limits}" if asked.help else limits


def _widget_of(asked: FormField) -> forms.Widget:
    if asked.kind == FieldKind.TICK:
        return forms.CheckboxInput()
    if asked.kind == FieldKind.CHOICES:
        return forms.CheckboxSelectMultiple(choices=asked.choices)
    if asked.kind == FieldKind.CHOICE:
        return forms.Select(choices=[("", ""), *asked.choices])
    widget, attrs = _WIDGETS.get(asked.kind, (forms.TextInput, {}))
    return widget({"autocomplete": asked.autocomplete, **attrs})
