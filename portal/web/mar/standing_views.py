"""How a partner stands, seen by the MAR: restrict, suspend, confirm, lift, give time."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import Grace, OrderBlock
from partners.selectors.standing import block_of, grace_of
from partners.services.graces import end_grace, give_grace
from partners.services.partners import withdraw_offer
from partners.services.standing import (
    confirm_suspension,
    hold_for_tax,
    keep_suspension,
    lift_restriction,
    lift_suspension,
    restrict_partner,
    suspend_partner,
)
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.forms import ReasonForm
from portal.web.mar.partner_header import find_partner, partner_page
from portal.web.mar.standing_forms import GraceForm, RestrictForm, SuspendForm
from portal.web.refused import render_refused
from portal.web.tpr.standing import standing_page

HOUSES = ("mar", "compliance")


@allow("partner.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Take back an offer that was never accepted."""
    form = ReasonForm(request.POST or None)

    def act() -> None:
        withdraw_offer(
            partner_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )

    return _ask(request, partner_id, "mar/partner_withdraw.html", form, act, _("The offer is taken back."))


@allow("partner.view", houses=HOUSES)
@require_safe
def standing(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show a partner's standing, score and history, as he sees them."""
    page = partner_page(request, partner_id, "standing")
    page |= standing_page(partner_id, at=timezone.now())
    page |= {
        "may_lift": "standing.manage" in request.permissions,  # type: ignore[attr-defined]
        "may_confirm": "standing.confirm" in request.permissions,  # type: ignore[attr-defined]
        "may_give_time": "standing.grace" in request.permissions,  # type: ignore[attr-defined]
        "own_id": actor_of(request).id,
    }
    return render(request, "mar/partner_standing.html", page)


@allow("standing.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Suspend a partner with a reason and an extent."""
    form = SuspendForm(request.POST or None)

    def act() -> None:
        suspend_partner(
            partner_id, reason=form.cleaned_data["reason"], extent=form.cleaned_data["extent"],
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip

    return _ask(request, partner_id, "mar/partner_suspend.html", form, act, _("The partner is suspended."))


@allow("standing.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Lift a suspension with a reason."""
    form = ReasonForm(request.POST or None)

    def act() -> None:
        lift_suspension(
            partner_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )

    return _ask(request, partner_id, "mar/partner_lift.html", form, act, _("The suspension is lifted."))


@allow("standing.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def restrict(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Restrict a partner with a reason and a way out."""
    form = RestrictForm(request.POST or None)

    def act() -> None:
        said: dict[str, Any] = {
            "reason": form.cleaned_data["reason"],
            "next_step": form.cleaned_data["next_step"],
            "until": form.until_instant(),
        }
        if form.cleaned_data["about"] == "tax":
            hold_for_tax(partner_id, by=actor_of(request), at=timezone.now(), **said)
            return
        restrict_partner(
            partner_id, kind=form.cleaned_data["kind"], orders_wait=form.cleaned_data["orders_wait"],
            by=actor_of(request), at=timezone.now(), **said,
        )  # fmt: skip

    return _ask(request, partner_id, "mar/standing_restrict.html", form, act, _("The partner is restricted."))


@allow("standing.confirm", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, partner_id: UUID, block_id: UUID) -> HttpResponse:
    """Hold another person's suspension beyond its 72 hours."""
    block = _block(partner_id, block_id)
    form = forms.Form(request.POST or None)

    def act() -> None:
        confirm_suspension(block_id, by=actor_of(request), at=timezone.now())

    done = _("The suspension is confirmed and holds until it is lifted.")
    return _ask(request, partner_id, "mar/standing_confirm.html", form, act, done, block=block)


@allow("standing.confirm", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, partner_id: UUID, block_id: UUID) -> HttpResponse:
    """Look at a suspension of everything again and let it go on for another 30 days."""
    block = _block(partner_id, block_id)
    form = ReasonForm(request.POST or None)

    def act() -> None:
        keep_suspension(block_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())

    done = _("The suspension goes on and is looked at again in 30 days.")
    return _ask(request, partner_id, "mar/standing_keep.html", form, act, done, block=block)


@allow("standing.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def lift_block(request: HttpRequest, partner_id: UUID, block_id: UUID) -> HttpResponse:
    """End a restriction with a reason."""
    block = _block(partner_id, block_id)
    form = ReasonForm(request.POST or None)

    def act() -> None:
        lift_restriction(
            block_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )

    done = _("The restriction has ended.")
    return _ask(request, partner_id, "mar/standing_lift_block.html", form, act, done, block=block)


@allow("standing.grace", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def grace(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Give a partner time for one rule."""
    form = GraceForm(request.POST or None)

    def act() -> None:
        now = timezone.now()
        give_grace(
            partner_id, rule=form.cleaned_data["rule"], reason=form.cleaned_data["reason"], valid_from=now,
            valid_before=form.until_instant(), by=actor_of(request), at=now,
        )  # fmt: skip

    return _ask(request, partner_id, "mar/standing_grace.html", form, act, _("The partner has time."))


@allow("standing.grace", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def grace_end(request: HttpRequest, partner_id: UUID, grace_id: UUID) -> HttpResponse:
    """End a grace before its time."""
    given: Grace | None = grace_of(partner_id, grace_id)
    if given is None:
        raise Http404
    form = ReasonForm(request.POST or None)

    def act() -> None:
        end_grace(grace_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())

    done = _("The grace has ended.")
    return _ask(request, partner_id, "mar/standing_grace_end.html", form, act, done, grace=given)


def _ask(
    request: HttpRequest,
    partner_id: UUID,
    template: str,
    form: forms.Form,
    act: Callable[[], None],
    done: str,
    **more: Any,
) -> HttpResponse:
    """Ask for what the act needs, act, and come back to the partner's standing."""
    context: dict[str, Any] = {"partner": find_partner(partner_id), "form": form, **more}
    if request.method != "POST":
        return render(request, template, context)
    if form.fields and not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS)
    try:
        act()
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, done)
    return redirect("mar:partner-standing", partner_id)


def _block(partner_id: UUID, block_id: UUID) -> OrderBlock:
    block = block_of(partner_id, block_id)
    if block is None:
        raise Http404
    return block
