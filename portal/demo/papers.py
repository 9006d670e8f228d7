"""The demo's agreements, programme changes and training: what is announced, accepted, read and passed."""

from datetime import datetime, time, timedelta
from typing import Any

from core.tenancy import mar_scope, partner_scope
from licensing.models import Product
from licensing.services.programme_changes import WrittenChange, publish_change, read_change, write_change
from partners.models import Agreement, TermsVersion
from partners.models.terms import AgreementKind
from partners.rules.quiz import from_data
from partners.rules.training import add_months
from partners.selectors.mar import mar_zone
from partners.selectors.terms import text_in
from partners.services.agreements import NewVersion, WrittenText, create_agreement, publish_version
from partners.services.terms import accept_terms
from partners.services.training import WrittenCourse, begin_test, hand_in_test, save_course
from portal.demo.course import COURSE_CODE, COURSE_TITLE, QUESTIONS_DE, QUESTIONS_EN, READING_DE, READING_EN
from portal.demo.people import Cast
from portal.demo.programme import (
    CITIZENSHIP_SUMMARY,
    CITIZENSHIP_TEXT,
    NEW_TERMS_SUMMARY,
    NEW_TERMS_SUMMARY_DE,
    NEW_TERMS_TEXT,
    NEW_TERMS_TEXT_DE,
    PARTNERS,
)

PASS_MARK, VALID_MONTHS = 75, 12
ENDS_SOON = "TPR-0002"  # whose pass runs out in twelve days


def teach(cast: Cast, *, now: datetime) -> None:
    """Publish the course and let somebody of each partner pass it, but for the new one."""
    zone = mar_zone()
    required_from = datetime.combine((now - timedelta(days=20)).astimezone(zone).date(), time(), zone)
    with mar_scope():
        course = save_course(
            WrittenCourse(
                code=COURSE_CODE, title=COURSE_TITLE, pass_mark=PASS_MARK, valid_months=VALID_MONTHS, is_required=True,
                required_from=required_from, readings={"en": READING_EN, "de": READING_DE},
                questions={"en": QUESTIONS_EN, "de": QUESTIONS_DE},
            ),
            is_new=True, by=cast.staff("marta"), at=required_from - timedelta(days=30),
        )  # fmt: skip
        questions = from_data(course.versions.get().texts["en"]["questions"])
    right = {place: question.right for place, question in enumerate(questions)}
    for place, wanted in enumerate(PARTNERS):
        if wanted.story == "new" or wanted.code not in cast.owners:
            continue
        at = required_from - timedelta(days=5) + timedelta(hours=place)
        if wanted.code == ENDS_SOON:
            at = _a_year_before(now + timedelta(days=12))
        if place == 0:  # the busiest one needed two tries
            _sit(cast, wanted.code, {**right, 0: frozenset(), 1: frozenset(), 2: frozenset()}, at=at)
        _sit(cast, wanted.code, right, at=at + timedelta(minutes=20))


def _a_year_before(ends: datetime) -> datetime:
    day = add_months(ends.date(), -VALID_MONTHS)
    return datetime.combine(day, time(9), mar_zone())


def _sit(cast: Cast, code: str, answers: dict[int, frozenset[int]], *, at: datetime) -> None:
    partner_id, owner = cast.partners[code].pk, cast.owner(code)
    with partner_scope(partner_id):
        attempt = begin_test(
            partner_id=partner_id, course_code=COURSE_CODE, language="en", seed=len(code), by=owner, at=at
        )
        hand_in_test(
            attempt.pk, partner_id=partner_id, answers=answers, by=owner, at=at + timedelta(minutes=6)
        )


