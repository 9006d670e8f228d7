"""Recipients of Citizenship licences: approved, waiting, expired, in conflict, and an exception to the quota."""

import itertools
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from core.actor import Actor
from core.periods import Period
from core.tenancy import mar_scope, partner_scope
from licensing.services.onboarding import grant_family
from licensing.services.orders import OrderRequest, place_order
from licensing.services.quota import (
    ExceptionRequest,
    mark_exception_asked,
    package_exception,
    record_answer,
    request_exception,
)
from partners.models import Recipient
from partners.rules.recipients import EVIDENCE_KINDS
from partners.selectors.mar import mar_zone
from partners.selectors.recipients import class_in_force
from partners.services.recipient_review import approve_recipient, expire_recipients, review_recipient
from partners.services.recipients import RecipientFacts, add_evidence, register_recipient, submit_recipient
from portal.demo.history import NAMESPACE, Stage, use_keys
from portal.demo.programme import PARTNERS

WINDOWS, OFFICE = "WIN11-PRO-REF-CIT", "OFFICE-REF-CIT"
SHOP, CHARITY = "TPR-0001", "TPR-0008"
BY_CODE = {partner.code: partner for partner in PARTNERS}


@dataclass(frozen=True, slots=True)
class DemoRecipient:
    """One organisation of the demo, and how far it has come."""

    key: str
    partner: str
    class_code: str
    name: str
    register_id: str
    town: str
    website: str
    size: str
    purpose: str
    criteria: tuple[str, ...] = ()


SCHOOL = DemoRecipient(
    "school", SHOP, "academic", "Stadtteilschule Elbinsel", "HH-Schule 5823", "Hamburg", "https://elbinsel.example",
    "under_500", "State school with 900 pupils.",
)  # fmt: skip
PROGRAMME = DemoRecipient(
    "programme", SHOP, "tap", "Digital dabei Hamburg", "VR 24017", "Hamburg", "https://digital-dabei.example",
    "under_100", "Passes PCs on to households with a low income.", ("state_benefit", "community_access"),
)  # fmt: skip
LIBRARY = DemoRecipient(
    "library", SHOP, "academic", "Bücherhalle Süderelbe", "HH-Bib 77", "Hamburg", "https://buecherhalle.example",
    "under_20", "Public library.",
)  # fmt: skip
KITCHEN = DemoRecipient(
    "kitchen", CHARITY, "charity", "Tafel Lüneburg e. V.", "VR 200391", "Lüneburg", "https://tafel.example", "under_20",
    "Food bank with an advice room.",
)  # fmt: skip
SAME_KITCHEN = DemoRecipient(
    "same-kitchen", SHOP, "charity", "Lüneburger Tafel", "", "Lüneburg", "https://tafel.example", "under_20",
    "Food bank.",
)  # fmt: skip
WORKSHOP = DemoRecipient(
    "workshop", CHARITY, "charity", "Jugendwerkstatt Heide e. V.", "VR 110257", "Soltau", "https://heide.example",
    "under_100", "Workshop that trains young people.",
)  # fmt: skip
HOUSE = DemoRecipient(
    "house", CHARITY, "charity", "Mehrgenerationenhaus Uelzen", "VR 120044", "Uelzen", "https://mgh.example",
    "under_20", "Open house for the quarter.",
)  # fmt: skip


def play_month(stage: Stage, month: Period, *, is_first: bool, at: datetime, now: datetime) -> None:
    """Register and approve in the first of two months, and order a little in both."""
    if is_first:
        for code in (SHOP, CHARITY):
            _grant(stage, code, at)
        end = month.next().next().first_day.replace(year=month.year + 1)
        for wanted, until in ((SCHOOL, end), (PROGRAMME, end), (KITCHEN, end),
                              (LIBRARY, (now - timedelta(days=5)).date())):  # fmt: skip
            _approve(stage, wanted, until=max(until, at.date()), at=at)
    # A source of chance of its own: the rest of the demo stays as it is without recipients.
    own = replace(
        stage,
        chance=random.Random(f"recipients:{month}"),  # noqa: S311  (sample data, no secret)
        serials=itertools.count(7_000_001 if is_first else 7_500_001),
    )
    for wanted, code, quantity in ((SCHOOL, WINDOWS, 4), (PROGRAMME, WINDOWS, 2), (PROGRAMME, OFFICE, 2),
                                   (KITCHEN, WINDOWS, 2 if is_first else 1)):  # fmt: skip
        _order(stage, wanted, code, quantity, at=at + timedelta(hours=2))
        if is_first or wanted is SCHOOL:
            use_keys(own, BY_CODE[wanted.partner], code, quantity, at + timedelta(hours=4))


def leave_open(stage: Stage, *, now: datetime) -> None:
    """Leave work behind: one to review, one to decide, a double registration, an expired one, an exception."""
    with mar_scope():
        expire_recipients(by=Actor.system("recipients"), at=now - timedelta(days=1))
    _submit(stage, HOUSE, at=now - timedelta(hours=30))
    _review(stage, WORKSHOP, until=_in_a_year(now), at=now - timedelta(hours=28))
    _submit(stage, SAME_KITCHEN, at=now - timedelta(hours=6))
    _ask_for_more(stage, SCHOOL, 120, is_answered=True, at=now - timedelta(days=2))
    _ask_for_more(stage, KITCHEN, 60, is_answered=False, at=now - timedelta(hours=8))


