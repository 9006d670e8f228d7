"""Make the MAR, its people, and the partners, by the same steps that real ones take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from core.actor import Actor, ActorKind
from core.models import User
from core.tenancy import mar_scope, partner_scope
from licensing.services.onboarding import open_account
from partners.models import ApiKey, Mar, Membership, Partner, TermsVersion
from partners.selectors.terms import text_in
from partners.services.agreements import open_master_agreement
from partners.services.api_keys import create_api_key
from partners.services.applications import (
    approve_application,
    claim_application,
    recommend,
)
from partners.services.terms import accept_terms
from portal.demo.applying import apply
from portal.demo.programme import MAR, PARTNERS, TERMS_SUMMARY, TERMS_TEXT, TERMS_VERSION, DemoPartner
from portal.demo_people import DEMO_PEOPLE, DemoPerson, enrol, password_of

STATION_SCOPES = ("orders:read", "orders:write", "keys:claim", "builds:write", "builds:read")
Say = Callable[[str], None]


@dataclass
class Cast:
    """Everyone on stage: people by their key, partners by code, stations and their secrets."""

    people: dict[str, User] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    owners: dict[str, User] = field(default_factory=dict)
    stations: dict[str, ApiKey] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def staff(self, key: str) -> Actor:
        """Return one of the MAR's people as an actor."""
        user = self.people[key]
        return Actor(ActorKind.USER, str(user.pk), user.name, user_id=user.pk, auth_strength="password+mfa")

    def owner(self, code: str) -> Actor:
        """Return a partner's owner as an actor."""
        user, partner = self.owners[code], self.partners[code]
        return Actor(
            ActorKind.USER,
            str(user.pk),
            user.name,
            partner_id=partner.pk,
            user_id=user.pk,
            auth_strength="password+mfa",
        )

    def station(self, code: str) -> Actor:
        """Return a partner's imaging station as an actor."""
        key = self.stations[code]
        return Actor(
            ActorKind.API_KEY, str(key.pk), key.name, partner_id=key.partner_id, auth_strength="api_key"
        )


def open_the_house(cast: Cast, *, at: datetime) -> TermsVersion:
    """Make the MAR, its staff and the terms."""
    with mar_scope():
        Mar.objects.update_or_create(id=1, defaults=MAR)
    for person in DEMO_PEOPLE:
        if person.partner_code is None:
            cast.people[person.key] = _person(person, None, at)
    with mar_scope():
        return open_master_agreement(
            version=TERMS_VERSION,
            summary=TERMS_SUMMARY,
            text=TERMS_TEXT,
            effective_from=at,
            due_from=at,
            by=cast.staff("marta"),
            at=at,
        )


def welcome(cast: Cast, wanted: DemoPartner, terms: TermsVersion, *, at: datetime) -> None:
    """Take a partner in: application, review, a second person's approval, people, terms, a station."""
    partner = _apply(cast, wanted, at)
    cast.partners[wanted.code] = partner
    known = [person for person in DEMO_PEOPLE if person.partner_code == wanted.code]
    for person in known:
        cast.people[person.key] = _person(person, partner, at)
    owner = next((cast.people[person.key] for person in known if person.role == "tpr_owner"), None)
    cast.owners[wanted.code] = owner or _make_owner(wanted, partner, at)
    if wanted.story == "new":
        return
    _accept(cast, wanted.code, terms, at)
    with partner_scope(partner.pk):
        key, secret = create_api_key(
            partner.pk, name="Imaging line 1", scopes=STATION_SCOPES, daily_claims=500,
            by=cast.owner(wanted.code), at=at,
        )  # fmt: skip
    cast.stations[wanted.code], cast.secrets[wanted.code] = key, secret.reveal()


def _apply(cast: Cast, wanted: DemoPartner, at: datetime) -> Partner:
    application = apply(wanted, at=at - timedelta(days=3))
    with mar_scope():
        claim_application(application.pk, by=cast.staff("marta"), at=at - timedelta(days=2, hours=4))
        recommend(
            application.pk,
            recommendation="approve",
            note="Company and VAT id checked.",
            by=cast.staff("marta"),
            at=at - timedelta(days=2),
        )
        partner = approve_application(
            application.pk,
            credit_limit=wanted.credit,
            currency="EUR",
            by=cast.staff("jonas"),
            at=at - timedelta(days=1),
        )
        open_account(
            partner.pk, monthly_quantity=wanted.monthly_quantity, families=["commercial"], by=cast.staff("jonas"),
            at=at - timedelta(days=1),
        )  # fmt: skip
    if partner.code != wanted.code:
        raise RuntimeError(f"the demo expects an empty portal: {wanted.name} became {partner.code}")
    return partner


def _person(person: DemoPerson, partner: Partner | None, at: datetime) -> User:
    user = User.objects.create_user(person.email, password_of(person), name=person.name, joined_at=at)
    enrol(user, person)
    _join(user, partner, person.role, at)
    return user


def _make_owner(wanted: DemoPartner, partner: Partner, at: datetime) -> User:
    user = User.objects.create_user(wanted.email, None, name=wanted.contact, joined_at=at)
    _join(user, partner, "tpr_owner", at)
    return user


def _join(user: User, partner: Partner | None, role: str, at: datetime) -> None:
    with mar_scope():
        Membership.objects.create(user=user, partner=partner, role=role, created_at=at)


def _accept(cast: Cast, code: str, terms: TermsVersion, at: datetime) -> None:
    partner_id: UUID = cast.partners[code].pk
    with partner_scope(partner_id):
        accept_terms(
            partner_id=partner_id, terms_id=terms.pk, text_sha256=text_in(terms, "en").sha256, role="tpr_owner",
            by=cast.owner(code), at=at,
        )  # fmt: skip


def welcome_all(cast: Cast, terms: TermsVersion, *, joined_at: Callable[[DemoPartner], datetime]) -> None:
    """Take all partners in, each on his day."""
    for wanted in PARTNERS:
        welcome(cast, wanted, terms, at=joined_at(wanted))
