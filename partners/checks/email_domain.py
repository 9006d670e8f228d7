"""The domain of the contact's e-mail address: one's own, a free mailbox's, or a throw-away one."""

import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from partners.checks.base import ApplicantFacts, CheckAnswer, ProviderUnavailable
from partners.models.check import CheckResult

_LISTS = Path(__file__).parent / "lists"
# Second levels under which companies register, so that "shop.co.uk" is one domain.
_SHARED_SECOND_LEVELS = frozenset({"ac", "co", "com", "gov", "ltd", "me", "net", "org", "plc", "sch"})


class EmailDomain:
    """Compare the domain with the lists and with the web site. Never a reason to refuse by itself."""

    kind = CheckResult.Kind.EMAIL_DOMAIN.value
    name = "own lists"

    def __init__(self, *, exists: Callable[[str], bool] | None = None) -> None:
        """Ask the net for the domain only when ``exists`` is given."""
        self._exists = exists

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Answer from the lists; no network unless it was switched on."""
        domain = facts.contact_email.rpartition("@")[2].strip().lower()
        if not domain:
            return CheckAnswer(CheckResult.Outcome.SKIPPED, _("No e-mail address was given."))
        found = {"domain": domain[:100]}
        for code, names, text in (
            ("throw_away", throw_away_domains(), _("A throw-away mailbox: mail there is lost within hours.")),
            ("free_mail", free_mail_domains(), _("A free mailbox, not the company's own domain.")),
        ):
            if _listed(domain, names):
                return CheckAnswer(CheckResult.Outcome.ATTENTION, text, {**found, "found": code})
        if self._exists is not None and not self._exists(domain):
            text = _("The domain of the address does not exist.")
            return CheckAnswer(CheckResult.Outcome.ATTENTION, text, {**found, "found": "unknown_domain"})
        return _compared(domain, facts.website, found)


def _compared(domain: str, website: str, found: dict[str, str]) -> CheckAnswer:
    host = _host_of(website)
    if not host:
        text = _("A domain of its own. No web site is named to compare it with.")
        return CheckAnswer(CheckResult.Outcome.CLEAR, text, {**found, "found": "own"})
    if registered_domain(host) == registered_domain(domain):
        text = _("The same domain as the web site.")
        return CheckAnswer(CheckResult.Outcome.CLEAR, text, {**found, "found": "own", "website": host[:100]})
    text = _("Another domain than the web site's.")
    return CheckAnswer(
        CheckResult.Outcome.ATTENTION, text, {**found, "found": "other_domain", "website": host[:100]}
    )


def domain_exists(domain: str) -> bool:
    """Return whether the name system knows the domain.

    :raises ProviderUnavailable: when the name system does not answer.
    """
    try:
        socket.getaddrinfo(domain, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            return False
        raise ProviderUnavailable("name_system") from None
    except UnicodeError:
        return False
    return True


def registered_domain(host: str) -> str:
    """Return the part of a host name that somebody registered: "www.shop.co.uk" is "shop.co.uk"."""
    labels = host.lower().strip(".").split(".")
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_SECOND_LEVELS
    return ".".join(labels[-3:] if is_shared else labels[-2:])


@cache
def free_mail_domains() -> frozenset[str]:
    """Return the domains of free mailboxes."""
    return _read("free_mail.txt")


@cache
def throw_away_domains() -> frozenset[str]:
    """Return the domains of mailboxes that are thrown away."""
    return _read("throw_away.txt")


def _read(name: str) -> frozenset[str]:
    lines = (_LISTS / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _listed(domain: str, names: frozenset[str]) -> bool:
    labels = domain.split(".")
    return any(".".join(labels[start:]) in names for start in range(len(labels) - 1))


def _host_of(website: str) -> str:
    try:
        return (urlsplit(website).hostname or "").lower()
    except ValueError:
        return ""
