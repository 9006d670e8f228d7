"""Nothing of a private person stands in the tables of recipients: which columns there are, which hold free text.

An organisation is named, a person never: for a programme's people a criterion's code is kept and no
more. Free text is looked through before it is stored, and again over the whole database by
`manage.py scan_recipients`. Patterns find what has a form; they cannot know every name.
Source: docs/domain-rules.md, P-REC-5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Refusal, refuse

# Every column of a table, and whether what is typed into it is looked through. A test holds the models
# against this list, so a new column is a decision made here.
FREE, NUMBER, SAFE = "free", "number", "safe"
RECIPIENT_COLUMNS: Mapping[str, str] = {
    "id": SAFE, "partner_id": SAFE, "class_code": SAFE, "name": FREE, "name_norm": FREE, "register_id": NUMBER,
    "register_norm": SAFE, "country": SAFE, "town": FREE, "town_norm": FREE, "website": FREE, "size": SAFE,
    "purpose": FREE, "criteria": SAFE, "programme_page": FREE, "programme_criteria": FREE, "state": SAFE,
    "claim": SAFE, "is_protected": SAFE, "created_at": SAFE, "submitted_at": SAFE, "claimed_at": SAFE,
    "last_order_at": SAFE, "evidence_until": SAFE, "reviewed_by_id": SAFE, "reviewed_at": SAFE, "review_note": FREE,
    "decided_by_id": SAFE, "decided_at": SAFE, "decision_reason": FREE,
}  # fmt: skip
EVIDENCE_COLUMNS: Mapping[str, str] = {
    "id": SAFE, "partner_id": SAFE, "recipient_id": SAFE, "document_id": SAFE, "kind": SAFE, "added_at": SAFE,
    "removed_at": SAFE,
}  # fmt: skip
RENEWAL_COLUMNS: Mapping[str, str] = {
    "id": SAFE, "partner_id": SAFE, "recipient_id": SAFE, "evidence_id": SAFE, "state": SAFE, "submitted_at": SAFE,
    "until": SAFE, "note": FREE, "reviewed_by_id": SAFE, "reviewed_at": SAFE, "decided_by_id": SAFE,
    "decided_at": SAFE, "reason": FREE,
}  # fmt: skip
CONFLICT_COLUMNS: Mapping[str, str] = {
    "id": SAFE, "first_id": SAFE, "second_id": SAFE, "likeness": SAFE, "found_at": SAFE, "outcome": SAFE,
    "reason": FREE, "decided_by_id": SAFE, "decided_at": SAFE,
}  # fmt: skip
# Of the papers only what somebody typed: the file's own name and its title.
DOCUMENT_COLUMNS: Mapping[str, str] = {"title": FREE, "file_name": FREE}
DOCUMENT_KINDS = ("recipient_evidence", "exception_letter")
EXCEPTION_COLUMNS: Mapping[str, str] = {
    "id": SAFE, "reference": SAFE, "partner_id": SAFE, "recipient_id": SAFE, "product_id": SAFE, "quantity": SAFE,
    "period_start": SAFE, "period_end": SAFE, "justification": FREE, "letter_id": SAFE, "state": SAFE,
    "requested_by": SAFE, "requested_at": SAFE, "package_path": SAFE, "package_sha256": SAFE, "handled_by_id": SAFE,
    "packaged_at": SAFE, "asked_at": SAFE, "microsoft_reference": FREE, "decided_by_id": SAFE, "decided_at": SAFE,
    "decision_note": FREE,
}  # fmt: skip

REGISTER_FORM = re.compile(r"[0-9A-Za-zÀ-ž][0-9A-Za-zÀ-ž ./:()-]{1,39}")

_TITLES = r"mr|mrs|ms|miss|herrn?|frau|fr[äa]ulein|mme|mlle|madame|monsieur|mevrouw|mevr|dhr|meneer|pan[ią]|se[ñn]ora?"
_BORN = (
    r"born|date of birth|birth ?date|dob|geb|geboren|geburtsdatum|née?|naissance|geboortedatum|urodzon[ya]|ur"
)
_DAY = r"(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d{2}|(?:19|20)\d{2}-\d{2}-\d{2})"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A form in which something of a person shows itself."""

    code: str
    label: str | Promise
    expression: re.Pattern[str]
    in_numbers: bool = True  # a register number may look like a telephone number


PATTERNS = (
    Pattern(
        "email",
        gettext_lazy("an e-mail address"),
        re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+\.[^\W\d_]{2,}", re.I),
    ),
    Pattern(
        "iban",
        gettext_lazy("a bank account"),
        re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b"),
    ),
    Pattern(
        "title",
        gettext_lazy("a person’s name with title"),
        # A name follows: "Frauenhaus" and "Herrnhut" are organisations and towns.
        # "MS" in capitals is a maker of software.
        re.compile(
            rf"(?<!\w)(?!MS\b)(?i:{_TITLES})\.?\s+(?:(?i:dr|prof)\.?\s+)*(?:(?:de|den|van|von|du|la|le|ter|ten)\s+)*"
            r"[^\W\d_a-z][\w’'-]+"
        ),
    ),
    Pattern(
        "birth_date",
        gettext_lazy("a date of birth"),
        re.compile(rf"(?<!\w)(?:{_BORN})(?!\w)[\s.:,]*(?:on|am|le|op|dnia)?\s*{_DAY}", re.I),
    ),
    Pattern(
        "full_date",
        gettext_lazy("a full date"),
        re.compile(rf"(?<![\w./-]){_DAY}(?![\w/-])"),
        in_numbers=False,
    ),
    Pattern(
        "phone",
        gettext_lazy("a telephone number"),
        re.compile(
            r"(?<![\w/.-])(?:(?:\+|00)\d{1,3}|\(?0\d{1,5}\)?)[\s/().-]*(?:\d[\s/().-]?){5,11}\d(?!\w)"
        ),
        in_numbers=False,
    ),
    Pattern(
        "person_number",
        gettext_lazy("a personal number"),
        re.compile(
            r"(?<!\w)(?i:pesel|bsn|ssn|sozialversicherungsnummer|svnr|national id|passport|ausweisnummer|nir)"
            r"(?!\w)\W{0,4}[\dA-Z][\dA-Z -]{5,}"
        ),
    ),
)


def find_personal(text: str, kind: str = FREE) -> list[Pattern]:
    """Return what of a person a text seems to hold. A register number is not taken for a telephone."""
    if kind == SAFE or not text:
        return []
    # A web address may hold digits like a telephone's; of it only a mail address matters.
    looked_at = re.sub(r"https?://[^\s@]+(?!\S)", " ", text)
    return [
        pattern
        for pattern in PATTERNS
        if (kind == FREE or pattern.in_numbers) and pattern.expression.search(looked_at)
    ]


def personal_refusals(texts: Mapping[str, str], kind: str = FREE) -> list[Refusal]:
    """Return one refusal a text (label to text) that seems to hold something of a person; it is not said back."""
    return [
        refuse(
            "personal_data",
            _("“%(field)s” seems to hold %(what)s. The portal keeps nothing of a private person.")
            % {"field": label, "what": str(found[0].label)},
            rule="P-REC-5",
            facts={_("Field"): label, _("Looks like"): ", ".join(str(pattern.label) for pattern in found)},
            next_step=_("Name the organisation only, and write a year instead of a date. Nothing was kept."),
            lifted_by=_("You, by leaving it out"),
        )
        for label, text in texts.items()
        if (found := find_personal(text, kind))
    ]