def announce(cast: Cast, *, now: datetime) -> None:
    """Announce a new version of the contract and a Citizenship schedule; some have accepted already."""
    zone = mar_zone()

    def day(days: int) -> datetime:
        return datetime.combine((now + timedelta(days=days)).astimezone(zone).date(), time(), zone)

    with mar_scope():
        master = Agreement.objects.get(kind=AgreementKind.MASTER)
        newer = publish_version(
            master.pk,
            NewVersion(
                version="2027-1",
                texts={
                    "en": WrittenText(NEW_TERMS_SUMMARY, NEW_TERMS_TEXT),
                    "de": WrittenText(NEW_TERMS_SUMMARY_DE, NEW_TERMS_TEXT_DE),
                },
                binding_language="de", announced_at=day(-9), effective_from=day(21), due_from=day(26),
            ),
            by=cast.staff("marta"), at=day(-9),
        )  # fmt: skip
        schedule = create_agreement(
            code="WIN-CIT", kind=AgreementKind.SCHEDULE, title="Citizenship schedule", families=["citizenship"],
            by=cast.staff("marta"), at=day(-2),
        )  # fmt: skip
        publish_version(
            schedule.pk,
            NewVersion(
                version="2026-1", texts={"en": WrittenText(CITIZENSHIP_SUMMARY, CITIZENSHIP_TEXT)},
                binding_language="en", announced_at=day(-2), effective_from=day(28), due_from=day(42),
            ),
            by=cast.staff("marta"), at=day(-2),
        )  # fmt: skip
    for place, wanted in enumerate(PARTNERS):
        if place % 3 == 2 and wanted.story != "new":
            _accept(cast, wanted.code, newer, at=day(-6) + timedelta(hours=9 + place))


def _accept(cast: Cast, code: str, terms: TermsVersion, *, at: datetime) -> None:
    partner_id = cast.partners[code].pk
    with partner_scope(partner_id):
        accept_terms(
            partner_id=partner_id, terms_id=terms.pk, text_sha256=text_in(terms, "en").sha256, role="tpr_owner",
            by=cast.owner(code), at=at,
        )  # fmt: skip


def change(cast: Cast, products: dict[str, Product], *, now: datetime) -> None:
    """Publish the end of Windows 10 Pro in steps, and leave a draft about Home for a second person."""
    zone = mar_zone()

    def day(days: int) -> datetime:
        return datetime.combine((now + timedelta(days=days)).astimezone(zone).date(), time(), zone)

    with mar_scope():
        published = write_change(
            _written(products["WIN10-PRO-REF-COM"], "Windows 10 Pro", day(49), day(231)),
            by=cast.staff("marta"), at=now - timedelta(days=6),
        )  # fmt: skip
        publish_change(published.pk, by=cast.staff("jonas"), at=now - timedelta(days=5))
        write_change(
            _written(products["WIN10-HOME-REF-COM"], "Windows 10 Home", day(110), day(292)),
            by=cast.staff("marta"), at=now - timedelta(hours=20),
        )  # fmt: skip
    for place, wanted in enumerate(PARTNERS):
        if place % 2 == 1 and wanted.story != "new":
            with partner_scope(cast.partners[wanted.code].pk):
                read_change(
                    published.pk, partner_id=cast.partners[wanted.code].pk, by=cast.owner(wanted.code),
                    at=now - timedelta(days=4) + timedelta(hours=3 * place),
                )  # fmt: skip


def _written(product: Product, name: str, install: datetime, sell: datetime) -> WrittenChange:
    words: dict[str, Any] = {
        "en": (
            f"{name} ends in two steps",
            "Microsoft ends this product for refurbished PCs. Prepare what you hold before its last day of "
            "installation, and sell what is built before the last day of sale. Keys you have not taken can go back "
            "to us before then; ask us early.",
        ),
        "de": (
            f"{name} endet in zwei Schritten",
            "Microsoft beendet dieses Produkt für aufgearbeitete PCs. Verbauen Sie Ihren Bestand vor dem letzten "
            "Installationstag und verkaufen Sie fertige Geräte vor dem letzten Verkaufstag.",
        ),
    }
    return WrittenChange(product.pk, None, install, sell, words)
