"""The forms about frozen keys: report, measures, closing, and corrections by two people."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import CorrectionRequest, Incident
from licensing.services.incidents import HOLD_OF, SETTLE_WITHIN
from partners.selectors.mar import mar_zone
from portal.plain_text import plain_text


def due_day(at: datetime) -> date:
    """Return the day by which compliance wants a new incident settled, in the MAR's zone."""
    return (at + SETTLE_WITHIN).astimezone(mar_zone()).date()


def _words(label: Any, help_text: Any, *, limit: int, rows: int = 4, least: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, min_length=least, validators=[plain_text], help_text=help_text,
        widget=forms.Textarea({"rows": rows}),
    )  # fmt: skip


# What a person reports; the portal itself opens the other kind.
REPORTED_KINDS = [(kind.value, kind.label) for kind in Incident.Kind if kind.value in HOLD_OF]


class IncidentForm(forms.Form):
    """What happened to the key."""

    kind = forms.ChoiceField(label=_("What happened?"), choices=REPORTED_KINDS)
    facts = _words(
        _("Facts"),
        _("When and where it was last seen, who noticed. Never write the key itself."),
        limit=2000,
        least=10,
    )
    police_reference = forms.CharField(
        label=_("Police reference"), max_length=60, required=False, validators=[plain_text],
        help_text=_("For a theft. You may add it later by a message to the programme office."),
    )  # fmt: skip


class MeasuresForm(forms.Form):
    """What is done about an incident, and until when."""

    measures = _words(_("Measures"), _("What was done so far, and by whom."), limit=2000)
    due_on = forms.DateField(
        label=_("To be settled by"), widget=forms.DateInput({"type": "date", "class": "input-short"})
    )


class CloseIncidentForm(forms.Form):
    """How an incident ended."""

    outcome = forms.ChoiceField(
        label=_("How it ended"),
        choices=[choice for choice in Incident.State.choices if choice[0] != Incident.State.OPEN],
        help_text=_("Found or settled frees the keys. Gone leaves them frozen for good."),
    )
    measures = _words(_("Measures"), _("What was done, so that it does not happen again."), limit=2000)
    note = _words(_("Why it may be closed"), _("The partner reads this."), limit=1000, rows=3, least=5)


class CorrectionForm(forms.Form):
    """What is wrong about a key, and the proof."""

    kind = forms.ChoiceField(label=_("What is to be put right?"))
    facts = _words(_("Facts"), _("What is wrong, and how it came about."), limit=2000, least=10)
    proof = forms.CharField(
        label=_("Proof"), max_length=300, min_length=3, validators=[plain_text],
        help_text=_("Where it can be looked at: a file’s name, a mail’s date, a case number."),
    )  # fmt: skip

    def __init__(self, *args: Any, kinds: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        labels = dict(CorrectionRequest.Kind.choices)
        self.fields["kind"].choices = [(kind, labels[kind]) for kind in kinds]  # type: ignore[attr-defined]


class DecideCorrectionForm(forms.Form):
    """The second person's word."""

    decision = forms.ChoiceField(
        label=_("Decision"), choices=[("approve", _("Approve and carry it out")), ("refuse", _("Refuse"))]
    )
    note = _words(
        _("What did you look at?"), _("Stays in the record of this key."), limit=1000, rows=3, least=5
    )
