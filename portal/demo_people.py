"""The people of the demo: invented, and the same on every machine."""

import base64
import hashlib
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.models import User
from partners.models.membership import Role
from portal.navigation import Wing, wing_of

TOTP_SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One person of the demo. Without a partner's code he works at the MAR."""

    key: str
    name: str
    email: str
    role: str
    partner_code: str | None
    sentence: str | Promise

    @property
    def wing(self) -> Wing:
        """Return the wing he works in."""
        return wing_of(self.role)

    @property
    def role_label(self) -> str:
        """Return his role in words."""
        return str(Role(self.role).label)


_MAR = "nordlicht.example"

DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson(
        "marta", "Marta Krüger", f"marta.krueger@{_MAR}", Role.MAR_ADMIN, None,
        _("Reviews applications, looks after partners and the exchange with Microsoft."),
    ),
    DemoPerson(
        "jonas", "Jonas Weber", f"jonas.weber@{_MAR}", Role.MAR_APPROVER, None,
        _("Is always the second person: decides applications, releases deliveries, approves reports."),
    ),
    DemoPerson(
        "kirsten", "Kirsten Holm", f"kirsten.holm@{_MAR}", Role.MAR_APPROVER, None,
        _("Looks at appeals: she had no part in the first decision."),
    ),
    DemoPerson(
        "stefan", "Stefan Lindner", f"stefan.lindner@{_MAR}", Role.MAR_STOCK, None,
        _("Takes Microsoft’s deliveries of keys into stock."),
    ),
    DemoPerson(
        "franziska", "Franziska Bauer", f"franziska.bauer@{_MAR}", Role.MAR_FINANCE, None,
        _("Looks at orders, amounts and reports; proposes prices and limits, which others approve."),
    ),
    DemoPerson(
        "carla", "Carla Nowak", f"carla.nowak@{_MAR}", Role.COMPLIANCE, None,
        _("Reviews the monthly report and watches for what does not add up."),
    ),
    DemoPerson(
        "anton", "Anton Rieger", "anton.rieger@pruefhaus.example", Role.AUDITOR, None,
        _("Comes from outside, reads everything and checks the records."),
    ),
    DemoPerson(
        "olivia", "Olivia Hartmann", "olivia@rebyte.example", Role.TPR_OWNER, "TPR-0001",
        _("Runs a busy shop in Germany: colleagues, API keys, terms, orders."),
    ),
    DemoPerson(
        "ben", "Ben Schulte", "ben@rebyte.example", Role.TPR_BUYER, "TPR-0001",
        _("Orders licences, on a Sunday evening if he must."),
    ),
    DemoPerson(
        "tarik", "Tarik Aydın", "tarik@rebyte.example", Role.TPR_TECHNICIAN, "TPR-0001",
        _("Prepares PCs, takes one key for each and reports it."),
    ),
    DemoPerson(
        "finja", "Finja Petersen", "finja@rebyte.example", Role.TPR_FINANCE, "TPR-0001",
        _("Checks what the licences cost."),
    ),
    DemoPerson(
        "rolf", "Rolf Zimmer", "rolf@rebyte.example", Role.TPR_READONLY, "TPR-0001",
        _("May look at everything of his company and touch nothing."),
    ),
    DemoPerson(
        "noor", "Noor de Vries", "noor@tweedeleven.example", Role.TPR_OWNER, "TPR-0002",
        _("Is a company of one in the Netherlands: buyer, technician and owner at once."),
    ),
    DemoPerson(
        "pawel", "Paweł Zieliński", "pawel@drugiezycie.example", Role.TPR_OWNER, "TPR-0004",
        _("Is late with his reports in Poland, so new orders wait."),
    ),
    DemoPerson(
        "sofie", "Sofie Lambert", "sofie@ordibis.example", Role.TPR_OWNER, "TPR-0006",
        _("Is suspended: reporting is open, ordering is not."),
    ),
    DemoPerson(
        "nina", "Nina Falk", "nina@neustart-it.example", Role.TPR_OWNER, "TPR-0012",
        _("Is new since this week: the terms come first."),
    ),
)  # fmt: skip


def person_by_key(key: str) -> DemoPerson | None:
    """Return one person, None for an unknown key."""
    return next((person for person in DEMO_PEOPLE if person.key == key), None)


def password_of(person: DemoPerson) -> str:
    """Return a person's password: known to everyone, good for nothing but the demo."""
    return f"demo-password-{person.key}"


def totp_secret_of(person: DemoPerson) -> str:
    """Return the base32 secret of a person's authenticator app."""
    digest = hashlib.sha256(f"refurb-licence-portal demo {person.key}".encode()).digest()
    return base64.b32encode(digest[:TOTP_SECRET_BYTES]).decode()


def enrol(user: User, person: DemoPerson) -> None:
    """Give a demo account its confirmed address, its second factor and recovery codes. Repeatable."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(user, totp_secret_of(person))
        RecoveryCodes.activate(user)
