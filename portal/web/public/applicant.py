"""Who the applicant is: the session holds one application for twelve hours."""

import time
from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from core.tenancy import guest_scope
from partners.models import Application
from partners.selectors.drafts import application_of_guest
from portal.policy import Policy

HELD = "applicant"
HELD_SECONDS = 12 * 3600


def hold(request: HttpRequest, application: Application) -> None:
    """Let this browser go on with the application for twelve hours."""
    request.session.cycle_key()
    request.session[HELD] = {"id": str(application.pk), "until": time.time() + HELD_SECONDS}


def let_go(request: HttpRequest) -> None:
    """Forget the application in this browser."""
    request.session.pop(HELD, None)


def held_id(request: HttpRequest) -> UUID | None:
    """Return the application this browser holds, None when it holds none or no longer."""
    held = request.session.get(HELD)
    if not held or held["until"] < time.time() or request.membership is not None:  # type: ignore[attr-defined]
        return None
    return UUID(held["id"])


def applicant(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to whoever holds an application; the view gets it, inside its guest's scope."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        application_id = held_id(request)
        if application_id is None:
            return redirect("apply")
        with guest_scope(application_id):
            application = application_of_guest(application_id)
            if application is None:
                let_go(request)
                return redirect("apply")
            return view(request, application, *args, **kwargs)

    checked.policy = Policy("guest")  # type: ignore[attr-defined]
    return checked


def keep_writes(request: HttpRequest) -> None:
    """Let what this request wrote stay although its answer is an error: the good half of a page is kept."""
    request.keeps_writes = True  # type: ignore[attr-defined]
