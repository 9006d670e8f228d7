"""Colleagues: who is here, with which role, and who is invited."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from partners.models import Invitation, Membership
from partners.rules.people import roles_of_house
from partners.selectors.people import open_invitation_of, open_invitations_of, people_of, person_of
from partners.services.invitations import cancel_invitation, invite_person, resend_invitation
from partners.services.people import change_role, remove_person
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Table, render_table
from portal.web.house.roles import ROLE_SENTENCES
from portal.web.refused import render_refused

HOUSES = ("tpr", "mar")


class PeopleTable(Table):
    """The people of a house. A row opens the change of the role."""

    dom_id = "people"
    caption = gettext_lazy("People")
    columns = (
        Column("name", gettext_lazy("Name"), accessor="user.name", sort="user__name", primary=True),
        Column(
            "email", gettext_lazy("E-mail address"), kind="mono", accessor="user.email", sort="user__email"
        ),
        Column("role", gettext_lazy("Role"), accessor="role_label", sort="role"),
        Column("since", gettext_lazy("Since"), kind="date", accessor="created_at", sort="created_at"),
        Column("seen", gettext_lazy("Last signed in"), kind="ago", accessor="user.last_login"),
    )
    order = "name"

    def row_url(self, row: Membership) -> str:
        """Return the page of a person's role."""
        return reverse("people-role", args=[row.pk])


class RoleForm(forms.Form):
    """One role of the house."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, is_partner: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = [
            (role.value, f"{role.label}: {ROLE_SENTENCES[role]}")
            for role in roles_of_house(is_partner=is_partner)
        ]


class InvitationForm(RoleForm):
    """Whom to invite."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        validators=[plain_text],
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("The invitation goes there. The address is the name to sign in with."),
        widget=forms.EmailInput({"autocomplete": "off", "inputmode": "email"}),
    )
    field_order = ("name", "email", "role")


@allow("people.manage", houses=HOUSES)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people of the own house and the invitations still open."""
    partner_id = _house(request)
    context = {
        "table": PeopleTable(request, people_of(partner_id)),
        "invitations": open_invitations_of(partner_id, at=timezone.now()),
    }
    return render_table(request, "house/people.html", context)


@allow("people.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite a colleague."""
    partner_id = _house(request)
    form = InvitationForm(request.POST or None, is_partner=partner_id is not None)
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "house/people_invite.html", {"form": form}, status=status)
    try:
        invited = invite_person(
            partner_id=partner_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data
        )
    except DomainError as error:
        return render_refused(request, "house/people_invite.html", {"form": form}, error)
    messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invited.email})
    return redirect("people")


@allow("people.manage", houses=HOUSES)
@require_POST
def cancel(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an open invitation back."""
    return _with_invitation(request, invitation_id, cancel_invitation, _("The invitation is taken back."))


@allow("people.manage", houses=HOUSES)
@require_POST
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Send a fresh link; the one before no longer opens."""
    return _with_invitation(request, invitation_id, resend_invitation, _("A fresh link is on its way."))


def _with_invitation(
    request: HttpRequest, invitation_id: UUID, act: Callable[..., Invitation], done: str
) -> HttpResponse:
    partner_id, now = _house(request), timezone.now()
    if open_invitation_of(invitation_id, partner_id, at=now) is None:
        raise Http404
    try:
        act(invitation_id, partner_id=partner_id, by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, "house/refused.html", {}, error)
    messages.success(request, done)
    return redirect("people")


@allow("people.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Give a colleague another role."""
    partner_id = _house(request)
    person = _person(membership_id, partner_id)
    form = RoleForm(request.POST or None, is_partner=partner_id is not None, initial={"role": person.role})
    context = {"form": form, "person": person}
    if not form.is_valid():
        return render(
            request, "house/people_role.html", context, status=FORM_ERROR_STATUS if form.is_bound else 200
        )
    try:
        change_role(
            membership_id,
            partner_id=partner_id,
            role=form.cleaned_data["role"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "house/people_role.html", context, error)
    messages.success(request, _("The role is changed."))
    return redirect("people")


@allow("people.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """End a colleague's access."""
    partner_id = _house(request)
    context = {"person": _person(membership_id, partner_id)}
    if request.method != "POST":
        return render(request, "house/people_remove.html", context)
    try:
        remove_person(membership_id, partner_id=partner_id, by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "house/people_remove.html", context, error)
    messages.success(request, _("The access has ended."))
    return redirect("people")


def _house(request: HttpRequest) -> UUID | None:
    partner_id: UUID | None = request.membership.partner_id  # type: ignore[attr-defined]
    return partner_id


def _person(membership_id: UUID, partner_id: UUID | None) -> Membership:
    person = person_of(membership_id, partner_id)
    if person is None:
        raise Http404
    return person
