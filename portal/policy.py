"""Every route declares who may use it; a test walks the URLconf and fails for one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from portal.navigation import wing_of
from portal.sign_in import is_second_factor_fresh, step_up_url

View = TypeVar("View", bound=Callable[..., HttpResponse])


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may use a route: anyone, anyone signed in, a house's people with a permission, or one applicant.

    ``kind`` is public, signed_in, permission, or guest: whoever has opened his application by its link.
    """

    kind: str
    houses: tuple[str, ...] = ()
    permission: str = ""
    needs_fresh_factor: bool = False


def public(view: View) -> View:
    """Open a view to everyone."""
    view.policy = Policy("public")  # type: ignore[attr-defined]
    return view


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to everyone who is signed in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    checked.policy = Policy("signed_in")  # type: ignore[attr-defined]
    return checked


def allow(
    permission: str, *, houses: tuple[str, ...], fresh_factor: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Open a view to people of these houses ("tpr", "mar", "compliance") who hold the permission.

    A stranger to the house gets 404, a colleague without the right 403. ``fresh_factor`` asks for a
    second factor of the last minutes and comes back here.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            membership = request.membership  # type: ignore[attr-defined]
            if membership is None or wing_of(membership.role) not in houses:
                raise Http404
            if permission not in request.permissions:  # type: ignore[attr-defined]
                raise PermissionDenied(_("Your role does not include this. Ask a colleague who may do it."))
            if fresh_factor and not is_second_factor_fresh(request):
                if request.method == "POST":
                    messages.info(
                        request, _("Nothing was changed yet. Confirm that it is you, then press again.")
                    )
                return redirect(step_up_url(request))
            return view(request, *args, **kwargs)

        checked.policy = Policy("permission", houses, permission, fresh_factor)  # type: ignore[attr-defined]
        return checked

    return decorate
