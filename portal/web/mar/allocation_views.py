"""The allocation console: free keys, the queue of each product, and the fair share of scarce ones."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError, NotFound
from licensing.models import Product
from licensing.selectors.catalogue import product_by_code
from licensing.selectors.order_facts import free_stock
from licensing.selectors.scarcity import open_policy, product_queues, queue_rows, runs_of
from licensing.services.fair_share import confirm_fair_share, end_fair_share, propose_fair_share
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.forms import ReasonForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
MOST_ROWS = 200


@allow("stock.view", houses=HOUSES)
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """Show every product with its free keys, its queue and how it is shared."""
    return render(request, "mar/allocation.html", {"queues": product_queues()})


@allow("stock.view", houses=HOUSES)
@require_safe
def product_queue(request: HttpRequest, code: str) -> HttpResponse:
    """Show one product's queue, its fair share and its runs."""
    return render(request, "mar/allocation_product.html", _page(request, _product(code)))


@allow("allocation.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: HttpRequest, code: str) -> HttpResponse:
    """Take the next step of a product's fair share: ask for it, switch it on, end it."""
    product = _product(code)
    form = ReasonForm(request.POST or None)
    page = _page(request, product) | {"form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/allocation_product.html", page, status=status)
    try:
        said = _act(request, product, form.cleaned_data["reason"])
    except DomainError as error:
        return render_refused(request, "mar/allocation_product.html", page, error)
    messages.success(request, said)
    return redirect("mar:allocation-product", product.code)


def _act(request: HttpRequest, product: Product, reason: str) -> str:
    by, now = actor_of(request), timezone.now()
    policy = open_policy(product.pk)
    steps: dict[str, Callable[[UUID], Any]] = {
        "confirm": lambda policy_id: confirm_fair_share(policy_id, by=by, at=now),
        "end": lambda policy_id: end_fair_share(policy_id, reason=reason, by=by, at=now),
    }
    step = request.POST.get("step", "")
    if policy is None or step not in steps:
        propose_fair_share(product.pk, reason=reason, by=by, at=now)
        return _("Asked for. A second person switches it on.")
    steps[step](policy.pk)
    return _("The fair share is on.") if step == "confirm" else _("The fair share has ended.")


def _page(request: HttpRequest, product: Product) -> dict[str, Any]:
    policy = open_policy(product.pk)
    may_manage = "allocation.manage" in request.permissions  # type: ignore[attr-defined]
    is_own = policy is not None and policy.proposed_by_id == actor_of(request).user_id
    return {
        "product": product,
        "free": free_stock(product.pk),
        "rows": queue_rows(product.pk)[:MOST_ROWS],
        "policy": policy,
        "runs": runs_of(product.pk)[:20],
        "may_manage": may_manage,
        "may_confirm": may_manage and policy is not None and policy.confirmed_at is None and not is_own,
    }


def _product(code: str) -> Product:
    try:
        return product_by_code(code)
    except NotFound as error:
        raise Http404 from error
