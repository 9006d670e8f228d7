"""Imports: from a file to stock through a second person, all or nothing."""

import hashlib
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.crypto import CannotDecrypt, KeyCipher
from core.custody_keys import master_key
from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import (
    BatchDataKey,
    Fulfilment,
    KeyBatch,
    KeyBatchChunk,
    KeySecret,
    LedgerEntry,
    ProductKey,
    StagedKey,
)
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release, sweep_imports
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload, reject_batch, release_batch
from tests.factories import AT, actor_for, make_mar, make_member, make_product
from tests.factories.decoys import without_decoys

pytestmark = pytest.mark.django_db


@pytest.fixture
def lpn() -> str:
    make_mar()
    return str(make_product().lpn)


def delivery(
    lpn: str, *, keys: int = 3, file_format: str = "xml", seed: str = "a", sold_to: str = "0000123456"
) -> bytes:
    return sample_delivery(file_format, keys=keys, part_numbers=[lpn], sold_to_id=sold_to, seed=seed, at=AT)


def upload(content: bytes, *, name: str = "delivery.xml", by: Any = None) -> KeyBatch:
    with mar_scope():
        return receive_upload([content], file_name=name, by=by or actor_for(make_member("mar_stock")), at=AT)


def checked(content: bytes, **options: Any) -> KeyBatch:
    batch = upload(content, **options)
    validate_batch(batch.id, at=AT)
    with mar_scope():
        batch.refresh_from_db()
    return batch


def released(content: bytes, **options: Any) -> KeyBatch:
    batch = checked(content, **options)
    assert batch.errors == []
    with mar_scope():
        release_batch(batch.id, by=actor_for(make_member("mar_approver")), at=AT)
        assert complete_release(batch.id, at=AT)
        batch.refresh_from_db()
    return batch


@pytest.mark.parametrize("file_format", ["xml", "csv"])
def test_released_delivery_is_in_stock_with_ciphertext_fulfilment_and_ledger(
    lpn: str, file_format: str
) -> None:
    batch = released(delivery(lpn, file_format=file_format))
    assert (batch.state, batch.keys_done, batch.keys_total) == ("released", 3, 3)
    with mar_scope():
        keys = list(without_decoys(ProductKey.objects.filter(batch=batch)).order_by("position"))
        fulfilment = Fulfilment.objects.get(batch=batch)
        ledger = list(LedgerEntry.objects.filter(key__in=keys).order_by("key_id"))
        leftovers = StagedKey.objects.count() + KeyBatchChunk.objects.count()
    assert [(key.state, key.hold, key.partner_id, key.product.lpn) for key in keys] == [
        (1, "none", None, lpn)
    ] * 3
    assert (fulfilment.quantity, fulfilment.sold_to_id) == (3, "0000123456")
    assert [(row.from_state, row.to_state, row.reason) for row in ledger] == [
        (None, 1, "fulfilment.released")
    ] * 3
    assert [row.key_id for row in ledger] == [key.id for key in keys]
    assert leftovers == 0


def test_key_decrypts_by_its_own_identity_only() -> None:
    """The hand-over opens a key by batch id and product key id; copied to another row it stays shut."""
    make_mar()
    batch = checked(delivery(str(make_product().lpn)))
    with mar_scope():
        first, second = StagedKey.objects.filter(batch=batch).order_by("row_number")[:2]
        wrapped = bytes(BatchDataKey.objects.get(batch=batch).wrapped)
    cipher = KeyCipher(master_key().unwrap(wrapped, context=str(batch.id)))
    text = cipher.decrypt(bytes(first.sealed), identity=f"{batch.id}:{first.product_key_id}").reveal()
    assert text.startswith("NNNNN-")
    assert text[-5:] == first.last5
    with pytest.raises(CannotDecrypt):
        cipher.decrypt(bytes(first.sealed), identity=f"{batch.id}:{second.product_key_id}")


def test_nothing_is_in_stock_before_the_release(lpn: str) -> None:
    batch = checked(delivery(lpn))
    assert batch.state == "ready"
    assert [(part["lpn"], part["keys"]) for part in batch.contents] == [(lpn, 3)]
    with mar_scope():
        assert ProductKey.objects.count() == 0
        assert Fulfilment.objects.count() == 0
        assert KeyBatchChunk.objects.count() == 0


def test_stored_upload_is_ciphertext(lpn: str) -> None:
    content = delivery(lpn)
    batch = upload(content)
    with mar_scope():
        stored = b"".join(bytes(chunk.sealed) for chunk in batch.chunks.all())
    assert batch.file_sha256 == hashlib.sha256(content).hexdigest()
    assert b"NNNNN" not in stored
    assert b"FulfillmentResponse" not in stored


