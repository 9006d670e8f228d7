"""A product that asks for details and is for two countries alone, one order of it and one
estimate, and Office beside its Windows."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid5

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.services.estimates import write_estimate
from licensing.services.opening_prices import open_price
from licensing.services.orders import OrderRequest, place_order
from licensing.services.products import WrittenProduct, publish_product, write_product
from portal.demo.history import NAMESPACE, Stage, deliver

CODE = "WIN11-PRO-TENDER-COM"
OFFICE, BESIDE = "OFFICE-REF-CIT", "WIN11-PRO-REF-CIT"
FIELDS: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["tender_number", "buyer"],
    "properties": {
        "tender_number": {
            "type": "string", "minLength": 3, "maxLength": 30,
            "x-labels": {"en": "Number of the tender", "de": "Nummer der Ausschreibung"},
        },
        "buyer": {
            "type": "string", "enum": ["School", "Town or district", "State"],
            "x-labels": {"en": "Who buys", "de": "Wer kauft"},
        },
        "delivered_on": {
            "type": "string", "format": "date", "x-labels": {"en": "Day of delivery", "de": "Tag der Lieferung"},
        },
    },
}  # fmt: skip


def sell_to_tenders(stage: Stage, *, now: datetime) -> None:
    """Publish the product this morning, take a delivery of it, and let one partner order with his details."""
    begin = now - timedelta(hours=10)
    identity = {
        "code": CODE, "name": "Windows 11 Pro for tenders", "lpn": "RFB-00110", "family": "commercial",
        "edition": "Pro", "generation": "Windows 11", "who_may_receive": "Public buyers in Germany and Austria",
    }  # fmt: skip
    written = WrittenProduct(begin, identity=identity, countries=["AT", "DE"], required_fields=FIELDS)
    with mar_scope():
        draft = write_product(written, by=stage.cast.staff("marta"), at=begin - timedelta(days=2))
        product = publish_product(
            draft.pk, by=stage.cast.staff("jonas"), at=begin - timedelta(days=1)
        ).product
        assert product is not None  # noqa: S101  (publishing makes it)
        office = stage.products[OFFICE]
        paired = WrittenProduct(begin, product_id=office.pk, pairs_with_id=stage.products[BESIDE].pk)
        draft = write_product(paired, by=stage.cast.staff("marta"), at=begin - timedelta(days=2))
        publish_product(draft.pk, by=stage.cast.staff("jonas"), at=begin - timedelta(days=1))
        open_price(product, amount=Decimal("25.50"), currency="EUR", by=Actor.system("demo"), at=begin)
    stage.products[CODE] = product
    deliver(stage, quantities={CODE: 12}, at=now - timedelta(hours=9), seed="tenders")
    partner_id = stage.cast.partners["TPR-0001"].pk
    with partner_scope(partner_id):
        place_order(
            partner_id=partner_id,
            request=OrderRequest(
                product.pk, 4, "Tender Altona",
                details={"tender_number": "HH-2026-118", "buyer": "School", "delivered_on": "2026-12-04"},
            ),
            idempotency_key=str(uuid5(NAMESPACE, "tender")), by=stage.cast.owner("TPR-0001"),
            at=now - timedelta(hours=6),
        )  # fmt: skip
        write_estimate(
            partner_id, [(CODE, 6)], reference="Tender Bergedorf", by=stage.cast.owner("TPR-0001"),
            at=now - timedelta(hours=2),
        )  # fmt: skip