def _grant(stage: Stage, code: str, at: datetime) -> None:
    with mar_scope():
        grant_family(stage.cast.partners[code].pk, family="citizenship", by=stage.cast.staff("jonas"), at=at)


def _submit(stage: Stage, wanted: DemoRecipient, *, at: datetime) -> Recipient:
    facts = RecipientFacts(
        wanted.class_code, wanted.name, wanted.register_id, "DE", wanted.town, wanted.website, wanted.size,
        wanted.purpose, wanted.criteria, wanted.website if wanted.criteria else "",
        "Household shows the notice to our partner on site; nothing is copied." if wanted.criteria else "",
    )  # fmt: skip
    partner_id, by = stage.cast.partners[wanted.partner].pk, stage.cast.owner(wanted.partner)
    with partner_scope(partner_id):
        recipient = register_recipient(partner_id, facts, by=by, at=at)
        group = class_in_force(wanted.class_code, at)
        kind = group.evidence[0] if group else "charity_status"
        paper = sample_paper([wanted.name, str(EVIDENCE_KINDS[kind]), "Made up for the demo."])
        add_evidence(recipient.pk, paper, kind=kind, name=f"{wanted.key}.pdf", by=by, at=at)
        return submit_recipient(recipient.pk, by=by, at=at)


def _review(stage: Stage, wanted: DemoRecipient, *, until: date, at: datetime) -> Recipient:
    recipient = _submit(stage, wanted, at=at)
    with mar_scope():
        return review_recipient(
            recipient.pk, note="Register entry and web site agree.", evidence_until=until,
            by=stage.cast.staff("marta"), at=at + timedelta(minutes=30),
        )  # fmt: skip


def _approve(stage: Stage, wanted: DemoRecipient, *, until: date, at: datetime) -> None:
    recipient = _review(stage, wanted, until=until, at=at)
    with mar_scope():
        approve_recipient(recipient.pk, by=stage.cast.staff("jonas"), at=at + timedelta(minutes=50))


def _recipient(wanted: DemoRecipient) -> Recipient:
    with mar_scope():
        return Recipient.objects.get(partner__code=wanted.partner, name=wanted.name)


def _order(stage: Stage, wanted: DemoRecipient, code: str, quantity: int, *, at: datetime) -> None:
    partner_id, recipient = stage.cast.partners[wanted.partner].pk, _recipient(wanted)
    with partner_scope(partner_id):
        place_order(
            partner_id=partner_id,
            request=OrderRequest(stage.products[code].pk, quantity, recipient_id=recipient.pk),
            idempotency_key=str(_key(wanted, code, at)),
            by=stage.cast.owner(wanted.partner),
            at=at,
        )


def _ask_for_more(
    stage: Stage, wanted: DemoRecipient, quantity: int, *, is_answered: bool, at: datetime
) -> None:
    partner_id, recipient = stage.cast.partners[wanted.partner].pk, _recipient(wanted)
    today = at.astimezone(mar_zone()).date()
    request = ExceptionRequest(
        product_id=stage.products[WINDOWS].pk, recipient_id=recipient.pk, quantity=quantity, period_start=today,
        period_end=today + timedelta(days=60),
        justification="The organisation equips new rooms at once, so one month needs more than the quota.",
        letter=sample_paper([wanted.name, "We need more PCs at once.", "Made up for the demo."]),
        letter_name="letter.pdf",
    )  # fmt: skip
    with partner_scope(partner_id):
        exception = request_exception(partner_id, request, by=stage.cast.owner(wanted.partner), at=at)
    if not is_answered:
        return
    marta, hour = stage.cast.staff("marta"), timedelta(hours=1)
    with mar_scope():
        package_exception(exception.pk, by=marta, at=at + hour)
        mark_exception_asked(exception.pk, by=marta, at=at + 2 * hour)
        record_answer(
            exception.pk, is_approved=True, microsoft_reference="Demo answer 1", note="Made up for the demo.",
            by=stage.cast.staff("jonas"), at=at + 20 * hour,
        )  # fmt: skip


def _key(wanted: DemoRecipient, code: str, at: datetime) -> UUID:
    return uuid5(NAMESPACE, f"recipient:{wanted.key}:{code}:{at.isoformat()}")


def _in_a_year(now: datetime) -> date:
    return (now + timedelta(days=365)).date()


def sample_paper(lines: list[str]) -> bytes:
    """Return a one-page PDF with a few lines: enough to be opened and looked at."""
    words = [line.encode("latin-1", "replace").translate(None, b"()\\") for line in lines]
    text = b"BT /F 18 Tf 60 760 Td 28 TL " + b"".join(b"(%s) Tj T* " % line for line in words) + b"ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return b"%sxref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        body, len(objects) + 1, table, len(objects) + 1, len(body),
    )  # fmt: skip
