"""Look at a partner's pages as he sees them: for half an hour, with a reason, without any power.

One place enforces it. While a view runs, the request carries the partner's scope and the rights of a
reader, whoever looks; a method that could change something is refused before its view is found out;
pages of anybody's own sign-in, of the MAR and of the demo are closed. Each page, the begin and the end
are audited under the partner, who reads them in his history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError, refuse
from core.tenancy import mar_scope
from partners.models import Membership, Partner
from partners.models.membership import Role
from partners.rules.permissions import permissions_of
from partners.selectors.partners import partner_by_id
from portal.actors import actor_of
from portal.logs import scrub
from portal.web.refused import render_refused

SESSION_KEY = "portal_view_as"
PERMISSION = "partner.view_as"
LASTS = timedelta(minutes=30)
SAFE_METHODS = frozenset({"GET", "HEAD"})
END = "view-as-end"
# What a reader of the partner sees; nothing of it shows or hands out a key.
PERMISSIONS = frozenset(
    permission for permission in permissions_of(Role.TPR_READONLY) if permission.endswith((".view", ".home"))
)


@dataclass(frozen=True, slots=True)
class PartnerView:
    """One running look at a partner's pages."""

    partner_id: UUID
    reason: str
    until: datetime


def begin(request: HttpRequest, partner: Partner, *, reason: str, at: datetime) -> None:
    """Start a view in this session, and note it under the partner."""
    until = at + LASTS
    request.session[SESSION_KEY] = {
        "partner_id": str(partner.pk), "reason": reason, "until": until.isoformat(), "user": str(request.user.pk),
    }  # fmt: skip
    _audit(request, "begun", partner.pk, at=at, reason=reason, until=until.isoformat())


def end(request: HttpRequest, *, at: datetime, why: str) -> PartnerView | None:
    """Stop the view of this session, and note it under the partner; None when none ran."""
    view = _of_session(request.session)
    request.session.pop(SESSION_KEY, None)
    if view is not None:
        _audit(request, "ended", view.partner_id, at=at, why=why)
    return view


def apply(request: HttpRequest, *, at: datetime) -> None:
    """Put the partner's membership and a reader's rights on the request while a view runs.

    Called once the real membership is known. The view ends by itself when its time is over, or when
    the person no longer has the right to look.
    """
    request.view_as = None  # type: ignore[attr-defined]
    request.view_as_over = None  # type: ignore[attr-defined]
    if SESSION_KEY not in request.session:
        return
    view = _of_session(request.session)
    is_his = request.session[SESSION_KEY].get("user") == str(request.user.pk)
    may_look = is_his and PERMISSION in request.permissions  # type: ignore[attr-defined]
    if view is None or not may_look or at >= view.until:
        request.view_as_over = view  # type: ignore[attr-defined]
        request.session.pop(SESSION_KEY, None)
        return
    with mar_scope():
        partner = partner_by_id(view.partner_id)
    if partner is None:
        return
    request.view_as = view  # type: ignore[attr-defined]
    request.membership = Membership(  # type: ignore[attr-defined]
        user=request.user,  # type: ignore[misc]
        partner=partner,
        role=Role.TPR_READONLY,
    )
    request.permissions = PERMISSIONS  # type: ignore[attr-defined]


class NoPower(DomainError):
    """A look may not do this."""

    status = 403


class ViewAsMiddleware:
    """Refuse everything a view has no power for, and note each page it shows. Stands inside the tenant's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_arguments: Any
    ) -> HttpResponse | None:
        """Answer instead of the view where a look has no power."""
        looking: PartnerView | None = getattr(request, "view_as", None)
        if looking is None or _is_end(request):
            return None
        if request.method not in SAFE_METHODS or not _is_partners_page(view):
            return render_refused(request, "house/refused.html", {}, _no_power())
        _audit(request, "page_seen", looking.partner_id, at=timezone.now(), path=scrub(request.path))
        return None


def note_end(request: HttpRequest) -> None:
    """Note a look that ended by itself, outside the request's own transaction, which may be rolled back."""
    over: PartnerView | None = getattr(request, "view_as_over", None)
    if over is not None:
        with mar_scope():
            _audit(request, "ended", over.partner_id, at=timezone.now(), why="time")


def _no_power() -> NoPower:
    return NoPower(
        refuse(
            "view_has_no_power",
            _("You look at a partner’s pages and have no power there. Nothing was done."),
            rule="P-VIEW-1",
            next_step=_("End the look in the band above to act under your own name."),
            lifted_by=_("You, by ending the look"),
        )
    )


def _is_end(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and match.view_name == END


def _is_partners_page(view: Callable[..., Any]) -> bool:
    """Return whether a page belongs to the partner's people by a permission; nothing else is opened."""
    policy = getattr(view, "policy", None)
    return policy is not None and policy.kind == "permission" and "tpr" in policy.houses


def _of_session(session: SessionBase) -> PartnerView | None:
    found = session.get(SESSION_KEY)
    if not isinstance(found, dict):
        return None
    return PartnerView(
        UUID(found["partner_id"]), str(found["reason"]), datetime.fromisoformat(found["until"])
    )


def _audit(request: HttpRequest, act: str, partner_id: UUID, *, at: datetime, **facts: str) -> None:
    audit.record(
        f"portal.view_as.{act}",
        by=actor_of(request),
        at=at,
        object_type="partner",
        object_id=partner_id,
        partner_id=partner_id,
        facts=facts,
    )
