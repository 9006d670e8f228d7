"""Call-offs in the browser: the arithmetic, the file, marking, moving, closing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import CallOff, Fulfilment, Product
from licensing.rules.forecast import Arrival, forecast
from portal.web.forecast_words import gap
from tests.factories import make_mar, make_member, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
BASE = "/mar/stock/forecast/PRO"


@pytest.fixture
def product() -> Product:
    make_mar()
    product = make_product(code="PRO")
    make_stock(product, 3)
    return product


def keeper() -> Client:
    return sign_in(Client(), make_member("mar_stock"))


def wanted(reference: str = "CO-1", days: int = 9) -> dict[str, str]:
    expected = timezone.localdate() + timedelta(days=days)
    return {"reference": reference, "quantity": "40", "expected_on": expected.isoformat()}


def test_keeper_marks_moves_assigns_and_closes(product: Product) -> None:
    client = keeper()
    terms = {"lead_time_days": "21", "review_days": "7", "pack_size": "10", "minimum": "20"}
    assert client.post(f"{BASE}/terms/", terms).status_code == 302
    assert "21 days from call-off" in client.get(f"{BASE}/call-off/").content.decode()
    made = client.post(f"{BASE}/call-off/mark/", wanted())
    with mar_scope():
        call_off = CallOff.objects.get()
        Fulfilment.objects.update(received_at=timezone.now(), quantity=3)
        number = Fulfilment.objects.get().number
    own = f"/mar/stock/call-offs/{call_off.pk}/"
    assert made["Location"] == own
    moved = {"expected_on": (timezone.localdate() + timedelta(days=20)).isoformat()}
    assert client.post(f"{own}move/", moved).status_code == 302
    assert client.post(f"{own}delivery/", {"number": number}).status_code == 302
    assert client.post(f"{own}close/", {"reason": "x"}).status_code == 422
    assert client.post(f"{own}close/", {"reason": "Cancelled at Microsoft."}).status_code == 302
    assert client.post(f"{own}close/", {"reason": "Cancelled at Microsoft."}).status_code == 409
    page = client.get(own).content.decode()
    assert (number in page, "Cancelled at Microsoft." in page) == (True, True)
    with mar_scope():
        call_off.refresh_from_db()
        assert (call_off.state, call_off.received) == ("closed", 3)


def test_page_warns_where_stock_ends_before_the_next_keys_come() -> None:
    today = timezone.localdate()

    def warned(days: int) -> str:
        coming = [Arrival(today + timedelta(days=days), 50)]
        return gap(forecast([10] * 84, stock=100, today=today, arrivals=coming))

    assert (warned(9), warned(10).split(" before")[0]) == ("", "Likely dry 1 day")


def test_known_reference_and_an_empty_form_say_why(product: Product) -> None:
    client = keeper()
    client.post(f"{BASE}/call-off/mark/", wanted())
    again = client.post(f"{BASE}/call-off/mark/", wanted())
    assert (again.status_code, "CAL-2" in again.content.decode()) == (409, True)
    assert client.post(f"{BASE}/call-off/mark/", {}).status_code == 422
    assert client.post(f"{BASE}/terms/", {"lead_time_days": "0"}).status_code == 422


def test_file_holds_the_arithmetic_of_every_product(product: Product) -> None:
    client = keeper()
    client.post(f"{BASE}/call-off/mark/", wanted())
    answer = client.get("/mar/stock/call-offs/proposal.csv")
    head, row = answer.content.decode().splitlines()
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert (cells["product"], cells["free"], cells["arriving"], cells["quantity"]) == ("PRO", "3", "40", "0")
    assert answer["Content-Disposition"].startswith('attachment; filename="call-off-')


def test_late_call_off_is_shown_as_late(product: Product) -> None:
    client = keeper()
    client.post(f"{BASE}/call-off/mark/", wanted())
    with mar_scope():
        CallOff.objects.update(expected_on=timezone.localdate() - timedelta(days=1))
        call_off = CallOff.objects.get()
    assert "40 late" in client.get("/mar/stock/call-offs/").content.decode().replace("</span>", "").replace(
        '<span class="tabular">', ""
    )
    assert "not here yet" in client.get(f"/mar/stock/call-offs/{call_off.pk}/").content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("mar_finance", 403), ("mar_approver", 403), ("compliance", 404), ("auditor", 404)]
)
def test_who_only_looks_changes_nothing(product: Product, role: str, status: int) -> None:
    client = sign_in(Client(), make_member(role))
    assert client.get("/mar/stock/call-offs/").status_code == 200
    assert client.post(f"{BASE}/call-off/mark/", wanted()).status_code == status
    with mar_scope():
        assert not CallOff.objects.exists()


def test_list_costs_the_same_for_one_and_three(product: Product) -> None:
    client = keeper()
    counts = []
    for references in (["A"], ["B", "C"]):
        for reference in references:
            client.post(f"{BASE}/call-off/mark/", wanted(reference))
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/mar/stock/call-offs/").status_code == 200
        counts.append(len([query for query in queries if "licensing_" in query["sql"]]))
    assert counts[0] == counts[1]
