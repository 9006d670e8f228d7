"""The MAR's home: what needs me."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.policy import allow
from portal.web.mar.alert_words import home_notices
from portal.web.mar.home import figures, tasks_for


@allow("mar.home", houses=("mar",))
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for this person, and how the programme stands."""
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    context = {
        "tasks": tasks_for(permissions),
        "figures": figures(permissions),
        **home_notices(permissions, timezone.now()),
    }
    return render(request, "mar/home.html", context)
