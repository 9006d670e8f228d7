"""The forms of agreements, programme changes and courses: words in every language the portal speaks."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from licensing.models import LicenceFamily, Product
from partners.models.terms import AgreementKind
from partners.services.agreements import NewVersion, WrittenText
from partners.services.training import WrittenCourse

MAX_TEXT = 200_000
MAX_SUMMARY = 10_000


class DateInput(forms.DateInput):
    """A day, chosen by the browser's own calendar."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


def day_field(label: Any, *, required: bool = True, hint: Any = "") -> forms.DateField:
    """Return a field for a day of the MAR's zone."""
    return forms.DateField(label=label, required=required, help_text=hint, widget=DateInput())


def moment_of(day: date | None, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the instant at which a day of the zone begins; for today it is now."""
    if day is None:
        return None
    return now if day == now.astimezone(zone).date() else datetime.combine(day, time(), zone)


class LanguagesForm(forms.Form):
    """A form with the same text fields for every language; the template draws one fold a language."""

    # (name, label, rows, longest, css class)
    words: tuple[tuple[str, Any, int, int, str], ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            for field, label, rows, longest, css in self.words:
                widget = (
                    forms.Textarea({"rows": rows, "class": css, "lang": code})
                    if rows > 1
                    else forms.TextInput({"lang": code})
                )
                self.fields[f"{field}_{code}"] = forms.CharField(
                    label=f"{label} ({name})",
                    required=False,
                    max_length=longest,
                    widget=widget,
                )

    def plain_fields(self) -> list[BoundField]:
        """Return the fields that belong to no language."""
        folded = {bound.name for _code, _name, bounds, _open in self.parts() for bound in bounds}
        return [bound for bound in self.visible_fields() if bound.name not in folded]

    def parts(self) -> Iterator[tuple[str, str, list[BoundField], bool]]:
        """Return each language with its fields, and whether its fold is open."""
        for place, (code, name) in enumerate(settings.LANGUAGES):
            bounds = [self[f"{field}_{code}"] for field, *_rest in self.words]
            is_open = place == 0 or any(bound.value() or bound.errors for bound in bounds)
            yield code, str(name), bounds, is_open

    def written(self, field: str) -> dict[str, str]:
        """Return one field's words by language, empty ones left out."""
        return {
            code: words
            for code, _name in settings.LANGUAGES
            if (words := str(self.cleaned_data.get(f"{field}_{code}", "")).strip())
        }


class AgreementForm(forms.Form):
    """A new agreement, without its text yet."""

    code = forms.SlugField(
        label=_("Code"), max_length=20, help_text=_("Short, like WIN-COM. It never changes.")
    )
    title = forms.CharField(label=_("Title"), max_length=120)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[(kind.value, kind.label) for kind in AgreementKind],
        help_text=_("There is one master agreement. Schedules and additional terms cover what you choose below."),
    )  # fmt: skip
    families = forms.MultipleChoiceField(
        label=_("Licence families"), choices=LicenceFamily.choices, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    products = forms.MultipleChoiceField(
        label=_("Single products"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, products: list[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].choices = [(one.code, one.name) for one in products]  # type: ignore[attr-defined]


class VersionForm(LanguagesForm):
    """A new version of an agreement."""

    words = (
        ("summary", _("In plain words"), 6, MAX_SUMMARY, ""),
        ("text", _("Text"), 14, MAX_TEXT, "is-tall"),
    )
    version = forms.CharField(label=_("Version"), max_length=20, help_text=_("Like 2027-1."))
    announced_on = day_field(_("Announced on"), hint=_("Partners get a mail and a notice on this day."))
    effective_on = day_field(_("In force from"))
    due_on = day_field(
        _("To be accepted by"), hint=_("From this day on orders wait for whoever has not accepted.")
    )
    binding_language = forms.ChoiceField(
        label=_("Binding language"), choices=settings.LANGUAGES,
        help_text=_("The text in this language counts; the others help reading."),
    )  # fmt: skip
    notice_waiver = forms.CharField(
        label=_("Why the notice is shorter"), max_length=200, required=False,
        help_text=_("Only when less than the usual notice is given. It stays on record."),
    )  # fmt: skip

    def new_version(self, *, now: datetime, zone: ZoneInfo) -> NewVersion:
        """Return the version as it was written."""
        answers, summaries = self.cleaned_data, self.written("summary")
        texts = self.written("text")
        announced = moment_of(answers["announced_on"], now=now, zone=zone) or now

        def begin(day: date) -> datetime:
            # A day that is also the day of the announcement begins with it.
            return announced if day == answers["announced_on"] else datetime.combine(day, time(), zone)

        return NewVersion(
            version=answers["version"],
            texts={
                code: WrittenText(summaries.get(code, ""), texts.get(code, ""))
                for code in {**summaries, **texts}
            },
            binding_language=answers["binding_language"],
            announced_at=announced,
            effective_from=begin(answers["effective_on"]),
            due_from=begin(answers["due_on"]),
            notice_waiver=answers["notice_waiver"],
        )


class ChangeForm(LanguagesForm):
    """A programme change with up to three days."""

    words = (("title", _("Title"), 1, 120, ""), ("text", _("Text"), 6, 10_000, ""))
    product = forms.ChoiceField(label=_("Product"))
    order_stop_on = day_field(_("No orders from"), required=False)
    install_stop_on = day_field(_("No keys for PCs from"), required=False)
    sell_through_stop_on = day_field(_("No sales from"), required=False)

    def __init__(self, *args: Any, products: list[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].choices = [(str(one.pk), one.name) for one in products]  # type: ignore[attr-defined]


class CourseForm(LanguagesForm):
    """A course with its reading and questions."""

    words = (
        ("reading", _("Reading"), 10, 50_000, ""),
        ("questions", _("Questions"), 14, 50_000, "is-tall"),
    )
    code = forms.SlugField(
        label=_("Code"), max_length=40, help_text=_("Stands in the address. It never changes.")
    )
    title = forms.CharField(label=_("Title"), max_length=120)
    pass_mark = forms.IntegerField(
        label=_("Pass mark"), min_value=1, max_value=100, initial=70, help_text=_("Percent of the questions.")
    )
    valid_months = forms.IntegerField(
        label=_("Months a pass is valid"), min_value=1, max_value=60, initial=12
    )
    is_required = forms.BooleanField(
        label=_("Orders need a valid pass"), required=False, initial=True,
        help_text=_("Somebody of the company must have passed, from the day below on."),
    )  # fmt: skip
    required_on = day_field(_("Required from"))

    def written_course(self, *, now: datetime, zone: ZoneInfo) -> WrittenCourse:
        """Return the course as it was written."""
        answers = self.cleaned_data
        return WrittenCourse(
            code=answers["code"],
            title=answers["title"],
            pass_mark=answers["pass_mark"],
            valid_months=answers["valid_months"],
            is_required=answers["is_required"],
            required_from=datetime.combine(answers["required_on"], time(), zone),
            readings=self.written("reading"),
            questions=self.written("questions"),
        )
