"""Every page and field of the application, by kind of business, branch and country."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from partners.rules import application_statement, register_numbers, vat_ids
from partners.rules.application_fields import Case, FieldKind, FormField, Section, never
from partners.rules.applications import MAX_VOLUME, OTHER_STANDARD, WIPING_STANDARDS

MAX_WHOLE_NUMBER = MAX_VOLUME
YES_NO = (("yes", _("Yes")), ("no", _("No")))

NO_VAT_REASONS = (
    ("small_trader", _("Small trader, exempt by law")),
    ("not_for_profit", _("Charity, association or school without taxed business")),
    ("applied_for", _("Applied for, not yet received")),
)
NO_REGISTER_REASONS = (
    ("sole_trader", _("Sole trader or partnership without an entry")),
    ("public_body", _("Public body or school under public law")),
)
METHODS = (
    ("clear", _("Clear: overwritten, for use inside the same house")),
    ("purge", _("Purge: cannot be recovered by any laboratory")),
    ("destroy", _("Destroy: shredded or melted")),
)
CHANNELS = (
    ("web_shop", _("Own web shop")),
    ("marketplace", _("Marketplaces such as eBay, Back Market, refurbed, Allegro")),
    ("counter", _("Shop counter")),
    ("business", _("Direct to companies and authorities")),
    ("donation", _("Given away, or for a small fee")),
)
CUSTOMERS = (
    ("consumers", _("People at home")),
    ("business", _("Companies")),
    ("authorities", _("Authorities")),
    ("education", _("Schools and universities")),
    ("charity", _("Charities")),
    ("tap", _("People with little money, through a Technology Access Programme")),
)
CERTIFICATES = (
    ("r2v3", "R2v3"),
    ("e_stewards", "e-Stewards"),
    ("iso_9001", "ISO 9001"),
    ("iso_14001", "ISO 14001"),
    ("iso_27001", "ISO/IEC 27001"),
    ("adisa", "ADISA"),
    ("weeelabex", "WEEELABEX / EN 50625"),
    ("insurance", _("Liability insurance")),
    ("other", _("Another certificate")),
)
NOTICE = (
    ("given", _("Given, with the end date below")),
    ("not_yet", _("Not given yet")),
    ("not_needed", _("Not needed: the contract has ended, or both go on side by side")),
)


def _ticked(name: str) -> Any:
    return lambda case: bool(case.answers.get(name))


def _not_ticked(name: str) -> Any:
    return lambda case: not case.answers.get(name)


def _holds(name: str, value: str) -> Any:
    return lambda case: value in (case.answers.get(name) or ())


def _is(name: str, value: str) -> Any:
    return lambda case: case.answers.get(name) == value


def _kind(*kinds: str) -> Any:
    return lambda case: case.kind in kinds


def _may_lack_vat_id(case: Case) -> bool:
    return vat_ids.may_lack_vat_id(country=case.country, kind=case.kind)


def _may_lack_register(case: Case) -> bool:
    return case.country in register_numbers.SOLE_TRADERS or case.kind == "school"


def _comes_from_elsewhere(case: Case) -> bool:
    return case.branch != "new"


def _passed(answers: Mapping[str, Any]) -> bool:
    return bool(answers.get("passed_at"))


def _agreed(answers: Mapping[str, Any]) -> bool:
    return bool(answers.get("agreed")) and answers.get("sha256") == application_statement.TEXT_SHA256


COMPANY = Section(
    "company",
    _("Company"),
    _("As it stands on your invoices."),
    (
        FormField("company", _("Registered name"), column="company", autocomplete="organization"),
        FormField("trade_name", _("Trade name"), help=_("If customers know you under another name."), is_required=never,
                  column="trade_name"),
        FormField("legal_form", _("Legal form"), help=_("Like GmbH, B.V., sp. z o.o., association, sole trader."),
                  max_length=60, column="legal_form"),
        FormField("street", _("Street and number"), column="street", autocomplete="address-line1"),
        FormField("postcode", _("Postcode"), FieldKind.POSTCODE, max_length=12, column="postcode",
                  autocomplete="postal-code"),
        FormField("city", _("Town"), max_length=80, column="city", autocomplete="address-level2"),
        FormField("phone", _("Telephone"), FieldKind.PHONE, max_length=30, column="phone", autocomplete="tel",
                  help=_("With the country, like +49 40 123456.")),
        FormField("website", _("Web site"), FieldKind.URL, is_required=never, max_length=200, column="website",
                  autocomplete="url"),
        FormField("iban", _("IBAN"), FieldKind.IBAN, is_required=never, max_length=42, column="iban",
                  help=_("The account you pay from. It may wait until you are approved.")),
    ),
)  # fmt: skip

REGISTER = Section(
    "register",
    _("Register and VAT"),
    _("Where your company is registered. Blanks, dots and dashes do not matter."),
    (
        FormField("register_number", _("Register number"), FieldKind.REGISTER_NUMBER, max_length=40,
                  is_required=_not_ticked("no_register"), column="register_number"),
        FormField("no_register", _("I stand in no register"), FieldKind.TICK, is_required=never,
                  is_asked=_may_lack_register),
        FormField("no_register_reason", _("Why I stand in no register"), FieldKind.CHOICE,
                  is_required=_ticked("no_register"), is_asked=_may_lack_register, choices=NO_REGISTER_REASONS),
        FormField("vat_id", _("VAT number"), FieldKind.VAT_ID, max_length=30, is_required=_not_ticked("no_vat"),
                  column="vat_id"),
        FormField("no_vat", _("I have no VAT number"), FieldKind.TICK, is_required=never, is_asked=_may_lack_vat_id),
        FormField("no_vat_reason", _("Why I have no VAT number"), FieldKind.CHOICE, is_required=_ticked("no_vat"),
                  is_asked=_may_lack_vat_id, choices=NO_VAT_REASONS),
        FormField("register_extract", _("Extract of the register"), FieldKind.PAPER, is_required=never,
                  paper_kind="register_extract", help=_("Not older than six months, if you have one at hand.")),
        FormField("charity_proof", _("Proof of charitable status or accreditation"), FieldKind.PAPER,
                  is_asked=_kind("charity", "school"), paper_kind="charity_proof",
                  help=_("Statutes, the tax office's notice, or the school's accreditation.")),
    ),
)  # fmt: skip

PEOPLE = Section(
    "people",
    _("People"),
    _("Whom we ask about what. One person may do everything: then leave the others empty."),
    (
        FormField("contact_name", _("Owner or manager"), column="contact_name", autocomplete="name"),
        FormField("contact_email", _("Their e-mail address"), FieldKind.EMAIL, max_length=254,
                  column="contact_email", autocomplete="email",
                  help=_("The decision and your invitation go there. It also opens this application again.")),
        FormField("technical_name", _("For technical questions"), is_required=never),
        FormField("technical_email", _("E-mail for technical questions"), FieldKind.EMAIL, max_length=254,
                  is_required=_ticked("technical_name")),
        FormField("finance_name", _("For invoices"), is_required=never),
        FormField("finance_email", _("E-mail for invoices"), FieldKind.EMAIL, max_length=254,
                  is_required=_ticked("finance_name")),
        FormField("compliance_name", _("For rules and reports"), is_required=never),
        FormField("compliance_email", _("E-mail for rules and reports"), FieldKind.EMAIL, max_length=254,
                  is_required=_ticked("compliance_name")),
    ),
)  # fmt: skip

SITES = Section(
    "sites",
    _("Sites"),
    _("Where devices are prepared and stored."),
    (
        FormField("is_one_site", _("Everything happens at the company's address"), FieldKind.TICK, is_required=never),
        FormField("other_sites", _("Other sites"), FieldKind.LINES, max_length=1000,
                  is_required=_not_ticked("is_one_site"),
                  help=_("One a line: what it is, street, postcode, town, country.")),
        FormField("delivery", _("Address for labels and parcels"), FieldKind.LINES, max_length=400, is_required=never,
                  help=_("If it is another one.")),
    ),
)  # fmt: skip

PRACTICE = Section(
    "practice",
    _("Wiping and refurbishing"),
    _("How a device leaves your house clean and tested."),
    (
        FormField("wiping_standard", _("By which standard and revision do you wipe disks?"), FieldKind.CHOICE,
                  choices=WIPING_STANDARDS, column="wiping_standard"),
        FormField("other_standard", _("The other standard, with its revision"), max_length=60,
                  is_required=_is("wiping_standard", OTHER_STANDARD)),
        FormField("methods", _("By which method?"), FieldKind.CHOICES, choices=METHODS),
        FormField("tool", _("Tool"), max_length=80,
                  help=_("Like Blancco Drive Eraser, nwipe, the drive's own command.")),
        FormField("tool_version", _("Its version"), max_length=40),
        FormField("keeps_records", _("Is there a record for each disk?"), FieldKind.CHOICE, choices=YES_NO,
                  help=_("With the serial of the disk, who did it, and whether the check passed.")),
        FormField("steps", _("What is done to each PC?"), FieldKind.LONG_TEXT, max_length=2000,
                  help=_("Tests, repairs, cleaning, grading, in a few sentences.")),
        FormField("prepared_by", _("Who prepares the devices for you?"), is_asked=_kind("broker"),
                  help=_("The workshop's name and town.")),
        FormField("supervisor", _("Who looks after the pupils' or trainees' work?"), is_asked=_kind("school")),
        FormField("wiping_sample", _("A sample of your wiping record"), FieldKind.PAPER, is_required=never,
                  paper_kind="wiping_proof"),
    ),
)  # fmt: skip

VOLUMES = Section(
    "volumes",
    _("Volumes and channels"),
    _("Rough figures will do. The names of shops let us tell your offers from others'."),
    (
        FormField("expected_volume", _("PCs you prepare a month"), FieldKind.NUMBER, column="expected_volume"),
        FormField("channels", _("How do they leave you?"), FieldKind.CHOICES, choices=CHANNELS),
        FormField("web_shops", _("Addresses of your web shops"), FieldKind.URLS, max_length=1000,
                  is_required=_holds("channels", "web_shop"), help=_("One a line.")),
        FormField("marketplaces", _("Your names on marketplaces"), FieldKind.LINES, max_length=1000,
                  is_required=_holds("channels", "marketplace"), help=_("One a line, like eBay: kreislauf-pc.")),
        FormField("sale_countries", _("Countries you sell to"), max_length=300,
                  help=_("Like Germany, Austria, or all of the EU.")),
    ),
)  # fmt: skip

CUSTOMER_GROUPS = Section(
    "customers",
    _("Customer groups"),
    _("Who uses the PCs afterwards decides which licences fit."),
    (
        FormField("groups", _("Who receives them?"), FieldKind.CHOICES, choices=CUSTOMERS),
        FormField("programme", _("Which programme is it, and who may receive a PC?"), FieldKind.LONG_TEXT,
                  max_length=1000, is_required=_holds("groups", "tap"),
                  help=_("Criteria only. Write nothing about single persons.")),
        FormField("remark", _("Anything we should know"), FieldKind.LONG_TEXT, max_length=2000, is_required=never,
                  column="note"),
    ),
)  # fmt: skip

CERTIFICATE_PAGE = Section(
    "certificates",
    _("Certificates"),
    _("Each one with its expiry date. None is no obstacle; say so below."),
    (
        FormField("has_none", _("I hold no certificate"), FieldKind.TICK, is_required=never),
        FormField("certificate", _("Which one"), FieldKind.CHOICE, choices=CERTIFICATES, is_required=never),
        FormField("expires_on", _("Valid until"), FieldKind.DATE, is_required=never),
        FormField("certificate_file", _("The certificate"), FieldKind.PAPER, is_required=_not_ticked("has_none"),
                  paper_kind="certificate"),
    ),
)  # fmt: skip

HISTORY = Section(
    "history",
    _("Earlier programmes"),
    _("Working with another MAR at the same time is allowed."),
    (
        FormField("former_ids", _("Earlier programme numbers"), FieldKind.LINES, max_length=400,
                  is_required=_comes_from_elsewhere, help=_("RRP, MAR or TPR numbers, one a line.")),
        FormField("other_mars", _("MARs you worked or work with"), FieldKind.LINES, max_length=400,
                  is_required=lambda case: case.branch == "transfer", help=_("One a line, with from when until when.")),
        FormField("had_none", _("I took part in no programme before"), FieldKind.TICK,
                  is_asked=lambda case: case.branch == "new",
                  is_required=lambda case: not case.answers.get("former_ids") and not case.answers.get("other_mars")),
        FormField("earlier_proof", _("Proof of the earlier membership"), FieldKind.PAPER, is_required=never,
                  is_asked=_comes_from_elsewhere, paper_kind="earlier_membership",
                  help=_("A certificate, contract page or mail.")),
    ),
)  # fmt: skip

TRANSFER = Section(
    "transfer",
    _("What you bring along"),
    _("Zero is a good answer. The programme office goes through this list with you before you start."),
    (
        FormField("open_keys", _("Keys not yet used"), FieldKind.NUMBER),
        FormField("unreported_builds", _("PCs installed but not yet reported"), FieldKind.NUMBER),
        FormField("labels", _("Labels in stock"), FieldKind.NUMBER),
        FormField("notice", _("Notice to the earlier MAR"), FieldKind.CHOICE, choices=NOTICE),
        FormField("notice_on", _("The contract there ends on"), FieldKind.DATE, is_required=_is("notice", "given")),
    ),
    is_asked=_comes_from_elsewhere,
)  # fmt: skip

OWNERS = Section(
    "owners",
    _("Owners and sanctions"),
    _("The law asks us not to deal with people and companies on sanctions lists."),
    (
        FormField("owners", _("Who owns 25 % or more?"), FieldKind.LINES, max_length=1000,
                  help=_("One a line: name, share, country. For an association: the board.")),
        FormField("directors", _("Who may sign for the company?"), FieldKind.LINES, max_length=400,
                  help=_("One name a line.")),
        FormField("is_clear", _("None of them, and not my company, stands on a sanctions list of the EU, the UN, "
                                "the UK or the USA."), FieldKind.TICK),
    ),
)  # fmt: skip

KNOWLEDGE = Section(
    "knowledge",
    _("Knowledge test"),
    _("Six questions about your duties. Five right answers pass; try as often as you like."),
    is_done=_passed,
)

TERMS = Section(
    "terms",
    _("Statement"),
    _("Read it and agree. The contract itself comes after the approval."),
    is_done=_agreed,
)

SECTIONS = (
    COMPANY, REGISTER, PEOPLE, SITES, PRACTICE, VOLUMES, CUSTOMER_GROUPS, CERTIFICATE_PAGE, HISTORY, TRANSFER, OWNERS,
    KNOWLEDGE, TERMS,
)  # fmt: skip


def sections_for(case: Case) -> tuple[Section, ...]:
    """Return the pages this applicant fills, in order."""
    return tuple(section for section in SECTIONS if section.is_asked(case))


def section_named(name: str, case: Case) -> Section | None:
    """Return one of the applicant's pages, None when it is not his."""
    return next((section for section in sections_for(case) if section.name == name), None)


def label_of(section: str, field: str, case: Case) -> str:
    """Return what a field is called on its page, empty when it is not asked of this applicant."""
    page = section_named(section, case)
    found = page.field_named(field) if page else None
    return str(found.label) if found else ""
