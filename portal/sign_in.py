"""How strongly and how lately a person proved who he is."""

import time
from typing import Any
from urllib.parse import urlsplit

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from core.models import User
from partners.selectors.factor_resets import open_reset_of
from portal.factors import ANY, APP, PASSKEY, RECOVERY, kinds_for

# Kinds of factor set up in this session: setting one up proves that one has it.
ENROLLED = "portal_enrolled"
# The reset whose link was opened in this session.
OPENED_RESET = "portal_opened_reset"
_WORDS = {APP: "app", PASSKEY: "passkey", RECOVERY: "recovery"}


def kinds_of(request: HttpRequest) -> frozenset[str]:
    """Return the kinds of factor that count for the person of this request."""
    membership = getattr(request, "membership", None)
    return kinds_for(membership.role if membership else None)


def has_factor(user: User, kinds: frozenset[str] = ANY) -> bool:
    """Return whether the person has set up a factor of one of these kinds."""
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())


def second_factor_age(request: HttpRequest) -> float | None:
    """Return the seconds since the last second factor that counts in this session, None without one."""
    times = _times(request, kinds_of(request))
    return time.time() - max(times) if times else None


def is_second_factor_fresh(request: HttpRequest) -> bool:
    """Return whether the second factor is recent enough for what cannot be undone."""
    age = second_factor_age(request)
    return age is not None and age <= settings.STEP_UP_SECONDS


def strength_of(request: HttpRequest) -> str:
    """Return the ways the person proved himself in this session: password+passkey."""
    ways = {_way(record) for record in get_authentication_records(request, request.user)}
    return "+".join(sorted(ways, key=lambda way: (way != "password", way)))[:40]


def came_by_recovery_code(request: HttpRequest) -> bool:
    """Return whether a recovery code stands for a lost factor that has not been replaced yet."""
    opened = _times(request, frozenset({RECOVERY}))
    if not opened or request.session.get(ENROLLED):
        return False
    return max(opened) > max(_times(request, ANY), default=0)


def has_proved(request: HttpRequest, kinds: frozenset[str]) -> bool:
    """Return whether this session has seen a factor of one of these kinds."""
    return bool(_times(request, kinds)) or not kinds.isdisjoint(request.session.get(ENROLLED, []))


def note_enrolment(request: HttpRequest, kind: str) -> None:
    """Remember that the person set up a factor of this kind in this session."""
    if kind in ANY:
        request.session[ENROLLED] = sorted({*request.session.get(ENROLLED, []), kind})


def waits_for_link(request: HttpRequest) -> bool:
    """Return whether a colleague reset the person's factors and the mail's link was not opened here."""
    user = request.user
    if not isinstance(user, User) or has_factor(user):
        return False
    reset = open_reset_of(user.pk)
    return reset is not None and request.session.get(OPENED_RESET) != str(reset.pk)


def missing_step(request: HttpRequest) -> str | None:
    """Return where the person must go before anything else, None when nothing is missing."""
    user, kinds = request.user, kinds_of(request)
    assert isinstance(user, User)  # noqa: S101  (asked of signed-in people only)
    if waits_for_link(request):
        return reverse("factor-reset-wait")
    if not has_factor(user, kinds):
        return reverse("mfa_activate_totp" if APP in kinds else "mfa_add_webauthn")
    if came_by_recovery_code(request):
        return reverse("factor-replace")
    if not has_proved(request, kinds):
        return step_up_url(request)
    return None


def step_up_url(request: HttpRequest) -> str:
    """Return the page that asks for a fresh factor and comes back to where the person was."""
    assert isinstance(request.user, User)  # noqa: S101  (asked of signed-in people only)
    by_passkey = has_factor(request.user, frozenset({PASSKEY}))
    page = reverse("mfa_reauthenticate_webauthn" if by_passkey else "mfa_reauthenticate")
    return f"{page}?{urlencode({'next': _way_back(request)})}"


def _way_back(request: HttpRequest) -> str:
    """Return the page to come back to: for a form that was sent, the page on which it stands."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return reverse("after-sign-in")
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _times(request: HttpRequest, kinds: frozenset[str]) -> list[float]:
    return [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa" and record.get("type") in kinds
    ]


def _way(record: dict[str, Any]) -> str:
    method = str(record.get("method"))
    return _WORDS.get(str(record.get("type")), method) if method == "mfa" else method
