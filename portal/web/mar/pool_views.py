"""Pools of stock: what is kept apart for whom; asked for, opened, filled, emptied, ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from compliance.selectors.tiers import all_tiers
from core.errors import DomainError
from licensing.rules.pools import PoolState
from licensing.selectors.catalogue import all_products
from licensing.selectors.order_facts import free_stock
from licensing.selectors.pools import PoolLine, members_of, places_with_pools, pool_line, pool_lines
from licensing.selectors.scarcity import queue_rows
from licensing.services.pools import ask_pool, end_pool, move_to_pool, open_pool, release_from_pool
from partners.models.application import Application
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.pool_forms import MoveForm, PoolForm, WhyForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
ACT_PAGE = "mar/stock/pool_act.html"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pool as its page asks for it: the words, the form, the service, where it may begin."""

    title: str | Promise
    text: str | Promise
    submit: str | Promise
    form: type[forms.Form]
    act: Callable[..., Any]
    states: tuple[PoolState, ...]
    is_final: bool = False


STEPS = {
    "fill": Step(
        gettext_lazy("Put keys into the pool"),
        gettext_lazy("They come from the general stock, the oldest first. From then on only those the pool names "
                     "can order them. It can be taken back at any time."),
        gettext_lazy("Put them in"), MoveForm, move_to_pool, (PoolState.OPEN, PoolState.PLANNED),
    ),
    "give-back": Step(
        gettext_lazy("Give keys back to everybody"),
        gettext_lazy("They go to the general stock, and whoever waits there is served at once."),
        gettext_lazy("Give them back"), MoveForm, release_from_pool, (PoolState.OPEN, PoolState.PLANNED),
    ),
    "end": Step(
        gettext_lazy("End the pool"),
        gettext_lazy("All its free keys go to the general stock, and whoever waits there is served at once. Keys "
                     "kept for an order stay with it. An ended pool does not open again."),
        gettext_lazy("End it"), WhyForm, end_pool, (PoolState.ASKED, PoolState.OPEN, PoolState.PLANNED), True,
    ),
}  # fmt: skip


@allow("stock.view", houses=HOUSES)
@require_safe
def pool_list(request: HttpRequest) -> HttpResponse:
    """Show every pool with what lies in it."""
    context = {"lines": pool_lines(timezone.now()), "may_manage": _may(request, "pool.manage")}
    return render(request, "mar/stock/pools.html", context)


@allow("pool.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def pool_new(request: HttpRequest) -> HttpResponse:
    """Ask for a pool; a second person opens it."""
    form = PoolForm(request.POST or None, products=list(all_products()))
    template, context = "mar/stock/pool_new.html", {"form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    now = timezone.now()
    try:
        pool = ask_pool(form.wanted(now=now, zone=mar_zone()), by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Asked for. A second person opens it."))
    return redirect("mar:pool-detail", pool.code)


@allow("stock.view", houses=HOUSES)
@require_safe
def pool_detail(request: HttpRequest, pool_code: str) -> HttpResponse:
    """Show a pool: for whom, how many keys, what the next step is."""
    return render(request, "mar/stock/pool.html", _page(request, _line(pool_code)))


@allow("pool.open", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def pool_open(request: HttpRequest, pool_code: str) -> HttpResponse:
    """Open a pool as the second person, after a look at its rule."""
    line = _line(pool_code)
    pool, page = line.pool, _page(request, line)
    if request.method != "POST":
        return render(request, "mar/stock/pool_open.html", page)
    try:
        open_pool(pool.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/stock/pool.html", page, error)
    messages.success(request, _("Open. Put keys into it; before that it changes nothing."))
    return redirect("mar:pool-detail", pool.code)


@allow("pool.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def pool_step(request: HttpRequest, pool_code: str, step: str) -> HttpResponse:
    """Put keys into a pool, give some back, or end it, with a reason."""
    line, chosen = _line(pool_code), STEPS[step]
    pool, form = line.pool, chosen.form(request.POST or None)
    page = _page(request, line) | {"form": form, "step": chosen}
    if not form.is_valid():
        return render(request, ACT_PAGE, page, status=FORM_ERROR_STATUS if form.is_bound else 200)
    quantity = [form.cleaned_data["quantity"]] if "quantity" in form.cleaned_data else []
    try:
        chosen.act(
            pool.pk, *quantity, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, ACT_PAGE, page, error)
    messages.success(request, _("Done."))
    return redirect("mar:pool-detail", pool.code)


def pool_places() -> dict[str, Any]:
    """Return what the stock page shows of pools: where the keys lie of each product that has one."""
    lines = [line for line in pool_lines(timezone.now()) if line.state is not PoolState.ENDED]
    return {
        "places": places_with_pools(lines),
        "pools_to_open": sum(line.state is PoolState.ASKED for line in lines),
    }


def _page(request: HttpRequest, line: PoolLine) -> dict[str, Any]:
    pool, labels = line.pool, dict(Application.Branch.choices)
    tiers = {tier.code: tier.name for tier in all_tiers()} if pool.tiers else {}
    may_manage, is_asked = _may(request, "pool.manage"), line.state is PoolState.ASKED
    return {
        "pool": pool,
        "line": line,
        "members": members_of(pool.pk),
        "tiers": [tiers.get(code, code) for code in pool.tiers],
        "branches": [labels.get(code, code) for code in pool.branches],
        "general": free_stock(pool.product_id),
        "waiting": sum(row.quantity for row in queue_rows(pool.product_id)),
        "steps": [(name, step) for name, step in STEPS.items() if may_manage and line.state in step.states],
        "may_open": is_asked
        and _may(request, "pool.open")
        and pool.created_by_id != actor_of(request).user_id,
    }


def _line(code: str) -> PoolLine:
    line = pool_line(code, timezone.now())
    if line is None:
        raise Http404
    return line


def _may(request: HttpRequest, permission: str) -> bool:
    return permission in request.permissions  # type: ignore[attr-defined]
