"""Applicants who are no partners yet: a case in each state of the queue."""

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.tenancy import mar_scope
from partners.models import Application, CarryOverItem
from partners.rules.questions import Question
from partners.services.application_drafts import (
    hand_in_paper,
    save_section,
    start_application,
    submit_application,
)
from partners.services.application_replies import appeal
from partners.services.applications import (
    ask_back,
    claim_application,
    recommend,
    reject_application,
    settle_carry_over,
)
from portal.demo.applying import VISITOR, finish
from portal.demo.people import Cast


@dataclass(frozen=True, slots=True)
class DemoApplicant:
    """Who applies. ``story`` names the state his case has reached, ``days`` when he began."""

    company: str
    country: str
    vat_id: str
    register_number: str
    contact: str
    email: str
    city: tuple[str, str, str]  # street, postcode, town
    legal_form: str = ""
    phone: str = "+49 40 5550100"
    volume: int = 60
    kind: str = "shop"
    branch: str = "new"
    language: str = "en"
    story: str = "submitted"
    days: int = 1
    shop: str = ""


APPLICANTS = (
    DemoApplicant(
        "Zweite Runde IT GmbH", "DE", "DE999999946", "Leipzig HRB 20413", "Paula Zander", "paula@zweiterunde.example",
        ("Karl-Heine-Straße 48", "04229", "Leipzig"), legal_form="GmbH", phone="+49 341 5550100", volume=180,
        story="overdue", days=16,
        shop="https://zweiterunde.example", language="de",
    ),
    DemoApplicant(
        "Atelier Réseau", "FR", "FR77999999923", "W691234567", "Camille Roux", "camille@atelier-reseau.example",
        ("18 quai de Saône", "69002", "Lyon"), legal_form="association loi 1901", phone="+33 4 72000000", volume=40,
        kind="charity", story="submitted", days=2, language="fr",
    ),
    DemoApplicant(
        "Rekomputer sp. z o.o.", "PL", "PL9999999924", "0000654321", "Marek Wójcik", "marek@rekomputer.example",
        ("ul. Piękna 20", "00-549", "Warszawa"), legal_form="sp. z o.o.", phone="+48 22 5550100", volume=220,
        branch="transfer", story="in_review", days=4, language="pl",
    ),
    DemoApplicant(
        "Laptop Atelier Utrecht", "NL", "NL999999928B01", "87654321", "Sanne Visser", "sanne@laptopatelier.example",
        ("Oudegracht 210", "3511 NR", "Utrecht"), legal_form="eenmanszaak", phone="+31 30 5550100", volume=35,
        story="info_requested", days=6, language="nl",
    ),
    DemoApplicant(
        "IT-Werkhof Graz KG", "AT", "ATU99999911", "FN 122119m", "Lukas Steiner", "lukas@itwerkhof.example",
        ("Lendplatz 7", "8020", "Graz"), legal_form="KG", phone="+43 316 555010", volume=90, story="recommended",
        days=5, language="de",
    ),
    DemoApplicant(
        "Blitz-PC Handels UG", "DE", "DE999999938", "Köln HRB 99001", "Rico Brandt", "rico@blitz-pc.example",
        ("Ringstraße 5", "50996", "Köln"), legal_form="UG", phone="+49 221 5550100", volume=400, kind="broker",
        story="rejected", days=24,
    ),
    DemoApplicant(
        "Gebraucht & Gut OHG", "DE", "DE999999920", "Bremen HRA 2210", "Anke Petersen", "anke@gebrauchtgut.example",
        ("Am Wall 80", "28195", "Bremen"), legal_form="OHG", volume=70, story="appealed", days=20,
    ),
)  # fmt: skip
DRAFT = DemoApplicant(
    "Schulwerkstatt Nord", "DE", "", "", "Tom Albers", "tom@schulwerkstatt.example", ("", "", ""), kind="school",
    story="draft", days=3,
)  # fmt: skip


def send_application(wanted: DemoApplicant, *, at: datetime) -> Application:
    """Start an application, fill every page and send it."""
    started = begin(wanted, at=at)
    for name, answers in _answers(wanted).items():
        save_section(started.pk, name, answers, by=VISITOR, at=at)
    for page, field_name, file_name in _papers(wanted):
        hand_in_paper(
            started.pk, page, field_name, _picture(file_name), file_name=file_name, by=VISITOR, at=at
        )
    finish(started.pk, name=wanted.contact, at=at)
    return submit_application(started.pk, by=VISITOR, at=at)


def begin(wanted: DemoApplicant, *, at: datetime) -> Application:
    """Begin a draft."""
    return start_application(
        kind=wanted.kind, branch=wanted.branch, country=wanted.country, contact_email=wanted.email,
        language=wanted.language, by=VISITOR, at=at,
    )  # fmt: skip


def queue_cases(cast: Cast, *, now: datetime) -> None:
    """Leave a case in each state of the queue."""
    begin(DRAFT, at=now - timedelta(days=DRAFT.days))
    for wanted in APPLICANTS:
        at = now - timedelta(days=wanted.days)
        application = send_application(wanted, at=at)
        _STORIES.get(wanted.story, _leave)(cast, application.pk, at)


def _leave(cast: Cast, application_id: UUID, at: datetime) -> None:
    """Let the case wait to be claimed."""


