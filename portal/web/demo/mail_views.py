"""The mails of a local portal, read from the folder they were written to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.policy import public
from portal.web.demo.mailbox import newest, read


@public
@never_cache
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """List the newest mails."""
    return render(request, "demo/mail_list.html", {"mails": newest()})


@public
@never_cache
@require_safe
def mail_detail(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show one mail as text, its links to this portal clickable."""
    mail = read(name, number)
    if mail is None:
        raise Http404
    return render(request, "demo/mail_detail.html", {"mail": mail})
