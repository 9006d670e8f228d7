"""Does the applicant's web site answer? Asked only where the operator lets the portal call strangers' sites."""

import json

from django.utils.translation import gettext as _

from partners.checks import guarded_fetch
from partners.checks.base import ApplicantFacts, CheckAnswer
from partners.checks.guarded_fetch import Fetched, FetchFailed, FetchRefused, Resolve
from partners.models.check import CheckResult

_OK_BEFORE = 400


class WebsiteNotAsked:
    """Stand in for the look-up where it is switched off."""

    kind = CheckResult.Kind.WEBSITE.value
    name = "no look-up"

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Say that nobody asked."""
        text = _("Not asked: the portal is set not to call web sites. Open it yourself.")
        if not facts.website:
            text = _("The applicant named no web site.")
        return CheckAnswer(CheckResult.Outcome.SKIPPED, text, {"asked": False})


class WebsiteReachable:
    """Fetch the start page, guarded."""

    kind = CheckResult.Kind.WEBSITE.value
    name = "HTTP"

    def __init__(
        self, *, resolve: Resolve = guarded_fetch.resolve_public, ports: dict[str, int] = guarded_fetch.PORTS
    ) -> None:
        self._resolve = resolve
        self._ports = ports

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Call the site; a site that is down is an answer, not a reason to ask again."""
        if not facts.website:
            return CheckAnswer(CheckResult.Outcome.SKIPPED, _("The applicant named no web site."))
        try:
            fetched = guarded_fetch.fetch(facts.website, resolve=self._resolve, ports=self._ports)
        except FetchRefused as refused:
            return CheckAnswer(
                CheckResult.Outcome.ATTENTION, _refusal(refused.reason), {"refused": refused.reason}
            )
        except FetchFailed as failed:
            return CheckAnswer(
                CheckResult.Outcome.ATTENTION, _failure(failed.reason), {"failed": failed.reason}
            )
        return _answer(fetched)


def _answer(fetched: Fetched) -> CheckAnswer:
    facts = {"status": fetched.status, "url": fetched.url[:300], "redirects": len(fetched.hops) - 1}
    raw = json.dumps(
        {
            "status": fetched.status,
            "hops": list(fetched.hops),
            "content_type": fetched.content_type,
            "bytes_read": fetched.bytes_read,
        },
        indent=1,
    )
    if fetched.status < _OK_BEFORE:
        return CheckAnswer(CheckResult.Outcome.CLEAR, _("The site answers."), facts, raw)
    text = _("The site answers with error %(status)s.") % {"status": fetched.status}
    return CheckAnswer(CheckResult.Outcome.ATTENTION, text, facts, raw)


def _refusal(reason: str) -> str:
    return {
        "address_not_public": _("The address leads into a private network. The portal did not call it."),
        "port": _("The address names an unusual port. The portal did not call it."),
        "scheme": _("The address is neither http nor https. The portal did not call it."),
    }.get(reason, _("The address is malformed. The portal did not call it."))


def _failure(reason: str) -> str:
    return {
        "name_unknown": _("No such name on the internet."),
        "name_slow": _("The name could not be looked up in time."),
        "slow": _("The site did not answer within five seconds."),
        "certificate": _("The site's certificate is not valid."),
        "too_many_redirects": _("The site sends visitors on more than twice."),
        "no_http": _("Something answers there, but not as a web site."),
    }.get(reason, _("The site is not reachable."))
