"""The way of a key through the whole portal, with a canary in every hand it passes through."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils import timezone

from core.tenancy import mar_scope
from licensing.exchange.fulfilment import FulfilmentHeader, FulfilmentRow
from licensing.exchange.fulfilment_csv import write_fulfilment_csv
from licensing.exchange.fulfilment_xml import write_fulfilment_xml
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_guid, sample_hardware_hash
from licensing.models import KeyBatch, ProductKey
from licensing.rules.key_syntax import SecretKey
from tests.canary.browser import Page
from tests.canary.portal_on_trial import Trial

SECONDS = 120
OHR = {
    "ZFRM_FACTOR_CL1": "Notebook", "ZFRM_FACTOR_CL2": "Standard", "ZTOUCH_SCREEN": "Non-Touch",
    "ZSCREEN_SIZE": "14.0", "ZPC_MODEL_SKU": "20N2S00A00",
}  # fmt: skip


def wait_for(what: str, is_there: Callable[[], Any]) -> Any:
    """Wait until the portal has done something by itself."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found = is_there()
        if found:
            return found
        time.sleep(0.25)
    raise AssertionError(f"waited in vain for: {what}")


def delivery(file_format: str, keys: Sequence[str], *, lpn: str, first_id: int, number: str) -> bytes:
    """Return a delivery of these very keys."""
    header = FulfilmentHeader(
        order_unique_id=sample_guid(number), ms_order_number="4500000001", ms_order_line_number=1,
        sold_to_customer_id="0000123456", licensable_part_number=lpn, fulfilment_number=number,
        fulfilled_date_utc=timezone.now(), fulfilment_create_date_utc=timezone.now(),
    )  # fmt: skip
    rows = [
        FulfilmentRow(
            row_number=place + 1, product_key_id=f"33{first_id + place:011d}", product_key=SecretKey(key), lpn=lpn,
            fulfilment_number=number, order_unique_id=header.order_unique_id,
        )
        for place, key in enumerate(keys)
    ]  # fmt: skip
    return write_fulfilment_xml([(header, rows)]) if file_format == "xml" else write_fulfilment_csv(rows)


def stock_up(trial: Trial, file_format: str, keys: Sequence[str], *, lpn: str, first_id: int) -> bytes:
    """Upload a delivery, have it checked by the worker, release it as second person; return the file."""
    number = f"00000{first_id}"[-10:]
    content = delivery(file_format, keys, lpn=lpn, first_id=first_id, number=number)
    sent = trial.person("mar_stock").upload(
        "/mar/stock/imports/new/", "delivery", [(f"delivery.{file_format}", content)]
    )
    assert sent.status == 302, sent.text[-2000:]
    batch_id = sent.location.rstrip("/").rpartition("/")[2]
    wait_for("the check of the import", lambda: _batch(batch_id).state not in ("received", "validating"))
    assert _batch(batch_id).state == "ready", _batch(batch_id).errors
    released = trial.person("mar_approver").post(f"/mar/stock/imports/{batch_id}/release/")
    assert released.status == 302, released.text[-2000:]
    wait_for("the release of the import", lambda: _batch(batch_id).state == "released")
    return content


def _batch(batch_id: str) -> KeyBatch:
    with mar_scope():
        return KeyBatch.objects.get(pk=batch_id)


def key_ids(first: int, state: int) -> list[str]:
    """Return the ids of keys in a state, from a first number on."""
    with mar_scope():
        keys = ProductKey.objects.filter(state=state, product_key_id__gte=f"33{first:011d}").order_by("id")
        return list(keys.values_list("product_key_id", flat=True))


@dataclass(frozen=True)
class Handed:
    """A key that went through a door."""

    page: Page
    product_key_id: str
    serial: str


