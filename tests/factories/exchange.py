"""Builds that wait to be reported, and answers as Microsoft writes them."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import count

from django.db.models import F

from core.tenancy import mar_scope
from licensing.exchange.ack_xml import AckLine, CbrAckFile, write_ack
from licensing.models import Build, ComputerBuildReport, Device, KeyAssignment, Order, OrderLine, ProductKey
from licensing.rules.key_states import KeyState
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock

_hashes = count(1)


def make_held_keys(
    quantity: int, *, partner: Partner | None = None, state: KeyState = KeyState.RETRIEVED, at: datetime = AT
) -> list[ProductKey]:
    """Return keys that a partner ordered and, unless just assigned, has seen."""
    partner = partner or make_partner()
    product = make_product()
    ids = [key.pk for key in make_stock(product, quantity)]
    with mar_scope():
        order = Order.objects.create(
            partner=partner,
            state="allocated",
            channel="browser",
            placed_by="x",
            placed_by_id="1",
            placed_at=at,
        )
        line = OrderLine.objects.create(
            order=order,
            partner=partner,
            product=product,
            quantity=quantity,
            unit_price=Decimal(40),
            currency="EUR",
        )
        keys = ProductKey.objects.filter(pk__in=ids)
        keys.update(state=KeyState.ASSIGNED, state_since=at, partner=partner, order_line=line)
        KeyAssignment.objects.bulk_create(
            KeyAssignment(
                key_id=key_id, order_line=line, partner=partner, unit_price=Decimal(40), currency="EUR",
                assigned_at=at,
            )
            for key_id in ids
        )  # fmt: skip
        if state is not KeyState.ASSIGNED:
            keys.update(state=KeyState.RETRIEVED, is_disclosed=True)
        return list(keys.order_by("pk"))


def make_builds(quantity: int, *, partner: Partner | None = None, at: datetime = AT) -> list[Build]:
    """Return complete builds with bound keys, ready for the next report, in key order."""
    partner = partner or make_partner()
    keys = make_held_keys(quantity, partner=partner, at=at)
    with mar_scope():
        ProductKey.objects.filter(pk__in=[key.pk for key in keys]).update(state=KeyState.BOUND)
        devices = [_device(partner, number, at) for number in range(quantity)]
        Device.objects.bulk_create(devices)
        builds = [_build(key, device, at) for key, device in zip(keys, devices, strict=True)]
        Build.objects.bulk_create(builds)
        return list(Build.objects.select_related("key").filter(key__in=keys).order_by("key_id"))


def _device(partner: Partner, number: int, at: datetime) -> Device:
    serial = f"PF{next(_hashes):08d}"
    return Device(
        partner=partner, manufacturer="Lenovo", model="T490", serial=serial, manufacturer_norm="LENOVO",
        model_norm="T490", serial_norm=serial, created_at=at,
    )  # fmt: skip


def _build(key: ProductKey, device: Device, at: datetime) -> Build:
    text = base64.b64encode(f"OA3 hardware hash number {next(_hashes):012d}".encode() * 3).decode()
    return Build(
        partner_id=device.partner_id, key=key, device=device, channel="api", state="ready", hardware_hash=text,
        hardware_hash_sha256=hashlib.sha256(text.encode()).hexdigest(), model_sku="20N2S00A00",
        form_factor="Notebook", form_factor_detail="Standard", screen_size="14.0", touch_screen="Nontouch",
        reported_by="Technician", reported_at=at,
    )  # fmt: skip


def make_ack(
    report: ComputerBuildReport,
    codes: Mapping[str, str],
    *,
    hashes: Mapping[str, str] | None = None,
    part: tuple[int, int] = (1, 1),
    report_id: str | None = None,
    successes: Iterable[str] = ("00", "02"),
    sold_to: str = "0000123456",
) -> bytes:
    """Return an answer file that gives each product key id its code."""
    known = tuple(successes)
    return write_ack(
        CbrAckFile(
            ms_report_unique_id="0e6f2b0a-1111-4222-8333-444455556666",
            customer_report_unique_id=report_id or str(report.id),
            received_at=AT,
            sold_to_customer_id=sold_to,
            received_from_customer_id=sold_to,
            file_total=part[1],
            file_number=part[0],
            lines=tuple(
                AckLine(
                    product_key_id=key_id,
                    is_success=code in known,
                    reason_code=code,
                    reason_description=f"Words of code {code}",
                    hardware_hash=(hashes or {}).get(key_id, ""),
                )
                for key_id, code in codes.items()
            ),
        )
    )


def state_counts() -> dict[int, int]:
    """Return how many keys are in each state."""
    from django.db.models import Count

    with mar_scope():
        rows = ProductKey.objects.order_by().values_list("state").annotate(n=Count("pk"))
        return dict(rows.values_list(F("state"), "n"))
