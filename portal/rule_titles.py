"""What a rule is called where people read it; its number stands small beside the words."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from licensing.rules.programme_rules import RULES
from portal.status import Text

# The rules that stop an order or a key: those people meet. docs/domain-rules.md describes every one.
TITLES: Mapping[str, Text] = {
    "ORD-0": _("Size of an order"),
    "ORD-1": _("Account active"),
    "ORD-2": _("Terms accepted"),
    "ORD-3": _("Product on sale"),
    "ORD-4": _("Licence family in the contract"),
    "ORD-5": _("A recipient for Citizenship"),
    "ORD-6": _("Licences a month"),
    "ORD-7": _("Credit limit"),
    "ORD-8": _("Stock and queue"),
    "ORD-9": _("Cancelling an order"),
    "ORD-10": _("Schedule of the product accepted"),
    "ORD-11": _("Orders a person approves"),
    "ORD-12": _("Lane of an order"),
    "ORD-13": _("Reservation by a station"),
    "ORD-14": _("Decision about an order"),
    "ORD-15": _("Fair share of scarce stock"),
    "ORD-16": _("Details the product asks for"),
    "ORD-17": _("Countries of sale"),
    "ORD-18": _("Office beside Windows, one for one"),
    "STO-1": _("What a standing order may be"),
    "STO-2": _("Each day once, as its maker"),
    "STO-3": _("Steps of a standing order"),
    "CIT-1": _("One organisation, one partner"),
    "CIT-2": _("Evidence in force"),
    "CIT-3": _("Recipient approved"),
    "CIT-4": _("Who may receive it"),
    "CIT-5": _("Citizenship licences a month"),
    "CIT-6": _("No more Office than Windows"),
    "CMP-11": _("Keys taken and not reported"),
    "DEV-2": _("One key for one PC"),
    "LIM-2": _("A limit is raised by two people"),
    "P-TRAIN-1": _("Training passed"),
    "TAX-1": _("How orders are taxed"),
    "P-404": _("What is not yours is not there"),
}
# All others are called by what they are about: their number's beginning.
FAMILIES: Mapping[str, Text] = {
    "ALM": _("Alarms"),
    "API": _("The API"),
    "BLD": _("Reporting a PC"),
    "BULK": _("Keys by file"),
    "CAL": _("Call-offs"),
    "CIT": _("Citizenship licences"),
    "CMP": _("Compliance"),
    "COR": _("Corrections"),
    "DEV": _("The PC"),
    "DOC": _("The month’s report"),
    "EXC": _("Exchange with Microsoft"),
    "HND": _("Taking a key"),
    "IMPORT": _("Deliveries of keys"),
    "INC": _("Lost and stolen keys"),
    "KEY": _("A key’s path"),
    "LBL": _("Labels"),
    "LIM": _("Limits of a partner"),
    "ORD": _("Orders"),
    "ORF": _("Files of orders"),
    "POOL": _("Pools of stock"),
    "PRC": _("Prices"),
    "REPORT": _("The month’s report"),
    "RET": _("Returns"),
    "SCORE": _("Score"),
    "TAX": _("Tax"),
    "TIER": _("Tiers"),
    "P-AGR": _("Agreements"),
    "P-COMP": _("Company facts"),
    "P-EXIT": _("The way out"),
    "P-FACTOR": _("Second step of sign-in"),
    "P-KEY": _("Keys of machines"),
    "P-PRIVACY": _("Personal data"),
    "P-PROD": _("Products"),
    "P-REC": _("Recipients"),
    "P-RULE": _("Rules of the programme"),
    "P-STATE": _("State of the account"),
    "P-TERMS": _("Terms"),
    "P-TRAIN": _("Training"),
    "P": _("People and accounts"),
}
_PARTS = re.compile(r"-[A-Z0-9]+$")


def rule_title(rule: str) -> Text:
    """Return what a rule is called: its own title, a programme rule's, its family's, else its number."""
    if rule in TITLES:
        return TITLES[rule]
    if rule in RULES:
        return RULES[rule].title  # type: ignore[no-any-return]
    family = rule
    while family not in FAMILIES:
        family, cut = _PARTS.subn("", family)
        if not cut:
            return rule
    return FAMILIES[family]
