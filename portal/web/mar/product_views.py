"""Products: the catalogue as the MAR sees it, a new one or a next version, its preview, and its publication."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import LicenceFamily, Product
from licensing.models.product_version import ProductVersion
from licensing.rules.hardware import in_words
from licensing.selectors.catalogue import all_products
from licensing.selectors.products import (
    product_version_by_id,
    product_versions,
    versions_at,
)
from licensing.services import products as services
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.product_forms import EXAMPLE, ProductForm, initial_of
from portal.web.refused import render_refused
from portal.web.required_fields import add_fields

HOUSES = ("mar", "compliance")
PREVIEW = "mar/rules/product_version.html"


@allow("rules.view", houses=HOUSES)
@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    """List every product with its windows and what it fits today, and the versions that come."""
    now = timezone.now()
    versions = versions_at(now)
    coming = [
        one
        for one in product_versions()
        if one.state == "draft" or (one.state == "announced" and one.valid_from > now)
    ]
    context = {
        "products": [_shown(product, versions.get(product.pk), now) for product in all_products()],
        "coming": coming,
        "section": "products",
    }
    return render(request, "mar/rules/products.html", context)


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def product_new(request: HttpRequest) -> HttpResponse:
    """Write a new product; another person publishes it."""
    return _write(request, None)


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def product_write(request: HttpRequest, product_code: str) -> HttpResponse:
    """Write a product's next version; another person publishes it."""
    product = all_products().filter(code=product_code).first()
    if product is None:
        raise Http404
    return _write(request, product)


@allow("rules.view", houses=HOUSES)
@require_safe
def product_version(request: HttpRequest, product_version_id: UUID) -> HttpResponse:
    """Show a version as partners would meet it."""
    return render(request, PREVIEW, _context(request, product_version_id))


@allow("rule.publish", houses=("mar",), fresh_factor=True)
@require_POST
def product_publish(request: HttpRequest, product_version_id: UUID) -> HttpResponse:
    """Publish a colleague's version."""

    def step() -> None:
        services.publish_product(product_version_id, by=actor_of(request), at=timezone.now())

    return _done(request, product_version_id, step, _("Published. It takes effect on its minute by itself."))


@allow("rules.write", houses=("mar",))
@require_POST
def product_discard(request: HttpRequest, product_version_id: UUID) -> HttpResponse:
    """Put a draft away."""

    def step() -> None:
        services.discard_product(product_version_id, by=actor_of(request), at=timezone.now())

    return _done(request, product_version_id, step, _("Discarded."))


def _write(request: HttpRequest, product: Product | None) -> HttpResponse:
    versions = list(product_versions().filter(product=product)[:1]) if product else []
    form = ProductForm(
        request.POST or None, product=product, products=all_products(),
        initial=initial_of(versions[0] if versions else None),
    )  # fmt: skip
    template, context = "mar/rules/product_write.html", {"form": form, "product": product, "example": EXAMPLE}
    if form.is_valid():
        try:
            draft = services.write_product(
                form.written_product(mar_zone()), by=actor_of(request), at=timezone.now()
            )
        except DomainError as error:
            if not form.take_faults(error):
                return render_refused(request, template, context, error)
        else:
            messages.success(request, _("Written. This is how partners will meet it."))
            return redirect("mar:product-version", draft.pk)
    return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)


def _done(
    request: HttpRequest, product_version_id: UUID, step: Callable[[], None], said: str
) -> HttpResponse:
    try:
        step()
    except DomainError as error:
        return render_refused(request, PREVIEW, _context(request, product_version_id), error)
    messages.success(request, said)
    return redirect("mar:product-list")


def _context(request: HttpRequest, product_version_id: UUID) -> dict[str, Any]:
    version = product_version_by_id(product_version_id)
    if version is None:
        raise Http404
    permissions = request.permissions  # type: ignore[attr-defined]
    is_draft, is_own = version.state == ProductVersion.State.DRAFT, version.written_by_id == request.user.pk
    preview = forms.Form(prefix="preview")
    add_fields(preview, version.required_fields)
    for field in preview.fields.values():
        field.disabled = True
    return {
        "version": version,
        "identity": version.product or version.identity,
        "family": LicenceFamily(
            version.product.family if version.product else version.identity["family"]
        ).label,
        "hardware": in_words(version.min_hardware),
        "preview": preview,
        "is_own": is_own,
        "is_draft": is_draft,
        "can_publish": is_draft and not is_own and "rule.publish" in permissions,
        "can_discard": is_draft and "rules.write" in permissions,
    }


def _shown(product: Product, version: ProductVersion | None, now: Any) -> dict[str, Any]:
    if product.order_from > now:
        state = "announced"
    else:
        state = "in_force" if product.order_before is None or product.order_before > now else "over"
    return {
        "product": product,
        "version": version,
        "state": state,
        "hardware": in_words(version.min_hardware) if version else [],
        "asks": len((version.required_fields or {}).get("properties", {})) if version else 0,
    }
