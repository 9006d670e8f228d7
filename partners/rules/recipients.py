"""How a recipient moves, what its class asks for, and when two registrations mean one organisation.

Names are compared normalised. Source: docs/domain-rules.md, P-REC.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz

from partners.models.recipients import Claim
from partners.models.recipients import RecipientState as State

TAP = "tap"
WINDOWS, OFFICE = "windows", "office"
# Names this like in one town are shown to a person as one organisation.
LIKENESS_MARK = 88.0

# P-REC-1: one person reviews, another decides; what is refused stays refused, a new registration begins anew.
TRANSITIONS: dict[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.SUBMITTED, State.WITHDRAWN}),
    State.SUBMITTED: frozenset({State.DRAFT, State.REVIEWED, State.WITHDRAWN}),  # back to draft: sent back
    State.REVIEWED: frozenset({State.SUBMITTED, State.APPROVED, State.REFUSED}),
    State.APPROVED: frozenset({State.EXPIRED, State.WITHDRAWN}),
    State.EXPIRED: frozenset({State.SUBMITTED, State.APPROVED, State.WITHDRAWN}),  # approved: by a renewal
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}

# P-REC-8: newer evidence handed in before the old one ends.
RENEWAL_TRANSITIONS: dict[str, frozenset[str]] = {
    "submitted": frozenset({"reviewed", "refused"}),
    "reviewed": frozenset({"approved", "refused"}),
    "approved": frozenset(),
    "refused": frozenset(),
}

# The steps the partner himself takes; every other one is the MAR's.
PARTNER_STEPS = frozenset(
    {
        (State.DRAFT, State.SUBMITTED),
        (State.DRAFT, State.WITHDRAWN),
        (State.SUBMITTED, State.WITHDRAWN),
        (State.APPROVED, State.WITHDRAWN),
        (State.EXPIRED, State.SUBMITTED),
        (State.EXPIRED, State.WITHDRAWN),
    }
)
# The states in which he may change a fact or a paper.
PARTNER_EDITS = frozenset({State.DRAFT, State.EXPIRED})

# What a paper can show. Organisation papers and programme papers only: nothing of a private person.
EVIDENCE_KINDS: Mapping[str, str | Promise] = {
    "charity_status": _("Notice of charitable status, or entry in the charities’ register"),
    "school_status": _("Licence or recognition of the school or training place"),
    "mar_letter": _("The MAR’s or Microsoft’s letter that approves this organisation"),
    "programme_page": _("Web page of the programme, as a picture or PDF"),
    "programme_brochure": _("Brochure of the programme"),
    "programme_criteria": _("Application form or criteria of the programme, blank"),
}

# Whom a Technology Access Programme serves, by code. Only the code is kept.
TAP_CRITERIA: Mapping[str, str | Promise] = {
    "community_access": _("Lives in a community with limited access to technology"),
    "disability": _("Has a disability"),
    "state_benefit": _("Low income, shown by a needs-based state benefit"),
    "igo_aid": _("Low income, shown by aid of an intergovernmental organisation"),
    "world_bank_country": _("Low income, lives in a low-income country of the World Bank’s list"),
}

_LEGAL_FORMS = frozenset(
    """ev e v eingetragener verein ggmbh gmbh ag eg ug mbh asbl vzw npo ngo ong stichting vereniging association asso
    fondation foundation fundacja stowarzyszenie ltd limited plc cic bv nv sa sarl sas sp z oo spzoo sprl srl
    gemeinnutzige gemeinnuetzige the""".split()  # noqa: SIM905
)
_STROKES = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Identity:
    """By what an organisation is recognised, normalised."""

    country: str
    register: str
    name: str
    town: str


def may_move(before: str, after: str) -> bool:
    """Return whether a recipient may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def normalise_name(name: str) -> str:
    """Return a name in lower case, without accents, punctuation and legal form."""
    words = [word for word in _plain(name).split() if word not in _LEGAL_FORMS]
    return " ".join(words) or _plain(name)


def normalise_town(town: str) -> str:
    """Return a town in lower case, without accents, punctuation and a leading post code."""
    return re.sub(r"^\d[\d ]*\b", "", _plain(town)).strip() or _plain(town)


def normalise_register(number: str) -> str:
    """Return a register number as capital letters and digits only."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKD", number).upper())


def likeness(first: Identity, second: Identity) -> str:
    """Return by what two registrations look like one organisation: "register", "name", or nothing.

    Two different register numbers do not tell them apart: one house may stand in two registers.
    """
    if first.country != second.country:
        return ""
    if first.register and first.register == second.register:
        return "register"
    if first.town != second.town:
        return ""
    score = max(
        fuzz.token_sort_ratio(first.name, second.name),
        fuzz.ratio(first.name.replace(" ", ""), second.name.replace(" ", "")),
    )
    return "name" if score >= LIKENESS_MARK else ""


def is_evidence_in_force(until: date | None, at: datetime, zone: ZoneInfo) -> bool:
    """Return whether evidence holds at an instant: to the last second of its last day in the zone."""
    return until is not None and at.astimezone(zone).date() <= until


def is_protection_over(claimed_at: datetime, last_order_at: datetime | None, at: datetime, days: int) -> bool:
    """Return whether first-come protection has lapsed: so many days without an order."""
    return at >= max(claimed_at, last_order_at or claimed_at) + timedelta(days=days)


def missing_evidence(needed: Collection[str], given: Collection[str]) -> list[str]:
    """Return which pieces of evidence are not there. Of a programme's three papers each serves alone."""
    programme = [kind for kind in needed if kind.startswith("programme_")]
    others = [kind for kind in needed if kind not in programme and kind not in given]
    return others + (programme if programme and not set(programme) & set(given) else [])


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    kept = "".join(sign for sign in folded if not unicodedata.combining(sign))
    # Points go without a gap, so that "e. V." and "e.V." end alike.
    return " ".join(re.sub(r"[^\w]+", " ", kept.replace(".", "")).replace("_", " ").split())


def claim_after(outcomes: Collection[str]) -> str:
    """Return how a registration stands after its conflicts: one lost loses it, one open holds it up."""
    for outcome, claim in (("kept", Claim.LOST), ("open", Claim.CONFLICT), ("shared", Claim.SHARED)):
        if outcome in outcomes:
            return claim.value
    return Claim.FIRST.value
