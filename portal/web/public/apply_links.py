"""The way back to an application: ask for a link, and open one together with its address."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from partners.services.applicant_links import open_application, send_resume_link
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import public
from portal.web.public.applicant import hold
from portal.web.public.apply_forms import EmailForm
from portal.web.refused import render_refused
from portal.web.throttle import Throttle

HOUR = 3600
asking = Throttle("apply-link", limit=10, seconds=HOUR)
same_address = Throttle("apply-link-address", limit=3, seconds=HOUR)
opening = Throttle("apply-open", limit=10, seconds=HOUR)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """Have a new link sent; the answer is the same whether the address has an application or not."""
    form = EmailForm(request.POST) if request.method == "POST" else EmailForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "public/apply_resume.html", {"form": form}, status=status)
    if not asking.is_open(request.META.get("REMOTE_ADDR")):
        return _wait(request, form, "public/apply_resume.html")
    email = form.cleaned_data["email"].lower()
    if same_address.is_open(email):  # beyond that it is silently not sent: nobody's mailbox is flooded
        send_resume_link(email, at=timezone.now())
    return render(request, "public/apply_link_sent.html", {"email": email})


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, application_id: UUID, token: str) -> HttpResponse:
    """Ask for the address the link was sent to, and go on with the application."""
    if request.membership is not None:  # type: ignore[attr-defined]
        return render(request, "public/apply_signed_in.html")
    form = EmailForm(request.POST) if request.method == "POST" else EmailForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "public/apply_open.html", {"form": form}, status=status)
    if not opening.is_open(str(application_id)):
        return _wait(request, form, "public/apply_open.html")
    try:
        application = open_application(
            application_id, token, email=form.cleaned_data["email"], by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, "public/apply_open.html", {"form": EmailForm()}, error)
    hold(request, application)
    return redirect("apply-tasks")


def _wait(request: HttpRequest, form: EmailForm, template: str) -> HttpResponse:
    form.add_error(None, _("Too many tries within an hour. Try again in an hour."))
    response = render(request, template, {"form": form}, status=429)
    response["Retry-After"] = str(HOUR)
    return response
