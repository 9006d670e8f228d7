"""The forms by which the MAR restricts, suspends, lifts and gives time."""

from datetime import datetime, time

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.models import OrderBlock
from partners.rules.graces import GRACE_RULES
from partners.selectors.mar import mar_zone


class _Reason(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("The partner’s owners read these words in the mail and on their page."),
        widget=forms.Textarea({"rows": 3}),
    )


class SuspendForm(_Reason):
    """How far a suspension reaches, and why."""

    extent = forms.ChoiceField(
        label=_("What is stopped"),
        choices=OrderBlock.Kind.choices,
        initial=OrderBlock.Kind.ALL,
        help_text=_("Reporting, returns, payment and exports always stay open."),
        widget=forms.RadioSelect,
    )
    field_order = ("extent", "reason")


# Both together is a suspension, which a second person confirms (P-STATE-2).
ONE_ACT = [choice for choice in OrderBlock.Kind.choices if choice[0] != OrderBlock.Kind.ALL]


class RestrictForm(_Reason):
    """What is restricted, why, what the partner can do, and until when."""

    about = forms.ChoiceField(
        label=_("What it is about"),
        choices=[
            ("conduct", _("How the partner keeps the programme’s terms")),
            ("tax", _("Tax: it is open how his orders are taxed. New orders are taken and wait")),
        ],
        initial="conduct",
        required=False,
        widget=forms.RadioSelect,
    )
    kind = forms.ChoiceField(
        label=_("What is stopped"), choices=ONE_ACT, initial=OrderBlock.Kind.ORDERS,
        widget=forms.RadioSelect,
    )  # fmt: skip
    next_step = forms.CharField(
        label=_("What the partner can do"), max_length=300, help_text=_("One step that ends the restriction.")
    )
    until = forms.DateField(
        label=_("Ends by itself at the beginning of"),
        required=False,
        help_text=_("Empty: until somebody lifts it."),
        widget=forms.DateInput({"type": "date"}),
    )
    orders_wait = forms.BooleanField(
        label=_("Take new orders, and let them wait"),
        required=False,
        help_text=_("They are released by themselves when the restriction ends. Otherwise they are refused."),
    )
    field_order = ("about", "kind", "orders_wait", "reason", "next_step", "until")

    def until_instant(self) -> datetime | None:
        """Return the end as an instant in the MAR's zone."""
        day = self.cleaned_data["until"]
        return datetime.combine(day, time(), tzinfo=mar_zone()) if day else None


class GraceForm(_Reason):
    """Which rule is lifted until when, and why."""

    rule = forms.ChoiceField(label=_("Rule"), help_text=_("Everything else about the partner still counts."))
    until = forms.DateField(
        label=_("Ends at the beginning of"),
        help_text=_("It ends by itself; a year at most."),
        widget=forms.DateInput({"type": "date"}),
    )
    field_order = ("rule", "until", "reason")

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        rule = self.fields["rule"]
        if isinstance(rule, forms.ChoiceField):
            rule.choices = [(code, f"{code}: {allows}") for code, allows in GRACE_RULES.items()]

    def until_instant(self) -> datetime:
        """Return the end as an instant in the MAR's zone."""
        return datetime.combine(self.cleaned_data["until"], time(), tzinfo=mar_zone())