def test_the_uploader_cannot_release(lpn: str) -> None:
    uploader = actor_for(make_member("mar_stock"))
    batch = checked(delivery(lpn), by=uploader)
    with mar_scope(), pytest.raises(DomainError) as refused:
        release_batch(batch.id, by=uploader, at=AT)
    assert refused.value.code == "same_person"
    with mar_scope():
        batch.refresh_from_db()
        assert batch.state == "ready"
        with pytest.raises(IntegrityError), transaction.atomic():
            KeyBatch.objects.filter(id=batch.id).update(state="releasing", released_by=batch.uploaded_by)


def test_release_is_refused_before_the_check_and_after_the_release(lpn: str) -> None:
    approver = actor_for(make_member("mar_approver"))
    batch = upload(delivery(lpn))
    with mar_scope(), pytest.raises(DomainError) as refused:
        release_batch(batch.id, by=approver, at=AT)
    assert refused.value.code == "batch_not_ready"
    validate_batch(batch.id, at=AT)
    with mar_scope():
        release_batch(batch.id, by=approver, at=AT)
        assert complete_release(batch.id, at=AT) is True
        assert complete_release(batch.id, at=AT) is False
        assert without_decoys(ProductKey.objects.all()).count() == 3
        with pytest.raises(DomainError):
            release_batch(batch.id, by=approver, at=AT)


def test_rejected_import_leaves_nothing_and_may_come_again(lpn: str) -> None:
    content = delivery(lpn)
    batch = checked(content)
    with mar_scope():
        reject_batch(batch.id, by=actor_for(make_member("mar_approver")), at=AT, reason="Wrong month")
        batch.refresh_from_db()
        assert (batch.state, batch.rejection_reason) == ("rejected", "Wrong month")
        assert StagedKey.objects.count() == 0
        assert bytes(BatchDataKey.objects.get(batch=batch).wrapped) == b""
    assert released(content).state == "released"


def test_the_same_file_is_refused_with_the_earlier_import_named(lpn: str) -> None:
    content = delivery(lpn)
    first = released(content, name="monday.xml")
    with pytest.raises(DomainError) as refused:
        upload(content, name="tuesday.xml")
    assert refused.value.code == "file_known"
    assert refused.value.refusals[0].facts["import_id"] == str(first.id)
    assert refused.value.refusals[0].facts["file"] == "monday.xml"
    with mar_scope():
        assert KeyBatch.objects.count() == 1


def test_keys_of_an_earlier_import_refuse_the_whole_file_and_name_the_rows(lpn: str) -> None:
    released(delivery(lpn, keys=2, file_format="csv"), name="first.csv")
    content = (
        delivery(lpn, keys=2, file_format="csv")
        + delivery(lpn, keys=1, file_format="csv", seed="b").split(b"\r\n")[1]
    )
    batch = checked(content, name="second.csv")
    assert batch.state == "refused"
    assert [
        (error["row"], error["code"]) for error in batch.errors if error["field"] == "product_key_id"
    ] == [
        (2, "key_id_known"),
        (3, "key_id_known"),
    ]
    assert {error["params"]["file"] for error in batch.errors} == {"first.csv"}
    with mar_scope():
        assert without_decoys(ProductKey.objects.all()).count() == 2
        assert StagedKey.objects.count() == 0


def test_a_key_under_another_id_is_found_by_its_blind_index(lpn: str) -> None:
    content = delivery(lpn, keys=1, file_format="csv")
    released(content)
    header, row = content.decode().split("\r\n")[:2]
    other = row.replace(row.split(",")[0], "3399999999999").replace(row.split(",")[4], "4711")
    batch = checked(f"{header}\r\n{other}\r\n".encode())
    assert [(error["row"], error["code"]) for error in batch.errors] == [(2, "key_known")]


def test_of_two_checked_imports_with_the_same_keys_the_second_is_refused(lpn: str) -> None:
    content = delivery(lpn, file_format="csv")
    first = checked(content, name="first.csv")
    second = checked(content + b"\r\n", name="second.csv")
    assert (first.state, second.state) == ("ready", "refused")
    assert {error["code"] for error in second.errors} == {"key_id_known", "fulfilment_known"}


