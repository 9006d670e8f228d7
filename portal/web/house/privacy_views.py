"""One's own data: what is stored, a copy of it, and the wish to be forgotten."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.errors import DomainError
from core.models import User
from core.tenancy import mar_scope
from partners.selectors.personal_data import open_erasure_of, personal_data_of
from partners.services.privacy import request_erasure
from portal.actors import actor_of
from portal.policy import signed_in
from portal.sign_in import is_second_factor_fresh, step_up_url
from portal.web.refused import render_refused

HEADINGS = {
    "account": gettext_lazy("Account: name, e-mail address, language, time zone"),
    "memberships": gettext_lazy("Roles at organisations"),
    "second_factors": gettext_lazy("Second factors: kind and dates"),
    "sign_ins": gettext_lazy("Sign-ins of the last 90 days: device and address"),
    "invitations": gettext_lazy("Invitations to your address"),
    "applications": gettext_lazy("Applications with you as the contact"),
    "named_contacts": gettext_lazy("Entries as a named contact"),
    "accepted_terms": gettext_lazy("Terms accepted for your company"),
    "courses": gettext_lazy("Courses taken"),
    "acts": gettext_lazy("Acts in the audit log"),
    "erasure_requests": gettext_lazy("Requests to be forgotten"),
}


@signed_in
@never_cache
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is stored about the person, in numbers."""
    return render(request, "house/privacy.html", _context(request))


@signed_in
@never_cache
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Hand over everything stored about the person, as one JSON file."""
    if not is_second_factor_fresh(request):
        return redirect(step_up_url(request))
    user = _person(request)
    with mar_scope():  # his applications and invitations stand outside his house's rows
        copy = personal_data_of(user.pk)
        audit.record(
            "partners.personal_data.exported", by=actor_of(request), at=timezone.now(),
            object_type="user", object_id=user.pk,
        )  # fmt: skip
    response = HttpResponse(
        json.dumps(copy, ensure_ascii=False, indent=2, default=str), content_type="application/json"
    )
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@signed_in
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask to be forgotten; another person carries it out."""
    if not is_second_factor_fresh(request):
        return redirect(step_up_url(request))
    try:
        with mar_scope():  # also for somebody who belongs to no house any more
            request_erasure(_person(request).pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "house/privacy.html", _context(request), error)
    messages.success(
        request, _("Your request is with the programme office. Until it is done you may sign in.")
    )
    return redirect("privacy")


def _context(request: HttpRequest) -> dict[str, object]:
    user = _person(request)
    with mar_scope():
        stored = personal_data_of(user.pk)
        open_request = open_erasure_of(user.pk)
    counts = [(HEADINGS[name], len(rows)) for name, rows in stored.items()]
    return {"counts": counts, "open_request": open_request}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (the policy let a signed-in person in)
    return request.user
