"""Keys on their way through a month: each step as the services write it, at the instant a test names."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import F

from core import audit
from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import (
    Build,
    CbrLine,
    ComputerBuildReport,
    Device,
    KeyAssignment,
    KeyHandOver,
    Order,
    OrderLine,
    ProductKey,
    ReturnLine,
    ReturnRequest,
)
from licensing.rules.key_states import KeyState, state_after_answer
from licensing.services.custody import Step, move_keys, record_assignment
from partners.models import Partner

BY = Actor.system("test")


def order(partner: Partner, keys: Sequence[ProductKey], at: datetime) -> OrderLine:
    """Assign the keys to a new order of the partner."""
    with mar_scope():
        placed = Order.objects.create(
            partner=partner,
            state="allocated",
            channel="browser",
            placed_by="x",
            placed_by_id="x",
            placed_at=at,
            allocated_at=at,
        )
        line = OrderLine.objects.create(
            order=placed, partner=partner, product=keys[0].product, quantity=len(keys),
            unit_price=Decimal("40.00"), currency="EUR",
        )  # fmt: skip
        ids = [key.pk for key in keys]
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE licensing_productkey SET state = 11, state_since = %s, partner_id = %s, order_line_id = %s
                WHERE id = ANY(%s)""",
                [at, partner.pk, line.pk, ids],
            )
        KeyAssignment.objects.bulk_create(
            KeyAssignment(
                key=key,
                order_line=line,
                partner=partner,
                unit_price=line.unit_price,
                currency="EUR",
                assigned_at=at,
            )
            for key in keys
        )
        record_assignment(
            ids,
            product_id=keys[0].product_id,
            partner_id=partner.pk,
            step=Step("order.placed", line.pk, BY, at),
        )
    return line


def hand_over(key: ProductKey, at: datetime, **facts: Any) -> Device:
    """Hand the key over for a new device."""
    with mar_scope():
        key = ProductKey.objects.get(pk=key.pk)
        serial = facts.pop("serial", f"SN{key.pk:08d}")
        device = Device.objects.create(
            **{
                "partner_id": key.partner_id, "manufacturer": "Lenovo", "model": "ThinkPad T14", "serial": serial,
                "manufacturer_norm": "lenovo", "model_norm": "thinkpadt14", "serial_norm": serial.lower(),
                "created_at": at,
            }
            | facts
        )  # fmt: skip
        audit.record(
            "licensing.key.claimed", by=BY, at=at, object_type="key", object_id=key.product_key_id,
            partner_id=key.partner_id,
        )  # fmt: skip
        given = uuid4()
        move_keys([key.pk], to=KeyState.RETRIEVED, step=Step("key.claimed", given, BY, at), is_disclosed=True)
        KeyHandOver.objects.create(
            id=given,
            partner_id=key.partner_id,
            key=key,
            device=device,
            channel="claim",
            handed_by="x",
            handed_at=at,
        )
    return device


def bind(key: ProductKey, device: Device, at: datetime) -> Build:
    """Report the device's build with the key."""
    with mar_scope():
        build = Build.objects.create(
            partner_id=device.partner_id, key_id=key.pk, device=device, channel="file", state="ready",
            hardware_hash="A" * 100, hardware_hash_sha256=hashlib.sha256(str(uuid4()).encode()).hexdigest(),
            form_factor="Notebook", reported_by="x", reported_at=at,
        )  # fmt: skip
        move_keys([key.pk], to=KeyState.BOUND, step=Step("build.reported", build.pk, BY, at))
    return build


def send(builds: Sequence[Build], at: datetime) -> ComputerBuildReport:
    """Send the builds to Microsoft in one CBR."""
    with mar_scope():
        cbr = ComputerBuildReport.objects.create(
            connector="file", state="sent", line_count=len(builds), file_path="x", file_sha256="0" * 64,
            prepared_at=at, sent_at=at, ms_report_id="MS-1",
        )  # fmt: skip
        CbrLine.objects.bulk_create(
            CbrLine(report=cbr, partner_id=build.partner_id, key_id=build.key_id, build=build)
            for build in builds
        )
        ids = [build.key_id for build in builds]
        move_keys(ids, to=KeyState.REPORTED_BOUND, step=Step("cbr.sent", cbr.pk, BY, at))
    return cbr


def answer(cbr: ComputerBuildReport, key: ProductKey, code: str, at: datetime) -> None:
    """Take Microsoft's answer for one key of a CBR."""
    after = state_after_answer(code)
    with mar_scope():
        line = CbrLine.objects.get(report=cbr, key_id=key.pk)
        line.ack_code, line.answered_at = code, at
        line.save(update_fields=["ack_code", "answered_at"])
        if after is not None:
            move_keys([key.pk], to=after, step=Step("cbr.answered", line.pk, BY, at))


def enable(
    key: ProductKey, *, handed_at: datetime, sent_at: datetime, answered_at: datetime, code: str = "00"
) -> None:
    """Take an assigned key all the way to Microsoft's answer."""
    device = hand_over(key, handed_at)
    build = bind(key, device, handed_at)
    answer(send([build], sent_at), key, code, answered_at)


def give_back(key: ProductKey, *, sent_at: datetime, answered_at: datetime, code: str = "OO") -> None:
    """Return a key to Microsoft and take the answer."""
    with mar_scope():
        key = ProductKey.objects.get(pk=key.pk)
        request = ReturnRequest.objects.create(
            rma_number=f"RMA-{uuid4().hex[:10]}",
            return_type="ZOA",
            reason="test",
            requested_by="x",
            sent_at=sent_at,
        )
        line = ReturnLine.objects.create(request=request, key=key, previous_state=key.state)
        ProductKey.objects.filter(pk=key.pk).update(previous_state=F("state"))
        move_keys([key.pk], to=KeyState.REPORTED_RETURN, step=Step("return.sent", request.pk, BY, sent_at))
        to = KeyState.RETURNED if code[0] in "OQ" else KeyState(key.state)
        move_keys([key.pk], to=to, step=Step("return.answered", line.pk, BY, answered_at))
        line.answer_code, line.answered_at = code, answered_at
        line.save(update_fields=["answer_code", "answered_at"])
