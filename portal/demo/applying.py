"""Applications of the demo: filled page by page, by the steps that real applicants take."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core.actor import Actor, ActorKind
from partners.models import Application
from partners.rules import application_statement
from partners.rules.knowledge_test import QUESTIONS
from partners.services.application_drafts import (
    agree_to_statement,
    hand_in_paper,
    save_section,
    start_application,
    submit_application,
    take_knowledge_test,
)
from portal.demo.programme import DemoPartner

VISITOR = Actor(ActorKind.USER, "", "visitor")
# A picture of one white point: the demo's papers have a file behind them.
PAPER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)
# Made-up numbers that are formally right, and a town with its postcode.
PLACES = {
    "DE": ("Hamburg HRB 99901", "Gewerbestraße 7", "20457", "Hamburg", "+49 40 999901"),
    "NL": ("99999901", "Ambachtsweg 7", "3542 AB", "Utrecht", "+31 30 9999901"),
    "PL": ("0000999901", "ul. Fabryczna 7", "80-831", "Gdańsk", "+48 58 9999901"),
    "FR": ("W751999901", "7 rue des Ateliers", "69007", "Lyon", "+33 4 99999901"),
    "BE": ("0999.999.922", "Werkhuizenkaai 7", "1000", "Brussel", "+32 2 9999901"),
}
FORMS = ("GmbH", "UG", "eG", "e. V.", "SRL", "BV", "SARL", "sp. z o.o.")


def apply(wanted: DemoPartner, *, at: datetime) -> Application:
    """Return a partner's application, sent."""
    kind = "charity" if wanted.story == "charity" else "shop"
    draft = start_application(
        kind=kind, branch="new", country=wanted.country,
        contact_email=wanted.email, by=VISITOR, at=at,
    )  # fmt: skip
    for name, answers in pages(wanted).items():
        save_section(draft.pk, name, answers, by=VISITOR, at=at)
    if kind == "charity":
        hand_in_paper(
            draft.pk, "register", "charity_proof", PAPER, file_name="Satzung.png", by=VISITOR, at=at
        )
    finish(draft.pk, name=wanted.contact, at=at)
    return submit_application(draft.pk, by=VISITOR, at=at)


def finish(application_id: UUID, *, name: str, at: datetime) -> None:
    """Pass the knowledge test and agree to the statement."""
    given = {question.name: question.right for question in QUESTIONS}
    take_knowledge_test(application_id, given, by=VISITOR, at=at)
    agree_to_statement(
        application_id, name=name, role="Owner", text_sha256=application_statement.TEXT_SHA256, by=VISITOR, at=at
    )  # fmt: skip


def pages(wanted: DemoPartner) -> dict[str, dict[str, Any]]:
    """Return the answers of every page with a form of fields."""
    register, street, postcode, city, phone = PLACES[wanted.country]
    # Nobody shares a door or a telephone with another company: the duplicate check would say so.
    number = int(wanted.code[-2:])
    street, phone = street.replace("7", str(number + 6)), f"{phone[:-2]}{number:02d}"
    host = wanted.email.partition("@")[2]
    found: dict[str, dict[str, Any]] = {
        "company": {
            "company": wanted.name,
            "legal_form": next((form for form in FORMS if form in wanted.name), "sole trader"),
            "street": street, "postcode": postcode, "city": city, "phone": phone, "website": f"https://{host}",
        },
        "register": {"register_number": register, "vat_id": wanted.vat_id},
        "people": {"contact_name": wanted.contact, "contact_email": wanted.email},
        "sites": {"is_one_site": True},
        "practice": {
            "wiping_standard": "NIST SP 800-88 Rev. 2", "methods": ["purge"], "tool": "nwipe", "tool_version": "0.36",
            "keeps_records": "yes", "steps": "Checked, repaired, wiped, cleaned, tested for an hour, graded A to C.",
        },
        "volumes": {
            "expected_volume": max(wanted.monthly_quantity // 2, 20), "channels": ["web_shop", "counter"],
            "web_shops": f"https://shop.{host}", "sale_countries": "The whole EU",
        },
        "customers": {"groups": ["consumers", "business"]},
        "certificates": {"has_none": True},
        "history": {"had_none": True},
        "owners": {"owners": f"{wanted.contact}, 100 %", "directors": wanted.contact, "is_clear": True},
    }  # fmt: skip
    return found
