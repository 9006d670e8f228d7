"""What a buyer reads about a time of a standing order: ordered, refused by which gate, and what to do."""

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from licensing.models import StandingRun
from partners.services.letters import Letter

Outcome = StandingRun.Outcome


def about_run(run: StandingRun, recipient_name: str) -> Letter:
    """Return the mail about one time of a standing order."""
    order, day = run.standing_order, date_format(run.period, "j F Y")
    first = run.refusals[0] if run.refusals else {}
    subject = {
        Outcome.PLACED: _("Standing order “%(name)s”: ordered for %(day)s"),
        Outcome.REFUSED: _("Standing order “%(name)s”: refused for %(day)s, left out"),
        Outcome.HELD: _("Standing order “%(name)s” is paused: refused for %(day)s"),
        Outcome.STOPPED: _("Standing order “%(name)s” is paused: its maker may not order"),
    }[Outcome(run.outcome)]
    return Letter(
        subject=subject % {"name": order.name, "day": day},
        recipient_name=recipient_name,
        sentence=" ".join(filter(None, [first.get("what", ""), first.get("next_step", "")]))
        or _("Every order was placed by the prices and rules of that day."),
        detail=" ".join(filter(None, [_rule(first), _missed(run.missed), _ahead(run)])),
        button_label=_("Open the standing order"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/orders/standing/{order.pk}/",
        reason=_("You get this mail because you made the standing order, or own the account."),
    )


def _rule(first: dict[str, str]) -> str:
    return _("Rule %(rule)s.") % {"rule": first["rule"]} if first else ""


def _missed(missed: int) -> str:
    """Say that days were missed: the portal was away, and orders once for all of them."""
    if not missed:
        return ""
    words = ngettext(
        "%(count)s day before was missed because the portal was away; it was not ordered for it as well.",
        "%(count)s days before were missed because the portal was away; it was not ordered for them as well.",
        missed,
    )
    return words % {"count": missed}


def _ahead(run: StandingRun) -> str:
    order = run.standing_order
    if order.next_on is not None:
        return _("Its next day is %(day)s.") % {"day": date_format(order.next_on, "j F Y")}
    if order.state == "paused":
        return _("It orders nothing until somebody resumes it.")
    return _("That was its last day.")
