"""The form and check digits of VAT ids, country by country. Whether one is registered, VIES knows."""

import re
from dataclasses import dataclass
from typing import Any

from stdnum import get_cc_module

_NOISE = re.compile(r"[^A-Z0-9+*]")


@dataclass(frozen=True, slots=True)
class VatForm:
    """A country's prefix, the pattern of what follows it, and one made-up id that is formally right."""

    prefix: str
    pattern: str
    example: str


# Source: the European Commission's VIES list of formats; GB, CH and NO from their tax authorities.
FORMS: dict[str, VatForm] = {
    "AT": VatForm("AT", r"U\d{8}", "ATU12345684"),
    "BE": VatForm("BE", r"[01]\d{9}", "BE0123456749"),
    "BG": VatForm("BG", r"\d{9,10}", "BG123456793"),
    "CH": VatForm("CHE", r"\d{9}(MWST|TVA|IVA)?", "CHE123456794MWST"),
    "CY": VatForm("CY", r"\d{8}[A-Z]", "CY10123456G"),
    "CZ": VatForm("CZ", r"\d{8,10}", "CZ12345679"),
    "DE": VatForm("DE", r"\d{9}", "DE123456796"),
    "DK": VatForm("DK", r"\d{8}", "DK12345682"),
    "EE": VatForm("EE", r"\d{9}", "EE123456793"),
    "ES": VatForm("ES", r"[A-Z0-9]\d{7}[A-Z0-9]", "ESB12345674"),
    "FI": VatForm("FI", r"\d{8}", "FI12345698"),
    "FR": VatForm("FR", r"[A-HJ-NP-Z0-9]{2}\d{9}", "FR40123456824"),
    "GB": VatForm("GB", r"(\d{9}|\d{12})", "GB123456825"),
    "GR": VatForm("EL", r"\d{9}", "EL123456795"),
    "HR": VatForm("HR", r"\d{11}", "HR12345678903"),
    "HU": VatForm("HU", r"\d{8}", "HU12345683"),
    "IE": VatForm("IE", r"(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])", "IE1234567FA"),
    "IT": VatForm("IT", r"\d{11}", "IT01234560017"),
    "LT": VatForm("LT", r"(\d{9}|\d{12})", "LT123456010"),
    "LU": VatForm("LU", r"\d{8}", "LU12345714"),
    "LV": VatForm("LV", r"\d{11}", "LV40001234561"),
    "MT": VatForm("MT", r"\d{8}", "MT12345725"),
    "NL": VatForm("NL", r"\d{9}B\d{2}", "NL123456794B01"),
    "NO": VatForm("NO", r"\d{9}MVA", "NO123456793MVA"),
    "PL": VatForm("PL", r"\d{10}", "PL1234567908"),
    "PT": VatForm("PT", r"\d{9}", "PT123456789"),
    "RO": VatForm("RO", r"\d{2,10}", "RO1234567897"),
    "SE": VatForm("SE", r"\d{10}01", "SE556123450001"),
    "SI": VatForm("SI", r"\d{8}", "SI12345679"),
    "SK": VatForm("SK", r"\d{10}", "SK1234567895"),
}


def normalise_vat_id(text: str, *, country: str) -> str:
    """Return the id in upper case without blanks, dots and dashes, its country's prefix in front."""
    bare = _NOISE.sub("", text.upper())
    form = FORMS.get(country)
    if form and bare and not bare.startswith(form.prefix):
        return form.prefix + bare
    return bare


def fits_country(vat_id: str, *, country: str) -> bool:
    """Return whether a normalised id has the form of its country; an unlisted country fits nothing."""
    form = FORMS.get(country)
    return form is not None and re.fullmatch(form.prefix + form.pattern, vat_id) is not None


# Where a small trader may be without a VAT id. The Dutch scheme (KOR), the Italian and the Spanish
# leave a trader his number, so these countries do not stand here.
SMALL_TRADERS = frozenset(
    {
        "AT", "BE", "CH", "CZ", "DE", "DK", "EE", "FI", "FR", "GB", "IE", "LT", "LU", "LV", "NO", "PL", "PT", "SE",
        "SI", "SK",
    }
)  # fmt: skip
# These kinds of applicants often do no taxed business at all, in any country.
OFTEN_WITHOUT = frozenset({"charity", "school"})


def is_valid_vat_id(vat_id: str, *, country: str) -> bool:
    """Return whether a normalised id has the form of its country and its check digits agree (P-DRAFT-2)."""
    if not fits_country(vat_id, country=country):
        return False
    module = _module(country)
    return module is None or bool(module.is_valid(vat_id))


def may_lack_vat_id(*, country: str, kind: str) -> bool:
    """Return whether an applicant of this kind may have no VAT id in his country."""
    return country in SMALL_TRADERS or kind in OFTEN_WITHOUT


def _module(country: str) -> Any:
    if country == "NO":
        return get_cc_module("no", "mva")
    return get_cc_module(country.lower(), "vat")
