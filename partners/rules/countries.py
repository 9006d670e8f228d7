"""The countries a partner may come from: those whose VAT ids can be checked (rules/vat_ids.py)."""

from django.utils.translation import gettext_lazy as _

NAMES = {
    "AT": _("Austria"),
    "BE": _("Belgium"),
    "BG": _("Bulgaria"),
    "CH": _("Switzerland"),
    "CY": _("Cyprus"),
    "CZ": _("Czechia"),
    "DE": _("Germany"),
    "DK": _("Denmark"),
    "EE": _("Estonia"),
    "ES": _("Spain"),
    "FI": _("Finland"),
    "FR": _("France"),
    "GB": _("United Kingdom"),
    "GR": _("Greece"),
    "HR": _("Croatia"),
    "HU": _("Hungary"),
    "IE": _("Ireland"),
    "IT": _("Italy"),
    "LT": _("Lithuania"),
    "LU": _("Luxembourg"),
    "LV": _("Latvia"),
    "MT": _("Malta"),
    "NL": _("Netherlands"),
    "NO": _("Norway"),
    "PL": _("Poland"),
    "PT": _("Portugal"),
    "RO": _("Romania"),
    "SE": _("Sweden"),
    "SI": _("Slovenia"),
    "SK": _("Slovakia"),
}


def country_name(code: str) -> str:
    """Return the country in words, an unlisted code as it stands."""
    return str(NAMES.get(code, code))


def choices() -> list[tuple[str, str]]:
    """Return (code, name) by name in the reader's language."""
    return sorted(((code, str(name)) for code, name in NAMES.items()), key=lambda choice: choice[1])
