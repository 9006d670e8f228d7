"""Session ages, the tenant transaction of every request, and the mandatory second factor."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from http import HTTPStatus
from ipaddress import ip_address
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from core.tenancy import acting_as, mar_scope, partner_scope
from partners.models import Membership
from partners.models.membership import Role
from partners.models.partner import PartnerState
from partners.rules.permissions import permissions_of
from partners.selectors.people import membership_of
from portal import view_as
from portal.errors import not_opened_so
from portal.refusals import audit_refusals
from portal.sign_in import missing_step, waits_for_link
from portal.sign_in_sessions import begin_following, keep_following

GetResponse = Callable[[HttpRequest], HttpResponse]
STARTED_AT = "portal_started_at"
SEEN_AT = "portal_seen_at"
IDLE_SECONDS = "portal_idle_seconds"
SEEN_STEP_SECONDS = 60
KEPT_AT_THE_END = frozenset({"exit.file"})
# Pages on which a person without a second factor may be: to set one up, or to leave.
OPEN_WITHOUT_SECOND_FACTOR = ("/accounts/", "/static/", "/health/", "/demo/", "/api/", "/theme/")
FACTOR_PAGES, RESET_PAGES = "/accounts/2fa/", "/accounts/2fa/reset/"


class ClientAddressMiddleware:
    """Take the visitor's address from the proxies in front, and from nobody else.

    Each proxy of ours appends the address it saw to X-Forwarded-For, so the visitor's stands as many
    places from the right as there are proxies; what a visitor wrote himself stands further left.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies = settings.TRUSTED_PROXY_COUNT
        seen = [
            part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
        ]
        if proxies and len(seen) >= proxies and is_address(seen[-proxies]):
            request.META["REMOTE_ADDR"] = seen[-proxies]
        # Nothing behind this line may trust what a visitor can write.
        request.META.pop("HTTP_X_FORWARDED_FOR", None)
        return self.get_response(request)


class SessionAgeMiddleware:
    """End a session that was idle too long, or has lasted longer than a working day."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._check(request, time.time())
        return self.get_response(request)

    def _check(self, request: HttpRequest, now: float) -> None:
        session = request.session
        started, seen = session.get(STARTED_AT), session.get(SEEN_AT)
        if started is None or seen is None:
            if request.user.is_authenticated:
                session[STARTED_AT] = session[SEEN_AT] = now
                begin_following(request)
            return
        idle = session.get(IDLE_SECONDS, settings.SESSION_IDLE_SECONDS)
        if now - seen > idle or now - started > settings.SESSION_COOKIE_AGE:
            logout(request)
        elif now - seen > SEEN_STEP_SECONDS:
            session[SEEN_AT] = now
            keep_following(request)


class TenantMiddleware:
    """Run every request in one transaction, held to the data of the person's house.

    A response of 400 and above rolls the transaction back, unless the view says that the good half of
    a form stays; refusals noted on the way are audited afterwards in their own transaction.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identify(request)
        with timezone.override(zone_of(request)), acting_as(person_of(request)), scope_of(request):
            response = self.get_response(request)
            if response.status_code >= 400 and not getattr(request, "keeps_writes", False):
                transaction.set_rollback(True)
        audit_refusals(request)
        view_as.note_end(request)
        return response


class OpenedByHandMiddleware:
    """Give a person who opens the address of a button a page that says so, with the methods that are allowed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or request.method != "GET":
            return response
        if request.path.startswith("/api/"):
            return response
        page = not_opened_so(request)
        page["Allow"] = response["Allow"]
        return page


class SecondFactorMiddleware:
    """Lead a person who lacks the second factor of his role to it; nothing else opens before."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not request.path.startswith(OPEN_WITHOUT_SECOND_FACTOR):
            place = missing_step(request)
            if place is not None:
                return redirect(place)
        is_factor_page = request.path.startswith(FACTOR_PAGES) and not request.path.startswith(RESET_PAGES)
        if is_factor_page and request.user.is_authenticated and waits_for_link(request):
            return redirect("factor-reset-wait")
        return self.get_response(request)


def is_address(text: str) -> bool:
    """Return whether the text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def identify(request: HttpRequest) -> None:
    """Note on the request whose membership and permissions it carries."""
    request.membership = None  # type: ignore[attr-defined]
    request.permissions = frozenset()  # type: ignore[attr-defined]
    request.api_key = None  # type: ignore[attr-defined]
    request.refused = []  # type: ignore[attr-defined]
    request.view_as = None  # type: ignore[attr-defined]
    if request.path.startswith("/api/v1/"):
        from portal.api.authentication import find_api_key

        request.api_key = find_api_key(request)  # type: ignore[attr-defined]
    elif settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        membership = membership_of(request.user, at=timezone.now())
        request.membership = membership  # type: ignore[attr-defined]
        if membership is not None:
            request.permissions = permissions_at(membership)  # type: ignore[attr-defined]
            _limit_idleness(request)
            view_as.apply(request, at=timezone.now())


def permissions_at(membership: Membership) -> frozenset[str]:
    """Return what a person may do: at a partner whose contract has ended, read and take his data along."""
    own = permissions_of(membership.role)
    is_over = membership.partner is not None and membership.partner.state == PartnerState.TERMINATED
    return permissions_of(Role.TPR_READONLY) | (own & KEPT_AT_THE_END) if is_over else own


def _limit_idleness(request: HttpRequest) -> None:
    """Shorten the session of who may look at keys; the next request is held to it."""
    may_see_keys = "key.reveal" in request.permissions  # type: ignore[attr-defined]
    limit = settings.SESSION_IDLE_SECONDS_WITH_KEYS if may_see_keys else settings.SESSION_IDLE_SECONDS
    if request.session.get(IDLE_SECONDS) != limit:
        request.session[IDLE_SECONDS] = limit


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """Return the person's own time zone, None (UTC) for visitors and machines."""
    if request.membership is None:  # type: ignore[attr-defined]
        return None
    try:
        return ZoneInfo(request.user.time_zone)  # type: ignore[union-attr]
    except (ZoneInfoNotFoundError, ValueError):
        return None


def person_of(request: HttpRequest) -> UUID | None:
    """Return the person whose membership the request carries, None for machines and visitors."""
    return request.user.pk if request.membership is not None else None  # type: ignore[attr-defined]


def scope_of(request: HttpRequest) -> AbstractContextManager[None]:
    """Return the scope of the request: one partner's, the MAR's, or a plain transaction."""
    holder = request.api_key or request.membership  # type: ignore[attr-defined]
    if holder is None:
        return transaction.atomic()
    partner_id: UUID | None = holder.partner_id
    return partner_scope(partner_id) if partner_id else mar_scope()
