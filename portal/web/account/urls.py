"""Addresses under /accounts/: allauth's, some with the portal's own views in their place."""

from collections.abc import Iterable, Mapping
from typing import Any

import allauth.urls
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe

from portal.policy import public
from portal.web.account import factor_views, reset_views, session_views


@public
@require_safe
def no_such_page(_request: HttpRequest) -> HttpResponse:
    """Answer in the place of a page of the library that the portal does not have.

    The address is changed by no one on his own: whoever knows a password alone could otherwise move
    an account to his own mailbox, and with it the link that resets a lost factor.
    """
    raise Http404


OWN_VIEWS: Mapping[str, Any] = {
    "account_email": no_such_page,
    "mfa_index": factor_views.OverviewView.as_view(),
    "mfa_add_webauthn": factor_views.AddPasskeyView.as_view(),
    "mfa_activate_totp": factor_views.SetUpAppView.as_view(),
    "mfa_remove_webauthn": factor_views.RemovePasskeyView.as_view(),
    "mfa_reauthenticate_webauthn": factor_views.ConfirmByPasskeyView.as_view(),
}


def with_own_views(patterns: Iterable[Any]) -> list[Any]:
    """Return the patterns with the portal's views in the places named by OWN_VIEWS."""
    return [_with_own_view(pattern) for pattern in patterns]


def _with_own_view(pattern: Any) -> Any:
    if isinstance(pattern, URLResolver):
        inner = with_own_views(pattern.url_patterns)
        return URLResolver(
            pattern.pattern, inner, pattern.default_kwargs, pattern.app_name, pattern.namespace
        )
    view = OWN_VIEWS.get(pattern.name or "", pattern.callback)
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


urlpatterns = [
    path("2fa/replace/", factor_views.replace, name="factor-replace"),
    path("2fa/reset/", reset_views.wait, name="factor-reset-wait"),
    path("2fa/reset/<str:token>/", reset_views.open_link, name="factor-reset-open"),
    path("sessions/", session_views.sessions, name="session-list"),
    path("sessions/end-others/", session_views.end_others, name="session-end-others"),
    path("sessions/<uuid:session_id>/end/", session_views.end, name="session-end"),
    *with_own_views(allauth.urls.urlpatterns),
]
