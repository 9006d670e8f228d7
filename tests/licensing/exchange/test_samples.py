import io

import pytest

from licensing.exchange.fulfilment_csv import read_fulfilment_csv, write_fulfilment_csv
from licensing.exchange.fulfilment_xml import read_fulfilment_xml, write_fulfilment_xml
from licensing.exchange.samples import sample_delivery, sample_product_key_id
from licensing.exchange.xsd import validate
from licensing.rules.key_syntax import is_synthetic
from tests.licensing.exchange.corpus import AT, LPN, SOLD_TO


def delivery(**changes: object) -> bytes:
    options: dict[str, object] = {
        "seed": 1,
        "count": 5,
        "first_number": 100,
        "licensable_part_number": LPN,
        "sold_to_customer_id": SOLD_TO,
        "fulfilment_number": "7",
        "fulfilled_at": AT,
    }
    header, rows = sample_delivery(**{**options, **changes})  # type: ignore[arg-type]
    assert all(is_synthetic(row.product_key.reveal()) for row in rows)
    csv = read_fulfilment_csv(io.BytesIO(write_fulfilment_csv(rows)))
    assert len(list(csv)) == 5
    return write_fulfilment_xml([(header, rows)])


def test_sample_delivery_is_valid_readable_and_synthetic() -> None:
    data = delivery()
    assert validate(data, "fulfilment") == []
    reader = read_fulfilment_xml(io.BytesIO(data))
    assert [row.product_key_id for row in reader] == [
        sample_product_key_id(number) for number in range(100, 105)
    ]
    assert reader.summary.error_count == 0


def test_sample_delivery_depends_on_seed_and_number_only() -> None:
    assert delivery() == delivery()
    assert delivery() != delivery(seed=2)
    assert delivery() != delivery(first_number=200)


def test_product_key_id_has_13_digits_or_is_refused() -> None:
    assert sample_product_key_id(10**10 - 1) == "3309999999999"
    with pytest.raises(ValueError, match="out of range"):
        sample_product_key_id(10**10)
