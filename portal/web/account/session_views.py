"""Where one is signed in: the list, ending one, ending all others."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.models import User
from core.selectors.sessions import open_sessions_of
from core.services.sessions import end_session, end_sessions
from portal.actors import actor_of
from portal.policy import signed_in


@signed_in
@never_cache
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the sign-ins that still open the portal."""
    lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    rows = open_sessions_of(_person(request).pk, at=timezone.now(), lifetime=lifetime)
    context = {"sessions": rows, "this_key": request.session.session_key}
    return render(request, "account/sessions.html", context)


@signed_in
@require_POST
def end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one of one's own sign-ins at once."""
    if not end_session(session_id, user_id=_person(request).pk, at=timezone.now()):
        raise Http404
    _audit(request, ended=1)
    messages.success(request, _("That session has ended."))
    return redirect("session-list")


@signed_in
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End every sign-in but this one."""
    ended = end_sessions(_person(request).pk, at=timezone.now(), but=request.session.session_key)
    _audit(request, ended=ended)
    done = ngettext("%(count)d other session has ended.", "%(count)d other sessions have ended.", ended)
    messages.success(request, done % {"count": ended})
    return redirect("session-list")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (the policy let a signed-in person in)
    return request.user


def _audit(request: HttpRequest, *, ended: int) -> None:
    audit.record(
        "portal.sessions.ended",
        by=actor_of(request),
        at=timezone.now(),
        object_type="user",
        object_id=_person(request).pk,
        facts={"ended": ended},
    )
