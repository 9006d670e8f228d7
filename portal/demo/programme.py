"""Who and what the demo consists of. Everything is made up."""

from dataclasses import dataclass
from decimal import Decimal

MAR = {
    "legal_name": "Nordlicht Refurbishing GmbH",
    "sold_to_id": "0000123456",
    "address": "Speicherstraße 12\n20457 Hamburg",
    "country": "DE",
    "vat_id": "DE999999900",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "contact_email": "programm@nordlicht.example",
}

TERMS_VERSION = "2025-1"
TERMS_SUMMARY = """One licence is for one eligible PC, and you report every PC you build.
You never pass a key on, not to a colleague, not to a customer, not to another shop.
You tell us at once when a key is lost or stolen.
You wipe every disk by the standard you named, and you can prove it.
You pay once a month for what you used."""
TERMS_TEXT = """1. Eligible devices. A licence is installed only on a PC that was in use for at least six months, \
carried a Microsoft product before, still has its original board, and meets the minimum hardware of the product.

2. Refurbishment. Each PC is repaired, tested, cleaned, and its disks are sanitised by the standard stated in the \
application. Proof is kept for the term of the programme.

3. Keys. A key is attached to one PC. It is never handed to another refurbisher, a reseller or a customer apart from \
that PC. Loss or theft is reported to the MAR without delay. A key that was shown to anyone is never used twice.

4. Reporting. Each build is reported with its hardware hash before the PC leaves. Keys that are not reported within 30 \
days stop new orders; after 60 days they are called back.

5. Labels. The refurbisher label is placed where the programme says, and old labels are struck through.

6. Citizenship licences go only to recipients that the MAR has approved.

7. Payment. One statement a month, for the keys assigned in it, within the credit limit.

8. Audit. The MAR and Microsoft may look at the records with 30 days' notice."""

