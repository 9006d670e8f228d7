"""The demo's people, and signing in as one with a click. Exists under local settings only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.policy import public


@public
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people of the demo with one sentence each."""
    return render(request, "demo/people.html", {"groups": []})


@public
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign the visitor in as one of the people."""
    raise NotImplementedError
