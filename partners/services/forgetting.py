"""Blank what rows say of a person, table by table; ids, dates and amounts stay."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator

from core.models import SignInSession, User
from core.people import forget_names
from core.services.sessions import end_sessions
from partners.models import (
    Application,
    ApplicationSection,
    FactorReset,
    Invitation,
    Membership,
    NamedContact,
    Partner,
)

GONE = "–"


def forget(user: User, *, at: datetime) -> dict[str, int]:
    """Make a person unrecognisable and return how many rows of each table were blanked.

    Runs in the MAR's scope, inside the caller's transaction.
    """
    before = {"name": user.name, "email": user.email}
    phones = _phones(user.email)
    done = {"sessions": end_sessions(user.pk, at=at)}
    done["applications"] = _blank_applications(before, phones)
    done["contacts"] = _blank_contacts(user.email)
    done["invitations"] = Invitation.objects.filter(email=user.email).update(email=_nobody(user), name=GONE)
    done["factor_resets"] = FactorReset.objects.filter(user=user).update(reason=GONE)
    done["memberships"] = Membership.objects.filter(user=user, is_active=True).update(is_active=False)
    for name, rows in (
        ("factors", Authenticator.objects.filter(user=user)),
        ("addresses", EmailAddress.objects.filter(user=user)),
        ("sign_ins", SignInSession.objects.filter(user=user)),
    ):
        done[name], _per_table = rows.delete()
    _pseudonymise(user)
    forget_names()
    return done


def _pseudonymise(user: User) -> None:
    user.name, user.email, user.is_active = f"Former user {user.pk.hex[:4].upper()}", _nobody(user), False
    user.last_login = None
    user.set_unusable_password()
    user.save(update_fields=["name", "email", "is_active", "last_login", "password"])


def _nobody(user: User) -> str:
    """Return an address that no mail reaches; the domain is reserved (RFC 2606)."""
    return f"former-{user.pk.hex}@erased.invalid"


def _phones(email: str) -> list[str]:
    of_applications = Application.objects.filter(contact_email=email).values_list("phone", flat=True)
    of_partners = Partner.objects.filter(contact_email=email).values_list("phone", flat=True)
    return [phone for phone in (*of_applications, *of_partners) if phone]


def _blank_contacts(email: str) -> int:
    partners = Partner.objects.filter(contact_email=email).update(contact_name="", contact_email="", phone="")
    named = NamedContact.objects.filter(email=email).update(
        name=GONE, email="nobody@erased.invalid", phone=""
    )
    return partners + named


def _blank_applications(before: dict[str, str], phones: list[str]) -> int:
    found = Application.objects.filter(contact_email=before["email"])
    words = [word for word in (*before.values(), *phones) if word]
    for section in ApplicationSection.objects.filter(application__in=found):
        blanked = _without(section.answers, words)
        if blanked != section.answers:
            ApplicationSection.objects.filter(pk=section.pk).update(answers=blanked)
    return found.update(
        contact_name="", contact_email="nobody@erased.invalid", phone="", phone_norm="", note=""
    )


def _without(value: Any, words: list[str]) -> Any:
    """Return a JSON value in which no text contains one of the words."""
    if isinstance(value, dict):
        return {key: _without(part, words) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, words) for part in value]
    if isinstance(value, str):
        for word in words:
            if word.lower() in value.lower():
                return GONE
    return value