NEW_TERMS_SUMMARY = (
    TERMS_SUMMARY
    + """
New: you keep the proof of wiping for six years, and you note the sale of each PC."""
)
NEW_TERMS_TEXT = (
    TERMS_TEXT
    + """

9. Proof. The proof of wiping is kept for six years and shown on request.

10. Sales. The day and country of each sale are noted in the portal."""
)
NEW_TERMS_SUMMARY_DE = """Eine Lizenz ist für einen geeigneten PC, und jeder fertige PC wird gemeldet.
Ein Schlüssel wird nie weitergegeben. Verlust oder Diebstahl melden Sie sofort.
Datenträger werden nach dem genannten Standard gelöscht, nachweisbar.
Sie zahlen einmal im Monat, was Sie verbraucht haben.
Neu: Löschnachweise werden sechs Jahre aufbewahrt, und der Verkauf jedes PCs wird vermerkt."""
NEW_TERMS_TEXT_DE = """1. Geeignete Geräte. Eine Lizenz wird nur auf einem PC installiert, der mindestens sechs Monate \
in Gebrauch war, schon ein Microsoft-Produkt trug und seine ursprüngliche Hauptplatine hat.

2. Aufarbeitung. Jeder PC wird repariert, geprüft und gereinigt; Datenträger werden nach dem genannten Standard \
gelöscht.

3. Schlüssel. Ein Schlüssel gehört zu einem PC. Er wird nie ohne diesen PC weitergegeben. Verlust oder Diebstahl wird \
dem MAR unverzüglich gemeldet.

4. Meldung. Jeder PC wird mit seinem Hardware-Hash gemeldet, bevor er das Haus verlässt.

5. Aufkleber. Der Aufkleber sitzt, wo das Programm es vorsieht; alte werden durchgestrichen.

6. Citizenship-Lizenzen gehen nur an Empfänger, die der MAR anerkannt hat.

7. Zahlung. Eine Abrechnung im Monat, im Rahmen des Kreditlimits.

8. Prüfung. Der MAR und Microsoft dürfen die Unterlagen mit 30 Tagen Vorlauf einsehen.

9. Nachweis. Löschnachweise werden sechs Jahre aufbewahrt und auf Verlangen gezeigt.

10. Verkauf. Tag und Land jedes Verkaufs werden im Portal vermerkt."""
CITIZENSHIP_SUMMARY = """Citizenship licences go to approved recipients only, each with proof.
You name the recipient with the order, and you sell the PC to nobody else."""
CITIZENSHIP_TEXT = """1. Recipients. A Citizenship licence is installed only on a PC for a recipient that the \
MAR has approved.

2. Proof. The proof of the recipient's class is kept for six years.

3. Quota. Windows and Office are ordered within the monthly quota, Office never more than Windows.

4. Resale. A PC with a Citizenship licence is not offered on a marketplace."""


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product with its net price in EUR; ``share`` of all keys ordered, in percent."""

    code: str
    name: str
    lpn: str
    family: str
    edition: str
    generation: str
    price: Decimal
    who: str
    share: int
    ends_months_ago: int | None = None


PRODUCTS = (
    DemoProduct("WIN11-PRO-REF-COM", "Windows 11 Pro", "RFB-00101", "commercial", "Pro", "Windows 11",
                Decimal("28.50"), "For any buyer of a refurbished PC.", 62),
    DemoProduct("WIN11-HOME-REF-COM", "Windows 11 Home", "RFB-00102", "commercial", "Home", "Windows 11",
                Decimal("21.00"), "For private buyers of a refurbished PC.", 30),
    DemoProduct("WIN11-PRO-REF-CIT", "Windows 11 Pro (Citizenship)", "RFB-00201", "citizenship", "Pro", "Windows 11",
                Decimal("6.50"), "For charities, schools and approved recipients only.", 0),
    DemoProduct("WIN10-PRO-REF-COM", "Windows 10 Pro", "RFB-00103", "commercial", "Pro", "Windows 10",
                Decimal("24.00"), "Support ended in October 2025; on sale for stock already refurbished.", 5, 3),
    DemoProduct("WIN10-HOME-REF-COM", "Windows 10 Home", "RFB-00104", "commercial", "Home", "Windows 10",
                Decimal("18.00"), "Support ended in October 2025; on sale for stock already refurbished.", 3, 3),
    DemoProduct("OFFICE-REF-CIT", "Office (Citizenship)", "RFB-00301", "citizenship", "Office", "Office",
                Decimal("9.00"), "Through a Technology Access Programme, with a Citizenship Windows.", 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPartner:
    """A partner; ``weight`` is his share of all builds, ``joined`` the months before now he came."""

    code: str
    name: str
    country: str
    vat_id: str
    contact: str
    email: str
    weight: int
    joined: int
    credit: Decimal
    monthly_quantity: int
    story: str


# Two who wait for an answer: one like a partner and with a name on the invented sanctions list, one without a fault.
APPLICANTS = (
    DemoPartner(
        "APP-0021", "Re-Byte Computers UG", "DE", "DE999999899", "Pavel Zadenkowski", "pavel@rebyte-computers.example",
        weight=0, joined=0, credit=Decimal(0), monthly_quantity=80, story="alike",
    ),
    DemoPartner(
        "APP-0022", "Deuxième Clavier SARL", "FR", "FR06999999964", "Inès Laurent", "ines@deuxiemeclavier.example",
        weight=0, joined=0, credit=Decimal(0), monthly_quantity=120, story="faultless",
    ),
)  # fmt: skip

PARTNERS = (
    DemoPartner(
        "TPR-0001", "ReByte Computer GmbH", "DE", "DE999999987", "Olivia Hartmann", "olivia@rebyte.example",
        weight=30, joined=13, credit=Decimal("60000"), monthly_quantity=1500, story="busy",
    ),
    DemoPartner(
        "TPR-0002", "Tweede Leven IT", "NL", "NL999999990B01", "Noor de Vries", "noor@tweedeleven.example",
        weight=3, joined=13, credit=Decimal("4000"), monthly_quantity=150, story="small",
    ),
    DemoPartner(
        "TPR-0003", "Seconde Vie Informatique", "FR", "FR54999999980", "Lucie Moreau", "lucie@secondevie.example",
        weight=14, joined=13, credit=Decimal("25000"), monthly_quantity=700, story="steady",
    ),
    DemoPartner(
        "TPR-0004", "Drugie Życie PC sp. z o.o.", "PL", "PL9999999982", "Paweł Zieliński", "pawel@drugiezycie.example",
        weight=8, joined=12, credit=Decimal("15000"), monthly_quantity=400, story="late",
    ),
    DemoPartner(
        "TPR-0005", "GreenTech Wiederverwendung eG", "DE", "DE999999979", "Henrike Vogt", "henrike@greentech.example",
        weight=12, joined=13, credit=Decimal("22000"), monthly_quantity=600, story="steady",
    ),
    DemoPartner(
        "TPR-0006", "Ordi Bis SRL", "BE", "BE0999999922", "Sofie Lambert", "sofie@ordibis.example",
        weight=6, joined=11, credit=Decimal("9000"), monthly_quantity=300, story="suspended",
    ),
    DemoPartner(
        "TPR-0007", "Kringloop Digitaal", "NL", "NL999999989B01", "Joris Bakker", "joris@kringloopdigitaal.example",
        weight=7, joined=10, credit=Decimal("12000"), monthly_quantity=350, story="returns",
    ),
    DemoPartner(
        "TPR-0008", "Computer für alle e. V.", "DE", "DE999999962", "Miriam Stein", "miriam@computerfueralle.example",
        weight=4, joined=9, credit=Decimal("5000"), monthly_quantity=250, story="charity",
    ),
    DemoPartner(
        "TPR-0009", "Odnowa Komputery", "PL", "PL9999999976", "Katarzyna Mazur", "kasia@odnowa.example",
        weight=9, joined=8, credit=Decimal("16000"), monthly_quantity=450, story="denied",
    ),
    DemoPartner(
        "TPR-0010", "Circuit Court SARL", "FR", "FR30999999972", "Antoine Petit", "antoine@circuitcourt.example",
        weight=5, joined=6, credit=Decimal("8000"), monthly_quantity=300, story="hashes",
    ),
    DemoPartner(
        "TPR-0011", "Herstart Antwerpen BV", "BE", "BE0999999823", "Wout Peeters", "wout@herstart.example",
        weight=2, joined=3, credit=Decimal("4000"), monthly_quantity=150, story="young",
    ),
    DemoPartner(
        "TPR-0012", "Neustart IT UG", "DE", "DE999999954", "Nina Falk", "nina@neustart-it.example",
        weight=0, joined=0, credit=Decimal("2500"), monthly_quantity=100, story="new",
    ),
)  # fmt: skip

MODELS = (
    ("LENOVO", "ThinkPad T480", "20L5000BGE", "Notebook", "Standard", "14.0", "Nontouch"),
    ("LENOVO", "ThinkPad T490", "20N2S00A00", "Notebook", "Standard", "14.0", "Nontouch"),
    ("Dell Inc.", "Latitude 7490", "081C", "Notebook", "Ultraslim", "14.0", "Nontouch"),
    ("Dell Inc.", "OptiPlex 7060", "085A", "Desktop", "Standard", "0", "Nontouch"),
    ("HP", "EliteBook 840 G6", "7YM23EA", "Notebook", "Ultraslim", "14.0", "Touch"),
    ("HP", "EliteDesk 800 G4", "4KW64EA", "Desktop", "Standard", "0", "Nontouch"),
    ("FUJITSU", "LIFEBOOK U748", "VFY:U7480M151SDE", "Notebook", "Standard", "14.0", "Nontouch"),
    ("Apple Inc.", "iMac18,3", "MNE92D/A", "Desktop", "AIO", "27.0", "Nontouch"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the demo is: builds in all, and closed months before the running one."""

    builds: int
    months: int


FULL = Size(builds=23_000, months=12)
SMALL = Size(builds=300, months=2)
