"""Make and change products without a deploy: written by one person, published by another, from a date on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound
from licensing.locks import lock_product_version, serialise
from licensing.models import Product
from licensing.models.product_version import ProductVersion
from licensing.rules.product_versions import (
    fault_refusals,
    identity_faults,
    not_a_draft,
    second_person,
    version_faults,
)


class ProductRefused(DomainError):
    """The version cannot stand as it was written, or not take this step."""


@dataclass(frozen=True, slots=True)
class WrittenProduct:
    """A version as it is written. ``identity`` is for a new product alone; empty lists mean no limit."""

    valid_from: datetime
    product_id: int | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    languages: Sequence[str] = ()
    countries: Sequence[str] = ()
    min_hardware: Mapping[str, Any] = field(default_factory=dict)
    pairs_with_id: int | None = None
    required_fields: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def write_product(written: WrittenProduct, *, by: Actor, at: datetime) -> ProductVersion:
    """Write the draft of a new product, or of a product's next version. Nobody sees it before it is published.

    :raises ProductRefused: naming each field that does not fit.
    """
    if by.user_id is None or (
        written.product_id is not None and not Product.objects.filter(pk=written.product_id).exists()
    ):
        raise NotFound(_("This product is not in the catalogue."))
    draft = ProductVersion(
        product_id=written.product_id,
        identity=dict(written.identity) if written.product_id is None else {},
        languages=list(written.languages),
        countries=list(written.countries),
        min_hardware=dict(written.min_hardware),
        pairs_with_id=written.pairs_with_id,
        required_fields=dict(written.required_fields),
        state=ProductVersion.State.DRAFT,
        valid_from=written.valid_from.replace(second=0, microsecond=0),
        written_by_id=by.user_id,
        written_at=at,
    )
    _require_sound(draft, at)
    draft.save()
    _audit("licensing.product.written", draft, by=by, at=at)
    return draft


@transaction.atomic
def publish_product(version_id: UUID, *, by: Actor, at: datetime) -> ProductVersion:
    """Announce a colleague's draft. A new product comes into the catalogue and is on sale from its date.

    :raises ProductRefused: for its writer, once it is out, or when a field no longer fits.
    """
    draft = _held(version_id)
    if by.user_id is None or draft.written_by_id == by.user_id:
        raise ProductRefused(second_person(str(draft.written_by), draft.written_at))
    serialise("products")
    _require_sound(draft, at)
    if draft.product is None:
        draft.product = Product.objects.create(
            **{name: text.strip() for name, text in draft.identity.items()}, order_from=draft.valid_from
        )
    draft.state, draft.published_by_id, draft.announced_at = ProductVersion.State.ANNOUNCED, by.user_id, at
    draft.save(update_fields=["product", "state", "published_by", "announced_at"])
    _audit("licensing.product.published", draft, by=by, at=at)
    return draft


@transaction.atomic
def discard_product(version_id: UUID, *, by: Actor, at: datetime) -> None:
    """Put a draft away.

    :raises ProductRefused: when it is out already.
    """
    draft = _held(version_id)
    draft.state = ProductVersion.State.DISCARDED
    draft.save(update_fields=["state"])
    _audit("licensing.product.discarded", draft, by=by, at=at)


def _held(version_id: UUID) -> ProductVersion:
    draft = lock_product_version(version_id)
    if draft is None:
        raise NotFound(_("There is no such version."))
    if draft.state != ProductVersion.State.DRAFT:
        raise ProductRefused(not_a_draft(draft.get_state_display()))
    return draft


def _require_sound(draft: ProductVersion, at: datetime) -> None:
    faults = version_faults(
        languages=draft.languages,
        countries=draft.countries,
        min_hardware=draft.min_hardware,
        required_fields=draft.required_fields,
        valid_from=draft.valid_from,
        at=at,
    )
    if draft.product_id is None:
        taken = list(Product.objects.values_list("code", "lpn"))
        faults += identity_faults(
            draft.identity, codes={code for code, _lpn in taken}, lpns={lpn for _code, lpn in taken}
        )
    elif draft.pairs_with_id == draft.product_id:
        faults.append(("pairs_with", _("A product does not need itself.")))
    elif ProductVersion.objects.filter(
        product=draft.product_id, state=ProductVersion.State.ANNOUNCED, valid_from=draft.valid_from
    ).exists():
        faults.append(("begins_on", _("Another version begins at this minute.")))
    if faults:
        raise ProductRefused(*fault_refusals(faults))


def _audit(action: str, version: ProductVersion, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="product_version",
        object_id=version.pk,
        facts={"product": version.code, "valid_from": version.valid_from.isoformat()},
    )
