"""The file a leaving partner takes along is whole, is his alone, and holds no key."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.storage import default_storage

from compliance.rules.exit_file import TABLES, file_name, problems_of
from compliance.selectors.wind_down import exit_of
from compliance.services.exit_file import hand_over_file, make_exit_file
from compliance.services.wind_down import ask_for_data_file, begin_wind_down
from core.actor import Actor
from core.errors import NotFound
from core.tenancy import mar_scope
from licensing.models import Order, ReturnLine, ReturnRequest
from tests.factories import AT, key_text, make_mar, make_partner
from tests.factories.exchange import make_builds, make_held_keys
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def leaving():
    make_mar()
    partner, other = make_partner(), make_partner()
    build, _build = make_builds(2, partner=partner)
    make_held_keys(1, partner=partner)
    make_builds(3, partner=other)
    with mar_scope():
        Order.objects.filter(partner=partner).update(reference='=HYPERLINK("x"), "two"\nlines')
        request = ReturnRequest.objects.create(
            rma_number="RMA-1", return_type="ZOA", reason="Spare", requested_by="x", sent_at=AT
        )
        ReturnLine.objects.create(request=request, key=build.key, previous_state=3)
        begin_wind_down(partner.pk, reason="Sold.", ends_at=AT + timedelta(days=30), by=BY, at=AT)
    return partner


def made(partner) -> tuple[bytes, str]:
    with mar_scope():
        wind_down = make_exit_file(partner.pk, at=AT)
    with default_storage.open(wind_down.file_path, "rb") as stored:
        return stored.read(), wind_down.file_sha256


def rows(content: bytes, table: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(BytesIO(content)) as opened:
        return list(csv.DictReader(io.StringIO(opened.read(file_name(table)).decode())))


def test_the_file_is_whole_and_holds_the_partners_own_rows(leaving):
    content, _digest = made(leaving)
    assert problems_of(BytesIO(content)) == []
    assert {table: len(rows(content, table)) for table in TABLES} == {
        "orders": 2, "keys": 3, "devices": 2, "builds": 2, "returns": 1, "agreements": 1, "documents": 0,
    }  # fmt: skip
    assert rows(content, "orders")[0]["reference"] == '\'=HYPERLINK("x"), "two"\nlines'
    assert [row["agreement"] for row in rows(content, "agreements")] == ["TPR"]
    assert {row["state"] for row in rows(content, "keys")} == {"Bound", "Retrieved"}


def test_no_key_and_no_hash_is_inside(leaving):
    content, _digest = made(leaving)
    with zipfile.ZipFile(BytesIO(content)) as opened:
        everything = b"".join(opened.read(name) for name in opened.namelist()).decode()
    assert [n for n in range(1, 400) if key_text(n) in everything] == []
    assert "OA3 hardware hash" not in everything
    with mar_scope():
        from licensing.models import Build

        assert [build for build in Build.objects.all() if build.hardware_hash in everything] == []


def test_the_same_facts_give_the_same_bytes(leaving):
    assert made(leaving) == made(leaving)


def test_every_damage_is_found(leaving):
    content, _digest = made(leaving)

    def changed(name: str, change) -> list[str]:
        target = BytesIO()
        with zipfile.ZipFile(BytesIO(content)) as opened, zipfile.ZipFile(target, "w") as written:
            for entry in opened.namelist():
                data = opened.read(entry)
                data = change(data) if entry == name else data
                if data is not None:
                    written.writestr(entry, data)
        return problems_of(BytesIO(target.getvalue()))

    assert changed("keys.csv", lambda data: None) == ["it holds other files: ['keys.csv']"]
    assert "keys: the checksum differs" in changed("keys.csv", lambda data: data.replace(b"Bound", b"Bounds"))
    assert "keys: other columns" in changed("keys.csv", lambda data: data.replace(b"state_since", b"since"))
    assert any("is no time" in each for each in changed("keys.csv", lambda data: data.replace(b"Z,", b",")))
    assert any(
        "rows, described" in each
        for each in changed("keys.csv", lambda data: data + data.splitlines(True)[1])
    )
    assert any("cells" in each for each in changed("keys.csv", lambda data: data + b"1,2\n"))
    assert changed("schema.json", lambda data: b"{")[0].startswith("it cannot be read")
    assert problems_of(BytesIO(b"no zip")) == ["it cannot be read: BadZipFile"]


def test_the_schema_describes_every_file(leaving):
    content, _digest = made(leaving)
    with zipfile.ZipFile(BytesIO(content)) as opened:
        described = json.loads(opened.read("schema.json"))
    assert described["partner"] == leaving.code
    assert {name: [c["name"] for c in table["columns"]] for name, table in described["tables"].items()} == {
        name: [column.name for column in columns] for name, columns in TABLES.items()
    }


def test_asked_made_and_handed_out_settles_its_item(leaving):
    with mar_scope():
        with pytest.raises(NotFound):
            hand_over_file(leaving.pk, by=BY, at=AT)
        assert exit_of(leaving.pk).item("data_file").state == "open"
        ask_for_data_file(leaving.pk, by=BY, at=AT)
    assert queued("compliance.make_exit_file") == [{"partner_id": str(leaving.pk)}]
    made(leaving)
    with mar_scope():
        hand_over_file(leaving.pk, by=BY, at=AT)
        assert exit_of(leaving.pk).item("data_file").state == "settled"
    assert audited("compliance.wind_down.file_handed_out") == 1
