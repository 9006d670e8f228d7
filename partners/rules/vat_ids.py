"""The form of VAT ids, country by country. It says nothing about whether an id is registered."""

import re
from dataclasses import dataclass

_NOISE = re.compile(r"[^A-Z0-9+*]")


@dataclass(frozen=True, slots=True)
class VatForm:
    """A country's prefix, the pattern of what follows it, and one made-up id of that form."""

    prefix: str
    pattern: str
    example: str


# Source: the European Commission's VIES list of formats; GB, CH and NO from their tax authorities.
FORMS: dict[str, VatForm] = {
    "AT": VatForm("AT", r"U\d{8}", "ATU12345678"),
    "BE": VatForm("BE", r"[01]\d{9}", "BE0123456789"),
    "BG": VatForm("BG", r"\d{9,10}", "BG123456789"),
    "CH": VatForm("CHE", r"\d{9}(MWST|TVA|IVA)?", "CHE123456789MWST"),
    "CY": VatForm("CY", r"\d{8}[A-Z]", "CY12345678L"),
    "CZ": VatForm("CZ", r"\d{8,10}", "CZ12345678"),
    "DE": VatForm("DE", r"\d{9}", "DE123456789"),
    "DK": VatForm("DK", r"\d{8}", "DK12345678"),
    "EE": VatForm("EE", r"\d{9}", "EE123456789"),
    "ES": VatForm("ES", r"[A-Z0-9]\d{7}[A-Z0-9]", "ESX1234567X"),
    "FI": VatForm("FI", r"\d{8}", "FI12345678"),
    "FR": VatForm("FR", r"[A-HJ-NP-Z0-9]{2}\d{9}", "FR12345678901"),
    "GB": VatForm("GB", r"(\d{9}|\d{12})", "GB123456789"),
    "GR": VatForm("EL", r"\d{9}", "EL123456789"),
    "HR": VatForm("HR", r"\d{11}", "HR12345678901"),
    "HU": VatForm("HU", r"\d{8}", "HU12345678"),
    "IE": VatForm("IE", r"(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])", "IE1234567FA"),
    "IT": VatForm("IT", r"\d{11}", "IT12345678901"),
    "LT": VatForm("LT", r"(\d{9}|\d{12})", "LT123456789"),
    "LU": VatForm("LU", r"\d{8}", "LU12345678"),
    "LV": VatForm("LV", r"\d{11}", "LV12345678901"),
    "MT": VatForm("MT", r"\d{8}", "MT12345678"),
    "NL": VatForm("NL", r"\d{9}B\d{2}", "NL123456789B01"),
    "NO": VatForm("NO", r"\d{9}MVA", "NO123456789MVA"),
    "PL": VatForm("PL", r"\d{10}", "PL1234567890"),
    "PT": VatForm("PT", r"\d{9}", "PT123456789"),
    "RO": VatForm("RO", r"\d{2,10}", "RO1234567890"),
    "SE": VatForm("SE", r"\d{10}01", "SE123456789001"),
    "SI": VatForm("SI", r"\d{8}", "SI12345678"),
    "SK": VatForm("SK", r"\d{10}", "SK1234567890"),
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
