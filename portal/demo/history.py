"""A year of work: deliveries, orders, builds, Microsoft's answers, week by week."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.conf import settings

from core.tenancy import mar_scope, partner_scope
from licensing.exchange.ohr import OhrFacts
from licensing.models import KeyAssignment, KeyBatch, Product, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import KeyState
from licensing.services.batches import Bound, Taken, hand_over_batch, report_batch
from licensing.services.exchange import run_exchange
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload, release_batch
from licensing.services.order_completion import complete_orders
from licensing.services.orders import OrderRequest, place_order
from portal.demo.people import Cast
from portal.demo.programme import MAR, MODELS, PRODUCTS, DemoPartner

NAMESPACE = UUID("5b0e7c1e-0000-4000-8000-00000000d0d0")
# The demo's hashes are shorter than real ones (4,000 characters), so that a year fits on a laptop.
HASH_BYTES = 450


@dataclass
class Stage:
    """What the months share: the cast, the products, and one source of chance for all."""

    cast: Cast
    products: dict[str, Product]
    chance: random.Random
    serials: Iterator[int]
    unused: dict[tuple[str, str], list[Taken]] = field(default_factory=dict)


def deliver(stage: Stage, *, quantities: dict[str, int], at: datetime, seed: str) -> None:
    """Import one delivery through the real steps: upload, check, a second person's release."""
    lpns = {code: stage.products[code].lpn for code in quantities}
    for code, quantity in quantities.items():
        if quantity < 1:
            continue
        content = sample_delivery(
            "xml",
            keys=quantity,
            part_numbers=[lpns[code]],
            sold_to_id=MAR["sold_to_id"],
            seed=f"{seed}:{code}",
            at=at,
        )
        with mar_scope():
            batch = receive_upload(
                [content], file_name=f"fulfilment-{seed}-{code}.xml", by=stage.cast.staff("stefan"), at=at
            )
        validate_batch(batch.pk, at=at)
        with mar_scope():
            found = KeyBatch.objects.get(pk=batch.pk)
            if found.state != "ready":
                raise RuntimeError(f"the demo's delivery was refused: {found.errors[:3]}")
            release_batch(batch.pk, by=stage.cast.staff("jonas"), at=at + timedelta(minutes=20))
            complete_release(batch.pk, at=at + timedelta(minutes=21))


def work_week(stage: Stage, partner: DemoPartner, *, builds: int, at: datetime, is_last: bool) -> None:
    """Let a partner order, take keys and report them, at the pace of his story."""
    for code, quantity in _split(stage, builds, at):
        _order(stage, partner, code, quantity, at)
        taken = _take(stage, partner, code, quantity, at + timedelta(hours=3))
        _report(stage, partner, taken, at + timedelta(hours=30), is_last=is_last)


def use_keys(stage: Stage, partner: DemoPartner, code: str, quantity: int, at: datetime) -> None:
    """Let a partner take keys he has ordered, each for a PC, and report them all a day later."""
    _report(
        stage, partner, _take(stage, partner, code, quantity, at), at + timedelta(hours=20), is_last=False
    )


def _split(stage: Stage, builds: int, at: datetime) -> list[tuple[str, int]]:
    on_sale = [
        product for product in PRODUCTS
        if product.share and (stage.products[product.code].order_before or at + timedelta(days=1)) > at
    ]  # fmt: skip
    whole = sum(product.share for product in on_sale)
    shares = [(product.code, builds * product.share // whole) for product in on_sale]
    rest = builds - sum(quantity for _, quantity in shares)
    shares[0] = (shares[0][0], shares[0][1] + rest)
    return [(code, quantity) for code, quantity in shares if quantity]


def _order(stage: Stage, partner: DemoPartner, code: str, quantity: int, at: datetime) -> None:
    partner_id = stage.cast.partners[partner.code].pk
    with partner_scope(partner_id):
        place_order(
            partner_id=partner_id,
            request=OrderRequest(
                stage.products[code].pk, quantity, reference="", channel="browser" if quantity < 20 else "api"
            ),
            idempotency_key=str(uuid5(NAMESPACE, f"{partner.code}:{code}:{at.isoformat()}")),
            by=stage.cast.owner(partner.code),
            at=at,
        )


def _take(
    stage: Stage, partner: DemoPartner, code: str, quantity: int, at: datetime
) -> list[tuple[Taken, tuple[str, ...]]]:
    models = [stage.chance.choice(MODELS) for _ in range(quantity)]
    devices = [
        DeviceIdentity(model[0], model[1], f"{partner.country}{next(stage.serials):07d}") for model in models
    ]
    partner_id = stage.cast.partners[partner.code].pk
    with partner_scope(partner_id):
        taken = hand_over_batch(
            partner_id=partner_id,
            product_id=stage.products[code].pk,
            devices=devices,
            station=stage.cast.stations[partner.code],
            by=stage.cast.station(partner.code),
            at=at,
            device_facts={"wipe_standard": "NIST SP 800-88 Rev. 2", "refurbished_on": at.date()},
        )
    return list(zip(taken, models, strict=True))


def _report(
    stage: Stage,
    partner: DemoPartner,
    taken: list[tuple[Taken, tuple[str, ...]]],
    at: datetime,
    *,
    is_last: bool,
) -> None:
    kept = _held_back(stage, partner, len(taken), is_last)
    reported = taken[: len(taken) - kept]
    if not reported:
        return
    partner_id = stage.cast.partners[partner.code].pk
    with partner_scope(partner_id):
        report_batch(
            partner_id=partner_id,
            builds=[Bound(key, hash_of(key), _facts_of(model)) for key, model in reported],
            by=stage.cast.station(partner.code),
            at=at,
        )


def _held_back(stage: Stage, partner: DemoPartner, count: int, is_last: bool) -> int:
    """Return how many of a week's keys are taken but not reported yet."""
    if partner.story == "late":
        return max(1, count // 6) if count else 0
    if is_last:
        return count // 3
    return 1 if stage.chance.random() < 0.04 and count > 5 else 0


def hash_of(key: Taken) -> str:
    """Return the made-up hardware hash of a key's PC."""
    body = random.Random(f"hash:{key.product_key_id}").randbytes(HASH_BYTES)  # noqa: S311  (sample data, no secret)
    return base64.b64encode(b"OA" + body).decode()


def _facts_of(model: tuple[str, ...]) -> OhrFacts:
    return OhrFacts(model[3], model[4], model[6], model[5], model[2])


def exchange(*, at: datetime) -> None:
    """Send what is ready and take Microsoft's answers in, an hour and a half later."""
    run_exchange(at=at)
    answered_at = at + timedelta(seconds=max(settings.SIMULATOR_DELAY_SECONDS, 90 * 60))
    run_exchange(at=answered_at)
    with mar_scope():
        complete_orders(at=answered_at)


def bill_month(*, before: datetime, at: datetime) -> int:
    """Mark what was assigned before a month's end as billed and paid: billing's own app comes later."""
    with mar_scope():
        return KeyAssignment.objects.filter(assigned_at__lt=before, billed_at__isnull=True).update(
            billed_at=at
        )


def free_keys(stage: Stage) -> dict[str, int]:
    """Return the free keys of each product."""
    with mar_scope():
        return {
            code: ProductKey.objects.filter(product=product, state=KeyState.FULFILLED, hold="none").count()
            for code, product in stage.products.items()
        }
