"""Register numbers of companies and associations, country by country, with check digits where they exist."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.at import businessid as at_fn
from stdnum.be import vat as be_number
from stdnum.ch import uid as ch_uid
from stdnum.de import handelsregisternummer
from stdnum.dk import cvr
from stdnum.ee import registrikood
from stdnum.fi import ytunnus
from stdnum.fr import siren, siret
from stdnum.no import orgnr as no_orgnr
from stdnum.pl import regon
from stdnum.se import orgnr as se_orgnr

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """How a country calls its number, examples of it, and the test a number must pass."""

    label: Promise | str
    examples: tuple[str, ...]
    is_valid: Check


def _pattern(pattern: str) -> Check:
    return lambda text: re.fullmatch(pattern, text.upper().replace(" ", "")) is not None


def _any(*checks: Check) -> Check:
    return lambda text: any(check(text) for check in checks)


_FREE = RegisterForm(_("Number in the commercial or association register"), (), _pattern(r"[\w./-]{2,40}"))

# Numbers without a public check digit are held against their form only.
FORMS: dict[str, RegisterForm] = {
    "AT": RegisterForm(
        _("Firmenbuchnummer or ZVR number"), ("FN 122119m", "ZVR 123456789"),
        _any(at_fn.is_valid, _pattern(r"(ZVR)?\d{9,10}")),
    ),
    "BE": RegisterForm(_("Enterprise number (KBO/BCE)"), ("0123.456.749",), be_number.is_valid),
    "CH": RegisterForm(_("UID"), ("CHE-123.456.794",), ch_uid.is_valid),
    "CZ": RegisterForm(_("IČO"), ("12345679",), _pattern(r"\d{8}")),
    "DE": RegisterForm(
        _("Register court and number"), ("Hamburg HRB 12345", "Köln VR 1234"), handelsregisternummer.is_valid
    ),
    "DK": RegisterForm(_("CVR number"), ("12345682",), cvr.is_valid),
    "EE": RegisterForm(_("Registrikood"), ("12345678",), registrikood.is_valid),
    "FI": RegisterForm(_("Y-tunnus"), ("1234569-8",), ytunnus.is_valid),
    "FR": RegisterForm(
        _("SIREN, SIRET or RNA number"), ("123 456 824", "W751234567"),
        _any(siren.is_valid, siret.is_valid, _pattern(r"W\d{9}")),
    ),
    "GB": RegisterForm(
        _("Company or charity number"), ("01234567", "SC123456"),
        _pattern(r"([A-Z]{2}\d{6}|\d{8}|\d{6,7}(-\d{1,2})?)"),
    ),
    "NL": RegisterForm(_("KvK number"), ("12345678",), _pattern(r"\d{8}")),
    "NO": RegisterForm(_("Organisation number"), ("123 456 785",), no_orgnr.is_valid),
    "PL": RegisterForm(
        _("KRS or REGON number"), ("0000123456", "123456785"), _any(regon.is_valid, _pattern(r"(KRS)?\d{10}"))
    ),
    "SE": RegisterForm(_("Organisation number"), ("556123-4567",), se_orgnr.is_valid),
}  # fmt: skip
# Where a trader without a company stands in no register; a reason is asked instead of the number.
SOLE_TRADERS = frozenset({"AT", "CH", "DE", "GB", "IE", "PL"})


def form_of(country: str) -> RegisterForm:
    """Return the country's form, a free one where we know none."""
    return FORMS.get(country, _FREE)


def normalise_register_number(text: str) -> str:
    """Return the number with single blanks."""
    return " ".join(text.split())


def is_valid_register_number(number: str, *, country: str) -> bool:
    """Return whether a number may be one of the country's register (P-DRAFT-2)."""
    return bool(form_of(country).is_valid(number))
