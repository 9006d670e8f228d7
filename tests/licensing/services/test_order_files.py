"""Orders from a file: every fault by its row, the look equals what happens, all or nothing, once."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError, NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order, OrderFile, OrderFileLine, OrderLine
from licensing.services.order_file_look import Look, look_at
from licensing.services.order_files import FileFaulty, PlacedFile, keep_order_file, place_order_file
from partners.models import Partner
from tests.factories import AT, make_mar, make_partner, make_product, make_stock
from tests.factories.products import make_version
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import buyer_of, keys_by_place, set_credit

pytestmark = pytest.mark.django_db
HEAD = "order_reference,product,quantity,if_short\n"


def _keep(partner: Partner, text: str | bytes, **more: Any) -> OrderFile:
    content = text if isinstance(text, bytes) else text.encode()
    with partner_scope(partner.pk):
        return keep_order_file(partner.pk, content, file_name="o.csv", by=buyer_of(partner), at=AT, **more)


def _look(partner: Partner, file: OrderFile) -> Look:
    with partner_scope(partner.pk):
        return look_at(partner.pk, list(file.lines.select_related("product")), at=AT)


def _place(partner: Partner, file: OrderFile, **more: Any) -> PlacedFile:
    with partner_scope(partner.pk):
        return place_order_file(file.pk, by=buyer_of(partner), at=AT, **more)


def _ordered(partner: Partner) -> list[tuple[str, int, str, str]]:
    with mar_scope():
        lines = OrderLine.objects.filter(partner=partner).order_by("order__number").select_related("order")
        return [(o.order.reference, o.quantity, o.order.state, o.order.channel) for o in lines]


def _codes(partner: Partner, text: str | bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(FileFaulty) as caught:
        _keep(partner, text)
    with mar_scope():
        assert (OrderFile.objects.count(), OrderFileLine.objects.count()) == (0, 0)
    return [(fault.row, fault.field, fault.code) for fault in caught.value.faults]


def test_every_wrong_cell_is_named_by_its_row_and_nothing_is_kept() -> None:
    partner, product = make_partner(), make_product()
    code = product.code
    rows = [
        f"A,{code},0,", f"A,{code},1.000,", f"B,{code},1e3,", "C,NO-SUCH,1,", f",{code},1,", f"D,{code},1,later",
        f"=E,{code},1,", f"F,{code},1", f"G,{code},2,", f"G,{code},3,",
    ]  # fmt: skip
    assert _codes(partner, HEAD + "\n".join(rows)) == [
        (2, "quantity", "order_quantity"), (3, "quantity", "order_quantity"), (4, "quantity", "scientific"),
        (5, "product", "order_product_unknown"), (6, "order_reference", "required"),
        (7, "if_short", "order_choice"), (8, "order_reference", "formula"), (9, "", "columns_missing"),
        (11, "product", "order_product_twice"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv_empty"),
        (HEAD.encode(), "csv_empty"),
        (b"a,b\n1,2\n", "csv_header"),
        (HEAD.encode() + b"A,X,1,\n" * 201, "csv_too_many_rows"),
        (HEAD.encode() + b"A,\xe9,1,\n", "csv_encoding"),
        ("order_reference,product,quantity\n".encode("utf-16"), "csv_encoding"),
        (HEAD.encode() + b"A,X\0,1,\n", "csv_nul"),
        (HEAD.encode() + b'A,"X,1,\n', "csv_quotes"),
        (b"order_reference,product,quantity,detail.colour\nA,X,1,red\n", "csv_header"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_is_refused_as_a_whole(content: bytes, code: str) -> None:
    assert [one[2] for one in _codes(make_partner(), content)] == [code]


def test_product_key_in_a_cell_is_refused_and_not_said_back() -> None:
    partner, product = make_partner(), make_product()
    key = "BCDFG-HJKMP-QRTVW-XY234-6789B"
    with pytest.raises(FileFaulty) as caught:
        _keep(partner, f"{HEAD}{key},{product.code},1,\n")
    assert caught.value.faults[0].code == "key_in_value"
    assert key not in str(caught.value.refusals)


@pytest.mark.parametrize("separator", [",", ";"])
def test_byte_order_mark_and_either_separator_are_read_and_a_part_number_names_a_product(
    separator: str,
) -> None:
    partner, product = make_partner(), make_product()
    text = f"{HEAD}A,{product.lpn.lower()},2,\n\n".replace(",", separator).replace("\n", "\r\n")
    file = _keep(partner, text.encode("utf-8-sig"))
    with mar_scope():
        (line,) = file.lines.all()
    assert (line.row_number, line.product_id, line.quantity, line.shortage) == (2, product.pk, 2, "refuse")


def test_all_of_a_file_is_ordered_at_the_total_seen_and_a_second_press_changes_nothing() -> None:
    make_mar()
    partner, pro, home = make_partner(), make_product(price="40.00"), make_product(price="20.00")
    make_stock(pro, 5), make_stock(home, 5)  # type: ignore[func-returns-value]
    file = _keep(partner, f"{HEAD}A,{pro.code},2,\nA,{home.code},1,\nB,{pro.code},3,\n")
    look = _look(partner, file)
    assert (look.is_accepted, look.total, [one.reference for one in look.orders]) == (
        True, Decimal("220.00"), ["A", "B"],
    )  # fmt: skip
    assert _place(partner, file, accepted_total=look.total) == PlacedFile(3, 0)
    before = keys_by_place()
    assert _place(partner, file, accepted_total=Decimal(0)) == PlacedFile(3, 0)
    assert keys_by_place() == before
    assert _ordered(partner) == [
        ("A", 2, "allocated", "csv"), ("A", 1, "allocated", "csv"), ("B", 3, "allocated", "csv"),
    ]  # fmt: skip


def test_one_refused_row_refuses_the_whole_file_and_names_its_row() -> None:
    make_mar()
    partner, pro, home = make_partner(), make_product(), make_product()
    make_stock(pro, 9)
    file = _keep(partner, f"{HEAD}A,{pro.code},2,\nB,{pro.code},1,\nB,{home.code},1,\n")
    assert [(one.reference, one.is_accepted) for one in _look(partner, file).orders] == [
        ("A", True), ("B", False),
    ]  # fmt: skip
    with pytest.raises(DomainError) as caught:
        _place(partner, file)
    assert (caught.value.code, caught.value.refusals[0].facts["Rows of the file"]) == ("out_of_stock", "3, 4")
    assert _ordered(partner) == []


def test_what_can_be_placed_is_placed_by_reference_and_the_rest_later() -> None:
    make_mar()
    partner, pro, home = make_partner(), make_product(), make_product()
    make_stock(pro, 9)
    file = _keep(partner, f"{HEAD}A,{pro.code},2,\nB,{pro.code},1,\nB,{home.code},1,\nC,{pro.code},3,\n")
    assert _place(partner, file, is_partial=True) == PlacedFile(2, 2)
    assert [row[0] for row in _ordered(partner)] == ["A", "C"]
    with mar_scope():
        stored = {line.row_number: [r["code"] for r in line.refusals] for line in file.lines.all()}
    assert stored == {2: [], 3: ["out_of_stock"], 4: ["out_of_stock"], 5: []}
    make_stock(home, 1)
    assert _place(partner, file) == PlacedFile(4, 0)
    assert [row[0] for row in _ordered(partner)] == ["A", "C", "B", "B"]


@pytest.mark.parametrize("gate", ["credit", "month", "stock", "split", "queue", "approval"])
def test_look_counts_what_earlier_rows_take_and_equals_what_happens(gate: str) -> None:
    make_mar()
    partner, product = (
        make_partner(monthly_quantity=5 if gate == "month" else 1000),
        make_product(price="40.00"),
    )
    make_stock(product, 5 if gate in ("stock", "split", "queue") else 50)
    if gate == "credit":
        set_credit(partner, limit="200.00")
    if gate == "approval":
        set_rule("order.special_lane", quantity=3)
    short = gate if gate in ("split", "queue") else "refuse"
    file = _keep(
        partner, f"{HEAD}A,{product.code},3,{short}\nB,{product.code},3,{short}\nC,{product.code},1,{short}\n"
    )
    looked = [
        (row.line.group, str(row.decision.state or ""))
        for one in _look(partner, file).orders
        for row in one.rows
    ]
    _place(partner, file, is_partial=True)
    with mar_scope():
        happened = [
            (line.group, str(line.order.state) if line.order else "")
            for line in file.lines.select_related("order")
        ]
    assert looked == happened
    assert len({state for _group, state in happened}) > 1


def test_dearer_file_is_refused_until_the_new_total_is_seen() -> None:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 9)
    file = _keep(partner, f"{HEAD}A,{product.code},2,\n")
    with pytest.raises(DomainError) as caught:
        _place(partner, file, accepted_total=Decimal("79.99"))
    assert (caught.value.code, _ordered(partner)) == ("order_file_dearer", [])
    assert _place(partner, file, accepted_total=Decimal("80.00")) == PlacedFile(1, 0)


def test_stranger_finds_no_file_and_a_repeated_upload_is_the_same_file() -> None:
    partner, stranger, product = make_partner(), make_partner(), make_product()
    make_stock(product, 9)
    text = f"{HEAD}A,{product.code},2,\n"
    file = _keep(partner, text, idempotency_key="k1")
    assert _keep(partner, text, idempotency_key="k1").pk == file.pk
    with pytest.raises(DomainError, match="idempotency_key_reused"):
        _keep(partner, text + "\n", idempotency_key="k1")
    with pytest.raises(NotFound):
        _place(stranger, file)
    with mar_scope():
        assert Order.objects.count() == 0


def test_details_are_read_by_the_product_s_schema_and_named_by_their_cell() -> None:
    make_mar()
    partner, product = make_partner(), make_product()
    make_stock(product, 9)
    schema = {
        "type": "object", "additionalProperties": False, "required": ["tender"],
        "properties": {
            "tender": {"type": "string", "minLength": 3, "x-labels": {"en": "Tender", "de": "Vergabe"}},
            "urgent": {"type": "boolean", "x-labels": {"en": "Urgent", "de": "Eilig"}},
            "lots": {"type": "integer", "minimum": 1, "x-labels": {"en": "Lots", "de": "Lose"}},
        },
    }  # fmt: skip
    make_version(product, required_fields=schema)
    head = "order_reference,product,quantity,detail.tender,detail.urgent,detail.lots\n"
    assert sorted(_codes(partner, f"{head}A,{product.code},1,,maybe,0\n")) == [
        (2, "detail.lots", "order_details"),
        (2, "detail.tender", "order_details"),
        (2, "detail.urgent", "order_details"),
    ]
    file = _keep(partner, f"{head}A,{product.code},1,T-99,Yes,2\n")
    assert _look(partner, file).is_accepted
    _place(partner, file)
    with mar_scope():
        (line,) = OrderLine.objects.all()
    assert line.details == {"tender": "T-99", "urgent": True, "lots": 2}


def test_look_counts_what_a_product_is_ordered_beside() -> None:
    make_mar()
    partner, windows, office = make_partner(), make_product(), make_product()
    make_stock(windows, 9), make_stock(office, 9)  # type: ignore[func-returns-value]
    make_version(office, pairs_with=windows)
    file = _keep(
        partner,
        f"{HEAD}A,{office.code},1,\nB,{windows.code},2,\nC,{office.code},1,\nD,{office.code},2,\nE,{office.code},1,\n",
    )
    looked = [one.is_accepted for one in _look(partner, file).orders]
    _place(partner, file, is_partial=True)
    with mar_scope():
        happened = [line.order_id is not None for line in file.lines.all()]
    assert looked == happened == [False, True, True, False, True]


def test_a_look_counts_the_stock_once_a_product_and_asks_the_price_once_a_quantity() -> None:
    make_mar()
    partner, product = make_partner(), make_product()
    make_stock(product, 9)

    def queries(*quantities: int) -> int:
        rows = [f"R{place},{product.code},{quantity}," for place, quantity in enumerate(quantities)]
        file = _keep(partner, HEAD + "\n".join(rows))
        with CaptureQueriesContext(connection) as asked:
            assert _look(partner, file).is_accepted
        return len(asked)

    one = queries(1)
    assert (queries(1, 1, 1), queries(1, 2, 3)) == (one, one + 2)