def _in_review(cast: Cast, application_id: UUID, at: datetime) -> None:
    marta = cast.staff("marta")
    with mar_scope():
        claim_application(application_id, by=marta, at=at + timedelta(days=1))
        first = CarryOverItem.objects.filter(application_id=application_id).first()
        if first is not None:
            settle_carry_over(
                first.pk, note="Confirmed by the earlier MAR by telephone.", by=marta, at=at + timedelta(days=2)
            )  # fmt: skip


def _info_requested(cast: Cast, application_id: UUID, at: datetime) -> None:
    marta = cast.staff("marta")
    due_on = (at + timedelta(days=18)).date()
    with mar_scope():
        claim_application(application_id, by=marta, at=at + timedelta(days=1))
        ask_back(
            application_id,
            questions=[Question("practice", "tool_version", "wiping_not_shown", "", "Blancco 7.15", due_on)],
            by=marta, at=at + timedelta(days=1, hours=2),
        )  # fmt: skip


def _recommended(cast: Cast, application_id: UUID, at: datetime) -> None:
    _review(cast, application_id, at, "approve", "Register extract seen, owner called back.", "")


def _rejected(cast: Cast, application_id: UUID, at: datetime) -> None:
    _review(cast, application_id, at, "reject", "Sells on, prepares nothing himself.", "not_a_refurbisher")
    _refuse(cast, application_id, "not_a_refurbisher", at)


def _appealed(cast: Cast, application_id: UUID, at: datetime) -> None:
    _review(cast, application_id, at, "reject", "VAT number not confirmed.", "facts_not_confirmed")
    _refuse(cast, application_id, "facts_not_confirmed", at)
    text = "The tax office has meanwhile confirmed our number. The letter is attached to the register page."
    appeal(application_id, text=text, by=VISITOR, at=at + timedelta(days=14))


def _review(
    cast: Cast, application_id: UUID, at: datetime, proposal: str, note: str, reason_code: str
) -> None:
    marta = cast.staff("marta")
    with mar_scope():
        claim_application(application_id, by=marta, at=at + timedelta(hours=20))
        recommend(
            application_id, recommendation=proposal, note=note, reason_code=reason_code, by=marta,
            at=at + timedelta(days=2),
        )  # fmt: skip


def _refuse(cast: Cast, application_id: UUID, code: str, at: datetime) -> None:
    with mar_scope():
        reject_application(
            application_id, reason_code=code, by=cast.staff("jonas"), at=at + timedelta(days=3)
        )


_STORIES = {
    "in_review": _in_review,
    "info_requested": _info_requested,
    "recommended": _recommended,
    "rejected": _rejected,
    "appealed": _appealed,
}


def _answers(wanted: DemoApplicant) -> dict[str, dict[str, Any]]:
    street, postcode, town = wanted.city
    site = wanted.shop or f"https://{wanted.email.partition('@')[2]}"
    pages: dict[str, dict[str, Any]] = {
        "company": {
            "company": wanted.company, "legal_form": wanted.legal_form or "company", "street": street,
            "postcode": postcode, "city": town, "phone": wanted.phone, "website": site,
        },
        "register": {"register_number": wanted.register_number, "vat_id": wanted.vat_id},
        "people": {"contact_name": wanted.contact, "contact_email": wanted.email},
        "sites": {"is_one_site": True},
        "practice": {
            "wiping_standard": "NIST SP 800-88 Rev. 2", "methods": ["purge"], "tool": "Blancco Drive Eraser",
            "tool_version": "7", "keeps_records": "yes", "steps": "Tested, cleaned, repaired, graded, wiped.",
            "prepared_by": "Own workshop", "supervisor": wanted.contact,
        },
        "volumes": {
            "expected_volume": wanted.volume, "channels": ["web_shop", "counter"], "web_shops": site,
            "sale_countries": "Our country and its neighbours",
        },
        "customers": {"groups": ["charity"] if wanted.kind == "charity" else ["consumers", "business"]},
        "certificates": {"has_none": True},
        "history": {"had_none": True, "former_ids": "RRP-20417", "other_mars": "Südlicht AG, since 2023"},
        "owners": {"owners": f"{wanted.contact}, 100 %", "directors": wanted.contact, "is_clear": True},
    }  # fmt: skip
    if wanted.branch != "new":
        pages["transfer"] = {"open_keys": 14, "unreported_builds": 3, "labels": 0, "notice": "not_yet"}
    return pages


def _papers(wanted: DemoApplicant) -> list[tuple[str, str, str]]:
    found = []
    if wanted.kind in ("charity", "school"):
        found.append(("register", "charity_proof", "statutes.png"))
    if wanted.story in ("recommended", "in_review"):
        found.append(("register", "register_extract", "register-extract.png"))
    return found


def _picture(seed: str, width: int = 420, height: int = 560) -> bytes:
    """Return a PNG that looks like a page with lines: made here, so that nothing of anybody is shown."""
    blank = b"\0" + b"\xfa" * width
    rows = []
    for y in range(height):
        length = width - 90 - zlib.crc32(f"{seed}{y // 22}".encode()) % 160
        is_line = 60 < y < height - 80 and y % 22 < 5
        rows.append(
            b"\0" + b"\xfa" * 40 + b"\x96" * length + b"\xfa" * (width - 40 - length) if is_line else blank
        )
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