def test_a_rival_that_reached_stock_first_refuses_the_whole_release(lpn: str) -> None:
    content = delivery(lpn, file_format="csv")
    batch = checked(content)
    approver = actor_for(make_member("mar_approver"))
    with mar_scope():
        release_batch(batch.id, by=approver, at=AT)
        # A second import with the same keys, let past the check as if both had been checked at once.
        StagedKey.objects.filter(batch=batch).update(batch=_empty_batch())
    rival = checked(content + b"\r\n")
    with mar_scope():
        StagedKey.objects.exclude(batch=rival).update(batch=batch)
        release_batch(rival.id, by=approver, at=AT)
        assert complete_release(rival.id, at=AT) is True
        assert complete_release(batch.id, at=AT) is False
        batch.refresh_from_db()
        assert (batch.state, batch.released_by) == ("refused", None)
        assert {error["code"] for error in batch.errors} == {"key_id_known", "fulfilment_known"}
        assert without_decoys(ProductKey.objects.all()).count() == 3
        assert Fulfilment.objects.count() == 1
        assert StagedKey.objects.count() == 0


def _empty_batch() -> KeyBatch:
    return KeyBatch.objects.create(
        file_name="aside", file_format="csv", file_size=1, file_sha256="1" * 64, state="refused",
        uploaded_by=make_member("mar_admin"), uploaded_at=AT,
    )  # fmt: skip


def test_rows_without_a_number_get_one_of_our_own_for_each_product() -> None:
    make_mar()
    first, second = make_product(), make_product()
    rows = sample_delivery(
        "csv", keys=4, part_numbers=[first.lpn, second.lpn], sold_to_id="1", seed="n", at=AT
    )
    lines = [",".join(line.split(",")[:3]) for line in rows.decode().split("\r\n") if line]
    batch = released("\n".join(lines).encode())
    with mar_scope():
        numbers = list(Fulfilment.objects.order_by("number").values_list("number", "product_id", "quantity"))
    prefix = f"CSV-{batch.id.hex[:12]}-"
    assert numbers == [(f"{prefix}1", first.id, 2), (f"{prefix}2", second.id, 2)]


def test_more_than_one_fulfilment_can_come_in_one_file() -> None:
    make_mar()
    first, second = make_product(), make_product()
    batch = checked(
        sample_delivery(
            "xml", keys=5, part_numbers=[first.lpn, second.lpn], sold_to_id="123456", seed="n", at=AT
        )
    )
    assert [(part["lpn"], part["keys"]) for part in batch.contents] == [(first.lpn, 3), (second.lpn, 2)]


def test_the_sweep_sends_dropped_work_again(lpn: str) -> None:
    from datetime import timedelta

    upload(delivery(lpn))
    with mar_scope(), connection.cursor() as cursor:
        assert sweep_imports(at=AT) == 0
        assert sweep_imports(at=AT + timedelta(minutes=3)) == 1
        cursor.execute("SELECT count(*) FROM core_outboxitem WHERE task = 'licensing.validate_batch'")
        assert cursor.fetchone()[0] == 2


def test_every_act_is_audited(lpn: str) -> None:
    released(delivery(lpn))
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT action FROM core_auditevent WHERE object_type = 'key_batch' ORDER BY id")
        acts = [row[0].removeprefix("licensing.batch.") for row in cursor.fetchall()]
    assert acts == ["received", "ready", "release_decided", "released"]


def test_ciphertexts_lie_apart_from_the_keys(lpn: str) -> None:
    released(delivery(lpn))
    with mar_scope():
        assert KeySecret.objects.values("blind_index").distinct().count() == len(ProductKey.objects.all())
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            KeySecret.objects.first()


def test_queued_work_takes_a_batch_to_stock_and_delivered_twice_does_nothing_more(lpn: str) -> None:
    from licensing import tasks

    def open_items() -> list[tuple[str, str, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT id::text, task, arguments->>'batch_id' FROM core_outboxitem
                WHERE done_at IS NULL ORDER BY created_at"""
            )
            return list(cursor.fetchall())

    batch = upload(delivery(lpn))
    [(check, task, batch_id)] = open_items()
    assert (task, batch_id) == ("licensing.validate_batch", str(batch.id))
    for _ in range(2):
        tasks.validate_batch(item_id=check, batch_id=batch_id)
    assert open_items() == []
    with mar_scope():
        release_batch(batch.id, by=actor_for(make_member("mar_approver")), at=AT)
    [(release, task, batch_id)] = open_items()
    assert task == "licensing.release_batch"
    for _ in range(2):
        tasks.release_batch(item_id=release, batch_id=batch_id)
    assert open_items() == []
    with mar_scope():
        assert without_decoys(ProductKey.objects.all()).count() == 3


def test_a_command_writes_a_delivery_that_imports(lpn: str, tmp_path: Any) -> None:
    from django.core.management import call_command

    out = tmp_path / "sample.csv"
    call_command("sample_fulfilment", "--format", "csv", "--keys", "7", "--lpn", lpn, "--out", str(out))
    assert released(out.read_bytes()).keys_total == 7
