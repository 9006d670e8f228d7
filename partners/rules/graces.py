"""Which rules know a grace, what it keeps allowed, and how long it may last."""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Refusal, refuse

LONGEST_GRACE = timedelta(days=366)

# The rule, and what stays allowed while its grace runs. Everything else about the partner still counts:
# credit, stock, the monthly limit. A suspension knows no grace; it is lifted.
GRACE_RULES: dict[str, Promise] = {
    "CMP-11": gettext_lazy("Ordering and taking keys, although builds are not reported."),
    "P-STATE-3": gettext_lazy("What the restriction stops."),
    "ORD-2": gettext_lazy("Ordering, although the terms in force are not accepted yet."),
    "ORD-10": gettext_lazy("Ordering, although a schedule or additional terms are not accepted yet."),
    "P-TRAIN-1": gettext_lazy("Ordering, although a required course is not passed."),
}


def check_grace(rule: str, *, valid_from: datetime, valid_before: datetime, at: datetime) -> Refusal | None:
    """Return what is wrong with a grace, None when it may be given."""
    if rule not in GRACE_RULES:
        what = _("This rule knows no grace.")
    elif not at < valid_before or not valid_from < valid_before:
        what = _("A grace ends after it begins, and not in the past.")
    elif valid_before - valid_from > LONGEST_GRACE:
        what = _("A grace lasts a year at most.")
    else:
        return None
    return refuse(
        "grace_not_possible",
        what,
        rule="P-GRACE-1",
        facts={_("Rule"): rule, _("From"): valid_from, _("To"): valid_before},
        next_step=_("Choose a rule of the list and an end within a year."),
        lifted_by=_("You"),
    )
