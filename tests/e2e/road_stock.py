"""Step 2 of the road: a delivery of keys is uploaded, checked, and released by a second person."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.browsing import Person
from tests.e2e.stack import Stack

PART_NUMBER = "RFB-00999"
PRODUCT = "WIN11-PRO-ROAD"
NAME = "Windows 11 Pro, the road"
_MAKE_PRODUCT = f"""
from datetime import timedelta
from decimal import Decimal
from django.utils import timezone
from core.tenancy import mar_scope
from core.actor import Actor
from licensing.models import Product
from licensing.services.opening_prices import open_price
begin = timezone.now() - timedelta(days=1)
with mar_scope():
    made = Product.objects.create(
        code="{PRODUCT}", name="{NAME}", lpn="{PART_NUMBER}", family="commercial", edition="Pro",
        generation="Windows 11", order_from=begin,
    )
    open_price(made, amount=Decimal("28.50"), currency="EUR", by=Actor.system("road"), at=begin)
"""


@dataclass(frozen=True)
class Delivery:
    """The file of a delivery and the keys in it, by their ids."""

    file: Path
    keys: dict[str, str]


def put_on_sale(stack: Stack) -> None:
    """Add a product without any stock, so that every key ordered comes from our delivery."""
    stack.must("shell", "-v", "0", "-c", _MAKE_PRODUCT)


def make_delivery(stack: Stack, folder: Path, *, keys: int) -> Delivery:
    """Write Microsoft's file with the command a newcomer would use, and read its keys back."""
    file = folder / "fulfilment.xml"
    stack.must("sample_fulfilment", "--keys", str(keys), "--lpn", PART_NUMBER, "--out", str(file))
    text = file.read_text()
    ids = re.findall(r"<ProductKeyID>([0-9]{13})</ProductKeyID>", text)
    found = re.findall(r"<ProductKey>([A-Z0-9]{5}(?:-[A-Z0-9]{5}){4})</ProductKey>", text)
    assert len(ids) == len(found) == keys
    return Delivery(file, dict(zip(ids, found, strict=True)))


def upload(person: Person, delivery: Delivery) -> str:
    """Upload as stock keeper, wait for the check, and return the import's path."""
    person.go("/mar/")
    person.follow("Stock", within="nav.side")
    person.follow("Import a delivery")
    person.page.locator("input[type=file]").set_input_files(delivery.file)
    person.press("Upload and check")
    person.page.wait_for_url("**/stock/imports/*-*/")
    # No reloading by hand: the page itself asks how far the check is.
    person.reads("You uploaded it, so somebody else releases it")
    person.reads(f"{len(delivery.keys)}")
    assert person.page.get_by_role("link", name="Release …").count() == 0
    return person.path


def try_again(person: Person, delivery: Delivery) -> None:
    """Upload the same file once more: refused, with the way to the earlier import."""
    person.go("/mar/stock/imports/new/")
    person.page.locator("input[type=file]").set_input_files(delivery.file)
    with person.refused(422):
        person.press("Upload and check")
    assert person.page.locator(".refusal").count() == 1


def release(person: Person, path: str, delivery: Delivery) -> None:
    """Release as the second person and wait until the keys are in stock."""
    person.go(path)
    person.follow("Release …")
    assert person.heading == f"Release {len(delivery.keys)} keys to stock?"
    person.press("Release to stock")
    person.reads(f"{len(delivery.keys)} keys came into stock")


def reject(person: Person, path: str) -> None:
    """Reject as the second person, with a reason."""
    person.go(path)
    person.follow("Reject …")
    person.fill(reason="Only a trial")
    person.press("Reject the import")
    person.reads("Rejected. Nothing of the file was taken into stock.")
