"""A partner's addresses and brands."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from partners import locks
from partners.models import Brand, Document, Site
from partners.rules.countries import NAMES
from partners.selectors.company import brands_of, sites_of
from partners.services.documents import store_document

MAX_SITES = 50
MAX_BRANDS = 20
LOGO_TYPES = ("image/png", "image/jpeg")
SITE_FIELDS = ("name", "street", "postcode", "city", "country")
BRAND_FIELDS = ("name", "support_email", "support_phone", "support_url")


class SiteRefused(DomainError):
    """There is a registered office already, too many addresses, or an address lacks something."""


class BrandRefused(Invalid):
    """The name is used already, there are too many brands, or the logo is no picture."""


@transaction.atomic
def open_site(
    partner_id: UUID, *, kind: str, since: date, facts: dict[str, str], by: Actor, at: datetime
) -> Site:
    """Add an address. The caller's form has checked the length of the facts.

    :raises NotFound: for an unknown partner.
    :raises SiteRefused: for a second registered office, or the fifty-first address.
    """
    if locks.lock_partner(partner_id) is None:
        raise NotFound(_("There is no such partner."))
    _require_address(facts)
    existing = [site.kind for site in sites_of(partner_id).filter(closed_at__isnull=True)]
    if kind == Site.Kind.LEGAL and Site.Kind.LEGAL in existing:
        raise _site_refused(
            "second_office",
            _("A company has one registered office."),
            _("Close the one that stands there, then add the new one."),
        )
    if len(existing) >= MAX_SITES:
        raise _site_refused(
            "too_many_sites", _("There are 50 addresses already."), _("Close one you no longer use.")
        )
    site = Site.objects.create(partner_id=partner_id, kind=kind, since=since, **_trimmed(facts, SITE_FIELDS))
    _audit("partners.site.opened", "site", site.pk, partner_id, by=by, at=at, kind=kind)
    return site


@transaction.atomic
def change_site(site_id: UUID, *, partner_id: UUID, facts: dict[str, str], by: Actor, at: datetime) -> Site:
    """Correct an address; what it is used for and since when stays.

    :raises NotFound: when the partner has no such open address.
    :raises SiteRefused: when it lacks something.
    """
    site = _site(site_id, partner_id)
    _require_address(facts)
    for name, value in _trimmed(facts, SITE_FIELDS).items():
        setattr(site, name, value)
    site.save(update_fields=list(SITE_FIELDS))
    _audit("partners.site.changed", "site", site.pk, partner_id, by=by, at=at, kind=site.kind)
    return site


@transaction.atomic
def close_site(site_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> Site:
    """End the use of an address; it stays in the history.

    :raises NotFound: when the partner has no such open address.
    """
    site = _site(site_id, partner_id)
    site.closed_at = at
    site.save(update_fields=["closed_at"])
    _audit("partners.site.closed", "site", site.pk, partner_id, by=by, at=at, kind=site.kind)
    return site


@transaction.atomic
def add_brand(
    partner_id: UUID,
    *,
    facts: dict[str, str],
    logo: bytes | None,
    logo_name: str,
    by: Actor,
    at: datetime,
) -> Brand:
    """Add a name under which the partner sells.

    :raises NotFound: for an unknown partner.
    :raises BrandRefused: for a name used already, the twenty-first brand, or a logo that is no picture.
    :raises DocumentRefused: for a file the portal does not take at all.
    """
    if locks.lock_partner(partner_id) is None:
        raise NotFound(_("There is no such partner."))
    wanted = _trimmed(facts, BRAND_FIELDS)
    _require_free_name(partner_id, wanted["name"], but=None)
    if brands_of(partner_id).count() >= MAX_BRANDS:
        raise _brand_refused("too_many_brands", _("There are 20 brands already."), _("Close one first."))
    stored = _store_logo(logo, logo_name, partner_id, by=by, at=at)
    brand = Brand.objects.create(partner_id=partner_id, logo=stored, created_at=at, **wanted)
    _audit("partners.brand.added", "brand", brand.pk, partner_id, by=by, at=at, name=brand.name)
    return brand


@transaction.atomic
def change_brand(
    brand_id: UUID,
    *,
    partner_id: UUID,
    facts: dict[str, str],
    logo: bytes | None,
    logo_name: str,
    by: Actor,
    at: datetime,
) -> Brand:
    """Change a brand; without a new logo the old one stays.

    :raises NotFound: when the partner has no such brand.
    :raises BrandRefused: for a name used already, or a logo that is no picture.
    :raises DocumentRefused: for a file the portal does not take at all.
    """
    if locks.lock_partner(partner_id) is None:
        raise NotFound(_("There is no such partner."))
    brand = _brand(brand_id, partner_id)
    wanted = _trimmed(facts, BRAND_FIELDS)
    _require_free_name(partner_id, wanted["name"], but=brand.pk)
    for name, value in wanted.items():
        setattr(brand, name, value)
    stored = _store_logo(logo, logo_name, partner_id, by=by, at=at)
    if stored is not None:
        brand.logo = stored
    brand.save(update_fields=[*BRAND_FIELDS, "logo"])
    _audit("partners.brand.changed", "brand", brand.pk, partner_id, by=by, at=at, name=brand.name)
    return brand


@transaction.atomic
def close_brand(brand_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> Brand:
    """End the use of a brand.

    :raises NotFound: when the partner has no such brand.
    """
    brand = _brand(brand_id, partner_id)
    brand.closed_at = at
    brand.save(update_fields=["closed_at"])
    _audit("partners.brand.closed", "brand", brand.pk, partner_id, by=by, at=at, name=brand.name)
    return brand


def _site(site_id: UUID, partner_id: UUID) -> Site:
    site = locks.lock_site(site_id)
    if site is None or site.partner_id != partner_id or site.closed_at is not None:
        raise NotFound(_("There is no such address."))
    return site


def _brand(brand_id: UUID, partner_id: UUID) -> Brand:
    brand = locks.lock_brand(brand_id)
    if brand is None or brand.partner_id != partner_id or brand.closed_at is not None:
        raise NotFound(_("There is no such brand."))
    return brand


def _trimmed(facts: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: " ".join(facts.get(name, "").split()) for name in names}


def _require_address(facts: dict[str, str]) -> None:
    trimmed = _trimmed(facts, SITE_FIELDS)
    if not all(trimmed[name] for name in ("name", "street", "city")) or trimmed["country"] not in NAMES:
        raise _site_refused(
            "address_incomplete",
            _("An address has a name, a street, a town and a country."),
            _("Fill in what is missing."),
        )


def _require_free_name(partner_id: UUID, name: str, *, but: UUID | None) -> None:
    same = brands_of(partner_id).filter(name=name)
    if not name or (same.exclude(pk=but) if but else same).exists():
        raise _brand_refused(
            "brand_name",
            _("A brand has a name of its own."),
            _("Choose another name, or change the brand that has it."),
        )


def _store_logo(
    logo: bytes | None, logo_name: str, partner_id: UUID, *, by: Actor, at: datetime
) -> Document | None:
    if logo is None:
        return None
    stored = store_document(
        logo, name=logo_name, kind=Document.Kind.LOGO, partner_id=partner_id, by=by, at=at
    )
    if stored.content_type not in LOGO_TYPES:
        raise _brand_refused(
            "logo_no_picture", _("A logo is a PNG or a JPEG."), _("Save the picture as PNG and choose it.")
        )
    return stored


def _site_refused(code: str, what: Any, next_step: Any) -> SiteRefused:
    return SiteRefused(refuse(code, what, rule="P-SITE-1", next_step=next_step, lifted_by=_("You")))


def _brand_refused(code: str, what: Any, next_step: Any) -> BrandRefused:
    return BrandRefused(refuse(code, what, rule="P-BRAND-1", next_step=next_step, lifted_by=_("You")))


def _audit(
    action: str, kind_of: str, object_id: UUID, partner_id: UUID, *, by: Actor, at: datetime, **facts: str
) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type=kind_of,
        object_id=object_id,
        partner_id=partner_id,
        facts=facts,
    )
