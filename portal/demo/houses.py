"""What partners keep about themselves, what the MAR writes down, and one partner on his way out."""

from datetime import datetime, timedelta
from pathlib import Path

from compliance.services.exit_file import make_exit_file
from compliance.services.wind_down import begin_wind_down, settle_item, waive_item
from core.tenancy import mar_scope, partner_scope
from partners.models import Document, Site
from partners.services.company import request_company_change
from partners.services.contacts import name_contact
from partners.services.documents import store_document
from partners.services.notes import write_note
from partners.services.sites import add_brand, open_site
from portal.demo.history import Stage

LOGO = Path(__file__).parent / "samples" / "logo.png"
LEAVING = "TPR-0011"
ADDRESSES = {
    "TPR-0001": (("legal", "Office", "Lindenstraße 12", "10969", "Berlin", "DE"),
                 ("build", "Workshop Marzahn", "Pyramidenring 4", "12681", "Berlin", "DE"),
                 ("shipping", "Goods in", "Pyramidenring 6", "12681", "Berlin", "DE")),
    "TPR-0002": (("legal", "Tweede Leven", "Kanaalstraat 81", "3531 CG", "Utrecht", "NL"),),
    "TPR-0004": (("legal", "Biuro", "ul. Długa 7", "31-146", "Kraków", "PL"),),
    LEAVING: (("legal", "Kantoor", "Plantinkaai 3", "2000", "Antwerpen", "BE"),),
}  # fmt: skip
OFFICE = (
    ("technical", "Stefan Lindner", "stefan.lindner@nordlicht.example", "+49 40 5550 110"),
    ("commercial", "Franziska Bauer", "franziska.bauer@nordlicht.example", "+49 40 5550 120"),
    ("management", "Marta Krüger", "marta.krueger@nordlicht.example", "+49 40 5550 100"),
)
REBYTE = (
    ("technical", "Tarik Aydın", "tarik@rebyte.example", "+49 30 5550 31"),
    ("commercial", "Ben Schulte", "ben@rebyte.example", "+49 30 5550 32"),
    ("management", "Olivia Hartmann", "olivia@rebyte.example", "+49 30 5550 30"),
)
NOTES = (
    ("TPR-0001", "Has two shifts on Saturdays; stations claim until midnight.", True),
    ("TPR-0001", "Asked about labels in French. Answer sent.", False),
    ("TPR-0004", "Reports late since his technician left. Rings back on Fridays.", True),
    ("TPR-0006", "Missing certificates announced for next week.", False),
)


def furnish(stage: Stage, *, now: datetime) -> None:
    """Let partners name sites, a brand, contacts and papers; write notes; begin one way out."""
    for code, addresses in ADDRESSES.items():
        _open_sites(stage, code, addresses, at=now - timedelta(days=60))
    _name_people(stage, at=now - timedelta(days=50))
    _hand_in(stage, now=now)
    for code, text, is_pinned in NOTES:
        with mar_scope():
            write_note(
                stage.cast.partners[code].pk, text=text, is_pinned=is_pinned, by=stage.cast.staff("marta"),
                at=now - timedelta(days=6),
            )  # fmt: skip
    _ask_for_a_change(stage, at=now - timedelta(days=1))
    _let_one_leave(stage, now=now)


def _open_sites(stage: Stage, code: str, addresses: tuple[tuple[str, ...], ...], *, at: datetime) -> None:
    partner_id = stage.cast.partners[code].pk
    with partner_scope(partner_id):
        for kind, name, street, postcode, city, country in addresses:
            open_site(
                partner_id, kind=Site.Kind(kind), since=at.date(),
                facts={"name": name, "street": street, "postcode": postcode, "city": city, "country": country},
                by=stage.cast.owner(code), at=at,
            )  # fmt: skip


def _name_people(stage: Stage, *, at: datetime) -> None:
    with mar_scope():
        for area, name, email, phone in OFFICE:
            name_contact(
                None, area=area, name=name, email=email, phone=phone, by=stage.cast.staff("marta"), at=at
            )
    partner_id = stage.cast.partners["TPR-0001"].pk
    with partner_scope(partner_id):
        for area, name, email, phone in REBYTE:
            name_contact(
                partner_id, area=area, name=name, email=email, phone=phone, by=stage.cast.owner("TPR-0001"), at=at
            )  # fmt: skip


def _hand_in(stage: Stage, *, now: datetime) -> None:
    partner_id, owner = stage.cast.partners["TPR-0001"].pk, stage.cast.owner("TPR-0001")
    picture = LOGO.read_bytes()
    with partner_scope(partner_id):
        add_brand(
            partner_id, facts={"name": "ReByte Again", "support_email": "help@rebyte.example",
                               "support_phone": "+49 30 5550 10", "support_url": "https://rebyte.example/help"},
            logo=picture, logo_name="rebyte.png", by=owner, at=now - timedelta(days=40),
        )  # fmt: skip
        for title, kind, days in (
            ("R2v3", Document.Kind.CERTIFICATE, 23),
            ("ISO 14001", Document.Kind.CERTIFICATE, 400),
            ("Liability insurance", Document.Kind.INSURANCE, 200),
        ):
            store_document(
                picture, name=f"{title.lower().replace(' ', '-')}.png", kind=kind, title=title, partner_id=partner_id,
                expires_on=(now + timedelta(days=days)).date(), by=owner, at=now - timedelta(days=100),
            )  # fmt: skip


def _ask_for_a_change(stage: Stage, *, at: datetime) -> None:
    partner = stage.cast.partners["TPR-0002"]
    with partner_scope(partner.pk):
        request_company_change(
            partner.pk,
            facts={"name": "Tweede Leven IT B.V.", "country": "NL", "vat_id": partner.vat_id, "iban": ""},
            reason="A private company since the first of the month.",
            by=stage.cast.owner("TPR-0002"),
            at=at,
        )


def _let_one_leave(stage: Stage, *, now: datetime) -> None:
    partner_id, marta = stage.cast.partners[LEAVING].pk, stage.cast.staff("marta")
    begun = now - timedelta(days=5)
    with mar_scope():
        begin_wind_down(
            partner_id, reason="Sells his workshop at the end of the year.", ends_at=now + timedelta(days=25),
            by=marta, at=begun,
        )  # fmt: skip
        settle_item(partner_id, "labels", note="40 labels came back by post.", by=marta, at=begun)
        waive_item(partner_id, "documents", reason="Kept here for the legal term.", by=marta, at=begun)
        make_exit_file(partner_id, at=begun)
