"""The words of mails about agreements and training."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partners.models import TermsVersion, TrainingAttempt
from partners.services.letters import Letter, portal_address


def terms_announced(terms: TermsVersion, *, zone: ZoneInfo) -> Letter:
    """Tell a partner's owners of a new version: from when it counts, by when it has to be accepted."""
    return Letter(
        subject=_("New version: %(title)s %(version)s") % _named(terms),
        sentence=_("%(title)s, version %(version)s, is in force from %(day)s.")
        % {**_named(terms), "day": _day(terms.effective_from, zone)},
        detail=_("Please accept it before %(due)s. From then on orders wait for it; nothing else does.")
        % {"due": _day(terms.due_from, zone)},
        button_label=_("Read and accept"),
        button_url=portal_address("/tpr/rules/agreements/"),
        reason=_("You get this mail because you are an owner of your company's account."),
    )


def terms_reminder(terms: TermsVersion, *, at: datetime, zone: ZoneInfo) -> Letter:
    """Remind a partner's owners of a version that is not accepted yet."""
    is_due = terms.due_from <= at
    sentence = (
        _("%(title)s, version %(version)s, is not accepted yet, and orders wait for it.")
        if is_due
        else _("%(title)s, version %(version)s, is not accepted yet.")
    )
    return Letter(
        subject=_("Please accept: %(title)s %(version)s") % _named(terms),
        sentence=sentence % _named(terms),
        detail=_(
            "It must be accepted from %(due)s. Taking keys, reporting and returns stay open in any case."
        )
        % {"due": _day(terms.due_from, zone)},
        button_label=_("Read and accept"),
        button_url=portal_address("/tpr/rules/agreements/"),
        reason=_("You get this mail because you are an owner of your company's account."),
    )


def training_reminder(last_pass: TrainingAttempt) -> Letter:
    """Tell a person and the owners that a pass ends soon."""
    return Letter(
        subject=_("“%(course)s” ends on %(day)s")
        % {"course": last_pass.course.title, "day": _plain_day(last_pass.expires_on)},
        sentence=_("%(person)s's pass in “%(course)s” ends on %(day)s.")
        % {
            "person": last_pass.user.name,
            "course": last_pass.course.title,
            "day": _plain_day(last_pass.expires_on),
        },
        detail=_(
            "It can be renewed now; the new one counts from the old one's end. Without a pass orders wait."
        ),
        button_label=_("Take the test"),
        button_url=portal_address(f"/tpr/rules/courses/{last_pass.course.code}/"),
    )


def _named(terms: TermsVersion) -> dict[str, str]:
    return {"title": terms.agreement.title, "version": terms.version}


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return _plain_day(moment.astimezone(zone).date())


def _plain_day(day: date | None) -> str:
    return date_format(day, "j F Y") if day else "–"
