"""Partners with a past: keys taken so many days ago, by the real services."""

from datetime import datetime, timedelta
from itertools import count

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.ohr import OhrFacts
from licensing.models import KeyHandOver
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import KeyState
from licensing.services.batches import Bound, Taken, hand_over_batch, report_batch
from partners.models import Partner
from tests.factories import AT
from tests.factories.exchange import make_held_keys

_serials = count(1)
STATION = Actor.system("station")


def take_keys(partner: Partner, quantity: int, *, days_ago: float, at: datetime = AT) -> list[Taken]:
    """Hand so many keys over, so many days before ``at``."""
    when = at - timedelta(days=days_ago)
    keys = make_held_keys(quantity, partner=partner, state=KeyState.ASSIGNED, at=when)
    devices = [DeviceIdentity("LENOVO", "T480", f"CMP{next(_serials):06d}") for _ in keys]
    with partner_scope(partner.pk):
        return hand_over_batch(
            partner_id=partner.pk,
            product_id=keys[0].product_id,
            devices=devices,
            station=None,
            by=STATION,
            at=when,
        )


def report(partner: Partner, taken: list[Taken], *, at: datetime = AT) -> None:
    """Report keys as a station does."""
    facts = OhrFacts("Notebook", "Standard", "Nontouch", "14.0", "SKU")
    builds = [Bound(key, f"{key.product_key_id}-hash".ljust(520, "x"), facts) for key in taken]
    with partner_scope(partner.pk):
        report_batch(partner_id=partner.pk, builds=builds, by=STATION, at=at)


def oldest_taken(partner: Partner, quantity: int) -> list[Taken]:
    """Return the partner's oldest keys that are not reported."""
    with mar_scope():
        rows = KeyHandOver.objects.select_related("key").filter(
            partner=partner, key__state=KeyState.RETRIEVED
        )
        return [
            Taken(row.key_id, row.key.product_key_id, row.device_id)
            for row in rows.order_by("handed_at")[:quantity]
        ]
