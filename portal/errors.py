"""Error pages: what happened and the way out."""

import sys
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from portal.actors import request_id_of

RETRY_SECONDS = 5  # Postgres is back from a crash within seconds

# What a machine reads; a person gets a page with the same words and the way out.
DETAILS = {
    "bad_request": _("The request could not be read. Nothing was changed."),
    "too_large": _("The request is larger than the portal accepts. Nothing was stored."),
    "permission_denied": _("This is not allowed."),
    "not_found": _("There is no such address."),
    "not_allowed": _("This address does not take this method."),
    "unavailable": _("The database does not answer right now. Nothing was stored. Try again in a moment."),
    "server_error": _("The portal made a mistake. Quote the request id when you ask for help."),
    "csrf": _("The form is too old or comes from elsewhere. Open it again."),
}


def _page(
    request: HttpRequest, template: str, status: int, code: str, context: dict[str, str] | None = None
) -> HttpResponse:
    """Answer a person with a page and a machine with a problem document."""
    if request.path.startswith("/api/v1/"):
        body = {
            "type": f"urn:refurb-licence-portal:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": DETAILS[code],
        }
        return JsonResponse(
            {**body, "request_id": request_id_of(request)},
            status=status,
            content_type="application/problem+json",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return HttpResponse(render_to_string(template, {"request_id": request_id_of(request)}), status=status)
    return render(request, template, context or {}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that cannot be read; one that is too large gets 413."""
    if isinstance(exception, RequestDataTooBig):
        return _page(request, "413.html", 413, "too_large")
    return _page(request, "400.html", 400, "bad_request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a person whose role does not hold the right."""
    return _page(request, "403.html", 403, "permission_denied", {"reason": str(exception or "")})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer for a page that does not exist, or not for this person."""
    return _page(request, "404.html", 404, "not_found")


def not_opened_so(request: HttpRequest) -> HttpResponse:
    """Answer a person who opens what only a form may send to; a browser would show an empty page."""
    return _page(request, "405.html", 405, "not_allowed")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of ours, or when the database is away for a moment: then with Retry-After.

    Called by Django while the exception is being handled. No query and no context processor runs here.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = _page(request, "503.html", 503, "unavailable")
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
    return _page(request, "500.html", 500, "server_error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose protection token is missing or old."""
    return _page(request, "403_csrf.html", 403, "csrf")
