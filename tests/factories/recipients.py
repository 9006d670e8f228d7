"""Recipients for tests: registered, reviewed and approved by the real services."""

from datetime import date, datetime, timedelta
from typing import Any

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import FamilyGrant, Product
from partners.models import Partner, Recipient
from partners.services.recipient_review import approve_recipient, review_recipient
from partners.services.recipients import RecipientFacts, add_evidence, register_recipient, submit_recipient
from tests.factories import AT, actor_for, make_member, make_partner, make_product, make_stock

# A picture of one pixel: the smallest paper that the portal takes.
PAPER = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001"
    "48afa4710000000049454e44ae426082"
)
UNTIL = date(2027, 3, 31)
BUYER = Actor.system("buyer")
EVIDENCE = {
    "charity": "charity_status",
    "academic": "school_status",
    "specially_approved": "mar_letter",
    "tap": "programme_page",
}


def recipient_facts(**changes: Any) -> RecipientFacts:
    """Return the facts of a school, or what the changes make of it."""
    facts = {
        "class_code": "academic", "name": "Grundschule Am Park", "register_id": "DE-HH 12345", "country": "DE",
        "town": "Hamburg", "website": "https://schule.example", "size": "under_100", "purpose": "Primary school",
    } | changes  # fmt: skip
    if facts["class_code"] == "tap":
        facts = {"criteria": ("state_benefit",), "programme_page": "https://tap.example"} | facts
    return RecipientFacts(**facts)


def make_draft(partner: Partner, *, at: datetime = AT, paper: bool = True, **changes: Any) -> Recipient:
    """Return a draft with the evidence of its class, in the partner's own scope."""
    facts = recipient_facts(**changes)
    with partner_scope(partner.pk):
        recipient = register_recipient(partner.pk, facts, by=BUYER, at=at)
        if paper:
            add_evidence(
                recipient.pk, PAPER, kind=EVIDENCE[facts.class_code], name="proof.png", by=BUYER, at=at
            )
    return recipient


def make_submitted(partner: Partner, *, at: datetime = AT, **changes: Any) -> Recipient:
    """Return a submitted recipient."""
    recipient = make_draft(partner, at=at, **changes)
    with partner_scope(partner.pk):
        return submit_recipient(recipient.pk, by=BUYER, at=at)


def make_reviewed(partner: Partner, *, at: datetime = AT, until: date = UNTIL, **changes: Any) -> Recipient:
    """Return a recipient reviewed by a MAR administrator."""
    recipient = make_submitted(partner, at=at, **changes)
    reviewer = make_member("mar_admin", name="Reviewer")
    with mar_scope():
        return review_recipient(
            recipient.pk, note="Register checked.", evidence_until=until, by=actor_for(reviewer), at=at
        )


def make_recipient(
    partner: Partner, *, at: datetime = AT - timedelta(days=40), until: date = UNTIL, **changes: Any
) -> Recipient:
    """Return an approved recipient."""
    recipient = make_reviewed(partner, at=at, until=until, **changes)
    approver = make_member("mar_approver", name="Approver")
    with mar_scope():
        return approve_recipient(recipient.pk, by=actor_for(approver), at=at)


def make_giver(**fields: Any) -> Partner:
    """Return a partner whose contract includes the Citizenship family."""
    return make_partner(families=("commercial", "citizenship"), **fields)


def make_citizenship(*, office: bool = False, stock: int = 0, **fields: Any) -> Product:
    """Return a Citizenship product, Windows unless Office is asked for, with stock."""
    generation = "Office 2019" if office else "Windows 11"
    product = make_product(**{"family": "citizenship", "generation": generation, "price": "1.00"} | fields)
    if stock:
        make_stock(product, stock)
    return product


def grant_citizenship(partner: Partner) -> None:
    """Add the Citizenship family to a partner's contract."""
    with mar_scope():
        FamilyGrant.objects.create(partner=partner, family="citizenship", valid_from=AT - timedelta(days=300))
