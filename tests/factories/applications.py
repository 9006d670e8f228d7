"""Applications made by the applicant's own steps: a started draft, a filled one, a submitted one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope
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
from tests.factories import AT, make_mar
from tests.partners import papers

VISITOR = Actor(ActorKind.USER, "", "visitor", ip="127.0.0.1")
RIGHT_ANSWERS = {question.name: question.right for question in QUESTIONS}

# One page's good answers by page, for a German GmbH; ``pages`` of a factory call changes them.
ANSWERS: Mapping[str, dict[str, Any]] = {
    "company": {
        "company": "Kreislauf PC GmbH", "legal_form": "GmbH", "street": "Speicherstraße 1", "postcode": "20457",
        "city": "Hamburg", "phone": "+49 40 123456", "website": "https://kreislauf.example",
        "iban": "DE02120300000000202051",
    },
    "register": {"register_number": "Hamburg HRB 12345", "vat_id": "DE123456796"},
    "people": {"contact_name": "Eva Brandt", "contact_email": "eva@kreislauf.example"},
    "sites": {"is_one_site": True},
    "practice": {
        "wiping_standard": "NIST SP 800-88 Rev. 2", "methods": ["purge"], "tool": "nwipe", "tool_version": "0.36",
        "keeps_records": "yes", "steps": "Tested, cleaned, graded.", "prepared_by": "Werkstatt Süd, Ulm",
        "supervisor": "Frau Reif",
    },
    "volumes": {
        "expected_volume": 120, "channels": ["web_shop"], "web_shops": "https://shop.kreislauf.example",
        "sale_countries": "Germany, Austria",
    },
    "customers": {"groups": ["consumers", "business"]},
    "certificates": {"has_none": True},
    "history": {"had_none": True, "former_ids": "RRP-1234", "other_mars": "Südlicht AG, since 2023"},
    "transfer": {"open_keys": 12, "unreported_builds": 3, "labels": 0, "notice": "not_yet"},
    "owners": {"owners": "Eva Brandt, 100 %, Germany", "directors": "Eva Brandt", "is_clear": True},
}  # fmt: skip

# What other countries write differently.
COUNTRIES: Mapping[str, dict[str, dict[str, Any]]] = {
    "DE": {},
    "NL": {
        "company": {"company": "Tweede Kans Computers", "legal_form": "eenmanszaak", "street": "Damrak 1",
                    "postcode": "1012 LG", "city": "Amsterdam", "phone": "+31 20 1234567", "iban": ""},
        "register": {"register_number": "12345678", "vat_id": "NL123456794B01"},
    },
    "PL": {
        "company": {"company": "Drugie Życie sp. z o.o.", "legal_form": "sp. z o.o.", "street": "ul. Długa 5",
                    "postcode": "80-831", "city": "Gdańsk", "phone": "+48 58 1234567", "iban": ""},
        "register": {"register_number": "0000123456", "vat_id": "PL1234567908"},
    },
    "FR": {
        "company": {"company": "Réemploi Solidaire", "legal_form": "association loi 1901", "street": "3 rue des Lilas",
                    "postcode": "69001", "city": "Lyon", "phone": "+33 4 12345678", "iban": ""},
        "register": {"register_number": "W751234567", "vat_id": "", "no_vat": True, "no_vat_reason": "not_for_profit"},
    },
    "BE": {
        "company": {"company": "Ordi Neuf SRL", "legal_form": "SRL", "street": "Rue Haute 2", "postcode": "1000",
                    "city": "Bruxelles", "phone": "+32 2 1234567", "iban": ""},
        "register": {"register_number": "0123.456.749", "vat_id": "BE0123456749"},
    },
}  # fmt: skip


def make_draft(
    *, kind: str = "shop", branch: str = "new", country: str = "DE", at: datetime = AT, **facts: Any
) -> Application:
    """Return a draft that was just started."""
    email = facts.get("contact_email", "eva@kreislauf.example")
    return start_application(
        kind=kind, branch=branch, country=country, contact_email=email, by=VISITOR, at=at,
        checker_answers=facts.get("checker_answers"),
    )  # fmt: skip


def make_full_draft(
    *,
    kind: str = "shop",
    branch: str = "new",
    country: str = "DE",
    at: datetime = AT,
    pages: Mapping[str, Mapping[str, Any]] | None = None,
    **facts: Any,
) -> Application:
    """Return a draft in which every page is complete. ``facts`` are answers by field name, on whatever page."""
    make_mar()
    draft = make_draft(kind=kind, branch=branch, country=country, at=at, **facts)
    fill(draft, pages=pages, at=at, **facts)
    with mar_scope():
        return Application.objects.get(pk=draft.pk)


def fill(
    draft: Application,
    *,
    pages: Mapping[str, Mapping[str, Any]] | None = None,
    at: datetime = AT,
    **facts: Any,
) -> None:
    """Complete every page of a draft by the applicant's own steps."""
    for name in ANSWERS:
        if name == "transfer" and draft.branch == "new":
            continue
        answers = page_answers(name, draft.country, facts, kind=draft.kind) | dict(
            (pages or {}).get(name, {})
        )
        save_section(draft.pk, name, answers, by=VISITOR, at=at)
    if draft.kind in {"charity", "school"}:
        hand_in_paper(
            draft.pk, "register", "charity_proof", papers.JPEG, file_name="statutes.jpg", by=VISITOR, at=at
        )
    take_knowledge_test(draft.pk, RIGHT_ANSWERS, by=VISITOR, at=at)
    agree(draft.pk, at=at)


def page_answers(name: str, country: str, facts: Mapping[str, Any], *, kind: str = "shop") -> dict[str, Any]:
    """Return a page's good answers in a country, with facts by field name put over them."""
    answers = ANSWERS[name] | COUNTRIES.get(country, {}).get(name, {})
    for field, only_for in (("prepared_by", "broker"), ("supervisor", "school")):
        if kind != only_for:
            answers.pop(field, None)
    known = answers.keys() | {"vat_id", "note", "trade_name", "iban", "website"}
    return answers | {field: value for field, value in facts.items() if field in known}


def agree(application_id: UUID, *, at: datetime = AT) -> None:
    """Agree to the statement in force."""
    agree_to_statement(
        application_id, name="Eva Brandt", role="Owner", text_sha256=application_statement.TEXT_SHA256,
        by=VISITOR, at=at,
    )  # fmt: skip


def make_application(state: str = "submitted", *, at: datetime = AT, **facts: Any) -> Application:
    """Return an application as a draft, filled ("complete"), or submitted; later states are the review's."""
    if state == "draft":
        return make_draft(at=at, **facts)
    draft = make_full_draft(at=at, **facts)
    return draft if state == "complete" else submit_application(draft.pk, by=VISITOR, at=at)
