"""Pages for everyone: the programme page, the look, and the way to one's own wing."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from core.models import User
from partners.selectors.terms import missing_terms
from portal.navigation import wing_of
from portal.policy import public, signed_in

THEME_SECONDS = 365 * 24 * 3600


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what the programme is and who can join."""
    return render(request, "public/home.html")


@signed_in
@require_safe
def after_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead a person to the home of his house, an owner first to terms he has to accept."""
    membership = request.membership  # type: ignore[attr-defined]
    if membership is None:
        return render(request, "public/no_membership.html", status=403)
    if "terms.accept" in request.permissions and missing_terms(membership.partner_id, timezone.now()):  # type: ignore[attr-defined]
        return redirect("terms")
    return redirect(f"{wing_of(membership.role)}:home")


@public
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the look: light, dark, or as the device says."""
    theme = request.POST.get("theme", "system")
    back = request.POST.get("next", "/")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    # Not redirect(): it would take a word for the name of a route.
    response = HttpResponseRedirect(back if is_ours and back.startswith("/") and back.isprintable() else "/")
    if theme in User.Theme.values:
        response.set_cookie(
            "theme",
            theme,
            THEME_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
