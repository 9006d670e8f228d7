"""Keep full product keys out of whatever a person or a machine types: names, notes, searches, headers.

A text that looks like a key is refused before any view sees it, so it is in no row, mail, log or page.
Files are read by the importers, which handle keys on their own.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.errors import Invalid, refuse
from portal.actors import request_id_of
from portal.refusals import note_refusal
from reporting.rules.key_pattern import contains_key

GetResponse = Callable[[HttpRequest], HttpResponse]
CODE = "product_key_in_text"
# Never stored as they are, and refusing one would tell about it; a hash is 4,000 characters of base64.
UNREAD_FIELDS = re.compile(r"password|^again$|^csrfmiddlewaretoken$|^hardware_hash$")
UNREAD_HEADERS = ("HTTP_COOKIE", "HTTP_AUTHORIZATION")


class KeyInHeaderMiddleware:
    """Drop a header in which somebody wrote a product key, before the first log line is written."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name, value in list(request.META.items()):
            if name.startswith("HTTP_") and name not in UNREAD_HEADERS and contains_key(str(value)):
                del request.META[name]
        request.__dict__.pop("headers", None)  # Django keeps what it read once
        return self.get_response(request)


class KeyInFieldMiddleware:
    """Refuse a request that brings a product key in its address, a field, or a JSON text."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Answer instead of the view when a key was found; nothing of the request is kept."""
        if not any(contains_key(text) for text in _texts(request)):
            return None
        error = Invalid(
            refuse(
                CODE,
                _("A full product key does not belong into a text. Nothing was stored."),
                rule="KEY-TEXT",
                next_step=_("Remove it. Name a key by its product key id, or by its last five characters."),
                lifted_by=_("You"),
            )
        )
        note_refusal(request, error)
        if request.path.startswith("/api/v1/"):
            return _problem(request, error)
        response = render(request, "422_key.html", status=error.status)
        response["HX-Retarget"] = "body"  # a search box swaps its table only; this is a page
        return response


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path
    yield from _fields(request.GET)
    if request.content_type == "application/json":
        yield from _json_texts(request)
    elif request.method == "POST" and not request.path.startswith("/api/v1/"):
        yield from _fields(request.POST)


def _fields(sent: Any) -> Iterator[str]:
    for name, values in sent.lists():
        yield name
        if not UNREAD_FIELDS.search(name):
            yield from values


def _json_texts(request: HttpRequest) -> Iterator[str]:
    try:
        yield from _inner_texts(json.loads(request.body))
    except (ValueError, RecursionError):
        return  # the view's own reader says what is wrong with it


def _inner_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _inner_texts(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if not UNREAD_FIELDS.search(name):
                yield from _inner_texts(inner)


def _problem(request: HttpRequest, error: Invalid) -> HttpResponse:
    (refusal,) = error.refusals
    return JsonResponse(
        {
            "type": f"urn:refurb-licence-portal:problem:{CODE}",
            "title": "Unprocessable Entity",
            "status": error.status,
            "code": CODE,
            "detail": refusal.what,
            "next_step": refusal.next_step,
            "request_id": request_id_of(request),
        },
        status=error.status,
        content_type="application/problem+json",
    )
