"""A second step that a colleague has reset: wait for the mail, open its link, set up anew."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.errors import DomainError, NotFound
from partners.services.factor_resets import find_open_reset
from portal.policy import signed_in
from portal.sign_in import OPENED_RESET
from portal.web.refused import render_refused


@signed_in
@never_cache
@require_safe
def wait(request: HttpRequest) -> HttpResponse:
    """Say that the link of the mail comes first."""
    return render(request, "mfa/reset_wait.html")


@signed_in
@never_cache
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let the person whose link it is set up a factor in this session."""
    try:
        reset = find_open_reset(token, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "mfa/reset_wait.html", {}, error)
    if reset.user_id != request.user.pk:
        raise Http404
    request.session[OPENED_RESET] = str(reset.pk)
    return redirect("after-sign-in")
