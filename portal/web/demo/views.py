"""The demo's people, and signing in as one with a click. Exists under local settings only."""

from typing import Any

from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.actor import Actor, ActorKind
from core.models import User
from core.tenancy import mar_scope
from partners.selectors.people import houses_by_email, user_by_email
from portal.actors import request_id_of
from portal.demo_people import DEMO_PEOPLE, DemoPerson, person_by_key
from portal.policy import public
from portal.web.public.session import begin_session

GROUPS = (
    ("tpr", _("Refurbishers"), _("They order licences, take keys and report devices.")),
    ("mar", _("The programme office"), _("It stocks the keys, admits partners and talks to Microsoft.")),
    ("compliance", _("Those who watch"), _("They review, read and verify.")),
)


@public
@never_cache
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people of the demo with one sentence each."""
    with mar_scope():  # a visitor who is a partner's person right now would see his own house only
        houses = houses_by_email(person.email for person in DEMO_PEOPLE)
    groups = [
        {
            "title": title,
            "text": text,
            "people": [_shown(person, houses) for person in DEMO_PEOPLE if person.wing == wing],
        }
        for wing, title, text in GROUPS
    ]
    context = {"groups": groups, "is_loaded": bool(houses)}
    return render(request, "demo/people.html", context)


@public
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign the visitor in as one of the people, his second factor counted as fresh."""
    person = person_by_key(request.POST.get("person", ""))
    user = user_by_email(person.email) if person else None
    if person is None or user is None:
        raise Http404
    logout(request)
    begin_session(request, user, with_second_factor=True)
    _audit(request, user, key=person.key)
    return redirect("after-sign-in")


def _shown(person: DemoPerson, houses: dict[str, str]) -> dict[str, Any]:
    return {"person": person, "house": houses.get(person.email), "is_there": person.email in houses}


def _audit(request: HttpRequest, user: User, *, key: str) -> None:
    """Note whose shoes the visitor stepped into, whoever he was before."""
    address = request.META.get("REMOTE_ADDR") or None
    actor = Actor(ActorKind.USER, str(user.pk), user.name, request_id=request_id_of(request), ip=address)
    with mar_scope():
        audit.record("portal.demo.signed_in", by=actor, at=timezone.now(), facts={"person": key})