def order(trial: Trial, code: str, quantity: int) -> None:
    """Order in the browser."""
    sent = trial.person("tpr_owner").post(
        f"/tpr/order/{code}/",
        {"quantity": str(quantity), "reference": "PO 7", "token": str(uuid4()), "place": "1"},
    )
    assert sent.status == 302, sent.text[-2000:]


def claim(trial: Trial, code: str, serial: str) -> Handed:
    """Take a key as a station does."""
    device = {"manufacturer": "LENOVO", "model": "20N2S00A00", "serial": serial}
    page = trial.person("visitor").api(
        "POST", "keys:claim", json.dumps({"product": code, "device": device}), trial.secret,
        Idempotency_Key=f"claim {serial}",
    )  # fmt: skip
    assert page.status == 200, page.text
    return Handed(page, json.loads(page.body)["product_key_id"], serial)


def reveal(trial: Trial, product_key_id: str, serial: str) -> Handed:
    """Look at a key as a person does."""
    page = trial.person("tpr_owner").post(
        f"/tpr/keys/{product_key_id}/reveal/",
        {"manufacturer": "LENOVO", "model": "20N2S00A00", "serial": serial, "reason": "Station is down"},
    )
    assert page.status == 200, page.text[-2000:]
    return Handed(page, product_key_id, serial)


def oa3(handed: Handed, key: str | None, **more: Any) -> bytes:
    """Return what the OA3 tool writes on the PC, the product key in it."""
    return write_oa3(
        product_key=SecretKey(key) if key else None, product_key_id=handed.product_key_id,
        hardware_hash=sample_hardware_hash(handed.product_key_id + more.pop("seed", "")),
        optional_info=more.pop("info", OHR), serial_number=more.pop("serial", handed.serial), **more,
    )  # fmt: skip


def odd_files(keys: Sequence[str], lpn: str) -> dict[str, bytes]:
    """Return files that are wrong in many ways, a key in an odd place of each."""
    key, second = keys[0], keys[1]
    good = delivery("xml", keys[:2], lpn=lpn, first_id=88_000, number="0000088000")
    table = delivery("csv", keys[:2], lpn=lpn, first_id=88_100, number="0000088100")
    text = good.decode()
    return {
        "truncated.xml": good[: good.index(second.encode()) + 31],
        "attribute.xml": text.replace("<ProductKeyID>", f'<ProductKeyID odd="{key}">', 1).encode(),
        "comment.xml": f"<!-- {key} --><root>{key}</root>".encode(),
        "element.xml": f"<K{key.replace('-', '')}><x/></K{key.replace('-', '')}>".encode(),
        "unclosed.xml": f"<a><b>{key}</a>".encode(),
        "entity.xml": f'<!DOCTYPE a [<!ENTITY e "{key}">]><a>&e;</a>'.encode(),
        "swapped.xml": text.replace("3300000088000", key).encode(),
        "number.xml": text.replace("0000088000", key[:10]).replace("4500000001", key).encode(),
        "part.xml": text.replace(lpn, key).encode(),
        "spoilt.xml": text.replace(key, key[:-1] + "0").encode(),
        "cut.xml": text.replace(key, key.replace("-", "")).encode(),
        "utf16.xml": text.replace("utf-8", "utf-16").replace("UTF-8", "utf-16").encode("utf-16"),
        "latin.xml": good.replace(b"<", b"\xff<", 1),
        "swapped.csv": table.replace(b"3300000088100", key.encode()),
        "part.csv": table.replace(lpn.encode(), key.encode()),
        "header.csv": table.replace(b"product_key_id", key.encode()),
        "quoted.csv": table.replace(key.encode(), f'"{key}'.encode()),
        "columns.csv": b"a;b;c\n" + key.encode() + b";" + second.encode() + b";1\n",
        "formula.csv": table.replace(key.encode(), f'=HYPERLINK("http://x/{key}")'.encode()),
        "plain.txt": f"My key is {key}, please help".encode(),
        f"{key}.xml": b"<a/>",
        f"{key}.csv": b"a;b\n",
    }
