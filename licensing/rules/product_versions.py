"""Whether a version of a product can stand and take its next step: pure rules, P-PROD."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.models.catalogue import LicenceFamily
from licensing.rules.hardware import profile_faults
from licensing.rules.required_fields import schema_faults
from partners.rules.countries import NAMES

CODE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
LPN = re.compile(r"[A-Z0-9]{3}-[0-9]{5}")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
LONGEST = {"code": 30, "name": 80, "lpn": 16, "edition": 20, "generation": 20, "who_may_receive": 200}
NEEDED = ("code", "name", "lpn", "family", "edition", "generation")


def version_faults(
    *,
    languages: Sequence[str],
    countries: Sequence[str],
    min_hardware: Mapping[str, Any],
    required_fields: Any,
    valid_from: datetime,
    at: datetime,
) -> list[tuple[str, str]]:
    """Return what is wrong with a version as (field, words)."""
    faults = [("required_fields", fault) for fault in schema_faults(required_fields)]
    faults += [
        ("min_hardware", _("“%(name)s” does not fit.") % {"name": one})
        for one in profile_faults(min_hardware)
    ]
    if not all(LANGUAGE.fullmatch(one) for one in languages):
        faults.append(("languages", _("A language is two letters, like de.")))
    if not set(countries) <= set(NAMES):
        faults.append(("countries", _("Choose countries of the list.")))
    if valid_from <= at:
        faults.append(("begins_on", _("It begins in the future.")))
    return faults


def identity_faults(
    identity: Mapping[str, str], *, codes: Collection[str], lpns: Collection[str]
) -> list[tuple[str, str]]:
    """Return what is wrong with a new product's identity as (field, words)."""
    faults = [(name, _("Fill this in.")) for name in NEEDED if not identity.get(name, "").strip()]
    faults += [
        (name, _("At most %(most)s characters.") % {"most": most})
        for name, most in LONGEST.items()
        if len(identity.get(name, "")) > most
    ]
    if not CODE.fullmatch(identity.get("code", "")):
        faults.append(("code", _("Capital letters, digits and dashes, like WIN11-PRO-REF-COM.")))
    if identity.get("code") in codes:
        faults.append(("code", _("A product has this code.")))
    if not LPN.fullmatch(identity.get("lpn", "")):
        faults.append(("lpn", _("Three letters or digits, a dash, five digits, like FQC-10572.")))
    if identity.get("lpn") in lpns:
        faults.append(("lpn", _("A product has this number.")))
    if identity.get("family") not in LicenceFamily.values:
        faults.append(("family", _("Choose one of the list.")))
    return faults


def fault_refusals(faults: Sequence[tuple[str, str]]) -> list[Refusal]:
    """Return one refusal for each field that does not fit; the fact "field" names it."""
    return [
        refuse(
            "product_invalid",
            what,
            rule="P-PROD-1",
            facts={"field": field},
            next_step=_("Correct it and save the draft again."),
            lifted_by=_("You"),
        )
        for field, what in faults
    ]


def not_a_draft(state: Any) -> Refusal:
    """Return the refusal of a step that only a draft can take."""
    return refuse(
        "product_not_a_draft",
        _("This version is no longer a draft."),
        rule="P-PROD-2",
        facts={_("State"): state},
        next_step=_("Write a new version; it takes its place on its day."),
        lifted_by=_("Nobody: what was published stands"),
    )


def second_person(written_by: str, written_at: datetime) -> Refusal:
    """Return the refusal of a publisher who wrote the version himself."""
    return refuse(
        "product_needs_second_person",
        _("A product is published by another person than the one who wrote it."),
        rule="P-PROD-3",
        facts={_("Written by"): written_by, _("Written"): written_at},
        next_step=_("Ask a MAR approver to look at the preview and publish it."),
        lifted_by=_("A MAR approver who is another person"),
    )
