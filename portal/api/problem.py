"""Errors as problem details (RFC 9457), with the same codes and words as the screens."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import DomainError, Refusal
from licensing.rules.key_syntax import mask_keys
from portal.actors import request_id_of
from portal.refusals import note_refusal

MEDIA_TYPE = "application/problem+json"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the problem document of an error; None lets a fault of ours become a 500."""
    request = context["request"]._request
    set_rollback()
    if isinstance(error, DomainError):
        note_refusal(request, error)
        return problem(request, error.status, error.code, _refusal_members(error.refusals))
    if isinstance(error, Http404):
        return problem(request, 404, "not_found", {"detail": _("There is no such object.")})
    if isinstance(error, PermissionDenied):
        return problem(request, 403, "permission_denied", {"detail": str(error)})
    if isinstance(error, exceptions.ValidationError):
        return problem(
            request,
            422,
            "invalid",
            {"detail": _("Some fields are wrong."), "errors": list(_fields(error.detail))},
        )
    if isinstance(error, exceptions.APIException):
        response = problem(request, error.status_code, _code_of(error), {"detail": str(error.detail)})
        if header := getattr(error, "auth_header", None):
            response["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            response["Retry-After"] = str(int(wait))
        return response
    return None


def problem(request: Any, status: int, code: str, members: dict[str, Any]) -> Response:
    """Return a problem document with a stable code and the request's id."""
    body = {
        "type": f"urn:refurb-licence-portal:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        **members,
        "request_id": request_id_of(request),
    }
    return Response(body, status=status, content_type=MEDIA_TYPE)


def _refusal_members(refusals: tuple[Refusal, ...]) -> dict[str, Any]:
    """Return what was refused and why. A product key sent in a wrong field is not said back."""
    return {
        "detail": mask_keys(" ".join(refusal.what for refusal in refusals)),
        "refusals": [{"code": refusal.code, **refusal_members(refusal)} for refusal in refusals],
    }


def refusal_members(refusal: Refusal | None) -> dict[str, Any]:
    """Return one refusal as the API says it, of an open gate none."""
    if refusal is None:
        return {"refusal": None}
    return {
        "refusal": refusal.code,
        "what": mask_keys(refusal.what),
        "rule": refusal.rule,
        "rule_version": refusal.rule_version,
        "rule_valid_from": refusal.rule_since.isoformat(),
        "facts": {str(label): mask_keys(str(value)) for label, value in refusal.facts.items()},
        "missing": {str(label): mask_keys(str(value)) for label, value in refusal.missing.items()},
        "next_step": refusal.next_step,
        "lifted_by": refusal.lifted_by,
        "until": refusal.until.isoformat() if refusal.until else None,
        "fix_path": refusal.fix_path,
    }


def _code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _fields(detail: Any, pointer: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _fields(inner, f"{pointer}/{name}")
    elif isinstance(detail, list):
        for inner in detail:
            yield from _fields(inner, pointer)
    else:
        yield {"pointer": pointer or "/", "code": getattr(detail, "code", "invalid"), "message": str(detail)}
