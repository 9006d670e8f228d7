"""Which facts about a company change at once, and which stand on contracts and need the MAR."""

from stdnum import iban as iban_numbers
from stdnum.exceptions import ValidationError

from partners.rules.countries import NAMES
from partners.rules.vat_ids import FORMS, fits_country, normalise_vat_id

CONTRACT_FIELDS = ("name", "country", "vat_id", "iban")
CONTACT_FIELDS = ("contact_name", "contact_email", "phone", "website")


def clean_contract_facts(facts: dict[str, str]) -> dict[str, str]:
    """Return the contract facts as they are stored: trimmed, VAT number and IBAN without spaces."""
    country = facts["country"].strip().upper()
    return {
        "name": " ".join(facts["name"].split()),
        "country": country,
        "vat_id": normalise_vat_id(facts["vat_id"], country=country),
        "iban": str(iban_numbers.compact(facts["iban"])).upper() if facts["iban"].strip() else "",
    }


def wrong_contract_facts(facts: dict[str, str]) -> dict[str, str]:
    """Return what is wrong, by field: "empty", "country", "vat" or "iban"; nothing when all is well."""
    wrong: dict[str, str] = {}
    if not facts["name"]:
        wrong["name"] = "empty"
    if facts["country"] not in NAMES:
        wrong["country"] = "country"
    elif facts["vat_id"] and not fits_country(facts["vat_id"], country=facts["country"]):
        wrong["vat_id"] = "vat"
    if facts["iban"] and not is_iban(facts["iban"]):
        wrong["iban"] = "iban"
    return wrong


def changed(before: dict[str, str], after: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the facts that differ, as they were and as they shall be."""
    names = [name for name in after if before.get(name, "") != after[name]]
    return {name: before.get(name, "") for name in names}, {name: after[name] for name in names}


def example_vat_id(country: str) -> str:
    """Return a made-up VAT number of the form a country's have, empty for an unlisted country."""
    form = FORMS.get(country)
    return form.example if form else ""


def is_iban(text: str) -> bool:
    """Return whether the text is an IBAN by length and check digits."""
    try:
        iban_numbers.validate(text)
    except ValidationError:
        return False
    return True
