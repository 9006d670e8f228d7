"""The demo's price books, a price to come, a discount and two estimates, through the real services."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from core.tenancy import mar_scope, partner_scope
from licensing.models import PriceBook
from licensing.services.estimates import write_estimate
from licensing.services.price_agreements import (
    NewDeviation,
    NewPricing,
    approve_deviation,
    approve_pricing,
    write_deviation,
    write_pricing,
)
from licensing.services.price_books import NewBook, NewPrice, announce_price, open_book, write_price
from licensing.services.resale import set_resale_price
from partners.selectors.mar import mar_zone
from portal.demo.history import Stage

PRO, HOME = "WIN11-PRO-REF-COM", "WIN11-HOME-REF-COM"
# Former direct members keep theirs; a charity pays less; the standard falls from 2,400 licences a year.
GROUP = {PRO: Decimal("26.90"), HOME: Decimal("19.80")}
CHARITY = {PRO: Decimal("22.00"), HOME: Decimal("16.50")}
THRESHOLD, LARGE_PRICE = 2400, Decimal("26.50")
FORMER_MEMBERS, CHARITIES = ("TPR-0003", "TPR-0005"), ("TPR-0008",)
MEMBERSHIP_ENDS = timedelta(days=128)
OWN_PRICES = {PRO: Decimal("39.00"), HOME: Decimal("29.00")}


def open_books(stage: Stage, *, at: datetime, now: datetime) -> None:
    """Open the group's and the charities' book, and put their partners on them."""
    writer = stage.cast.staff("marta")
    with mar_scope():
        ends = now + MEMBERSHIP_ENDS
        former = open_book(
            NewBook("EX-RRP", "Former direct members", "group", "EUR", valid_before=ends), by=writer, at=at
        )
        charity = open_book(NewBook("CHARITY", "Charities", "charity", "EUR"), by=writer, at=at)
        standard = PriceBook.objects.get(route="standard")
        for book, prices in ((former, GROUP), (charity, CHARITY)):
            for code, amount in prices.items():
                _announce(stage, NewPrice(book.pk, stage.products[code].pk, amount, at), at=at)
        wanted = NewPrice(standard.pk, stage.products[PRO].pk, LARGE_PRICE, at, THRESHOLD)
        _announce(stage, wanted, at=at)
        for codes, book, until, reason in (
            (FORMER_MEMBERS, former, ends, "Direct member of the programme before; keeps its conditions"),
            (CHARITIES, charity, None, "Registered charity"),
        ):
            for code in codes:
                place = NewPricing(stage.cast.partners[code].pk, book.pk, at, until, reason)
                written = write_pricing(place, by=writer, at=at)
                approve_pricing(written.pk, by=stage.cast.staff("jonas"), at=at)


def show_prices(stage: Stage, *, now: datetime) -> None:
    """Announce a dearer price, grant a discount and leave another proposed; estimates open and lapsed."""
    zone, writer = mar_zone(), stage.cast.staff("marta")
    first, partner = stage.cast.owner("TPR-0001"), stage.cast.partners["TPR-0001"]

    def day(days: int) -> datetime:
        return datetime.combine((now + timedelta(days=days)).astimezone(zone).date(), time(), zone)

    with partner_scope(partner.pk):
        for days, reference, lines in (
            (52, "Spring tender", [(PRO, 40), (HOME, 20)]),
            (1, "Offer for the city library", [(PRO, 25), (HOME, 10)]),
        ):
            write_estimate(partner.pk, lines, reference=reference, by=first, at=now - timedelta(days=days))
        for code, amount in OWN_PRICES.items():
            set_resale_price(partner.pk, stage.products[code].pk, amount, at=now - timedelta(days=20))
    with mar_scope():
        standard = PriceBook.objects.get(route="standard")
        rise = NewPrice(standard.pk, stage.products[PRO].pk, Decimal("29.90"), day(40))
        _announce(stage, rise, at=now - timedelta(days=2))
        write_price(
            NewPrice(standard.pk, stage.products[HOME].pk, Decimal("20.50"), day(20)), by=writer, at=now
        )
        granted = NewDeviation(
            partner.pk, stage.products[HOME].pk, Decimal("18.90"), 200, now - timedelta(days=4), day(35),
            "Tender of the city library, 200 PCs at once",
        )  # fmt: skip
        written = write_deviation(granted, by=writer, at=now - timedelta(days=4))
        approve_deviation(written.pk, by=stage.cast.staff("jonas"), at=now - timedelta(days=3))
        asked = NewDeviation(
            stage.cast.partners["TPR-0007"].pk, stage.products[PRO].pk, Decimal("27.00"), 60, now, day(28),
            "First large order after a quiet year",
        )  # fmt: skip
        write_deviation(asked, by=writer, at=now - timedelta(hours=3))


def _announce(stage: Stage, wanted: NewPrice, *, at: datetime) -> None:
    price = write_price(wanted, by=stage.cast.staff("marta"), at=at)
    announce_price(price.pk, by=stage.cast.staff("jonas"), at=at)
