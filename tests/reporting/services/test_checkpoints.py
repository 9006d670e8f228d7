"""A day's checkpoint leaves the house with a receipt, and finds a chain that was written anew."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.actor import Actor
from core.custody_keys import seal_key
from core.models import AuditEvent, OutboxItem
from core.services.seal import GENESIS, seal_stream, streams, verify_stream
from core.tenancy import mar_scope
from licensing.streams import CUSTODY_STREAM
from reporting.models import Checkpoint, CheckpointDelivery
from reporting.rules.checkpoint import NotACheckpoint, read_file, sign, to_file
from reporting.services import checkpoints
from tests import databases
from tests.factories import AT, make_mar, make_member, make_product, make_stock

BY = Actor.system("checkpoint")


@pytest.fixture
def ways(settings: Any, tmp_path: Path) -> Path:
    settings.CHECKPOINT_FOLDER, settings.CHECKPOINT_MAIL = str(tmp_path / "out"), ["proof@example.test"]
    settings.CHECKPOINT_HOOK = ""
    return tmp_path


def _sealed() -> None:
    make_mar()
    make_stock(make_product(), 3)
    with mar_scope():
        for stream in streams():
            seal_stream(stream, at=timezone.now())


def _make(at: Any = None) -> Checkpoint | None:
    with mar_scope():
        return checkpoints.make_checkpoint(by=BY, at=at or timezone.now())


def _files(folder: Path) -> tuple[Path, Path]:
    file = next((folder / "out").glob("*.json"))
    key = folder / "public.key"
    key.write_text(base64.b64encode(checkpoints.public_key()).decode())
    return file, key


def _deliver_all() -> list[CheckpointDelivery]:
    with mar_scope():
        for each in CheckpointDelivery.objects.all():
            checkpoints.deliver(each.pk, at=AT)
        return list(CheckpointDelivery.objects.order_by("channel"))


def test_one_checkpoint_a_day_leaves_by_every_way_with_a_receipt(cloned_db: str, ways: Path) -> None:
    _sealed()
    made = _make(AT)
    assert made is not None
    assert _make(AT + timedelta(hours=5)) is None
    out = _deliver_all()
    assert [(each.channel, each.delivered_at, each.attempts) for each in out] == [
        ("folder", AT, 1),
        ("mail", AT, 1),
    ]
    file, _key = _files(ways)
    assert out[0].receipt == f"{file} read back"
    name, content, _kind = mail.outbox[0].attachments[0]
    assert (name, content if isinstance(content, bytes) else content.encode()) == (
        file.name,
        file.read_bytes(),
    )
    facts = read_file(file.read_bytes(), public_key=checkpoints.public_key())
    assert set(facts["chains"]) == {"custody", "audit"}
    assert facts["counts"]["keys"] == 3
    assert facts["is_balanced"] is True
    with mar_scope():
        assert AuditEvent.objects.filter(action="reporting.checkpoint.made").count() == 1
        assert OutboxItem.objects.filter(task=checkpoints.DELIVER_TASK).count() == 2
    assert _make(AT + timedelta(days=1)).statement.count(made.sha256) == 1  # type: ignore[union-attr]


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_keeps_the_attempt_and_the_reason(ways: Path, settings: Any) -> None:
    _sealed()
    blocked = ways / "a-file"
    blocked.write_text("")
    settings.CHECKPOINT_FOLDER, settings.CHECKPOINT_MAIL = str(blocked / "out"), []
    _make(AT)
    (delivery,) = _deliver_all()
    assert (delivery.delivered_at, delivery.attempts) == (None, 1)
    assert delivery.problem.startswith("NotADirectoryError")
    settings.CHECKPOINT_FOLDER = str(ways / "out")
    (delivery,) = _deliver_all()
    assert (delivery.delivered_at, delivery.attempts, delivery.problem) == (AT, 2, "")


@pytest.mark.parametrize("spoil", ["statement", "signature", "key", "shape"])
def test_a_file_that_was_touched_is_refused(spoil: str) -> None:
    seed, other = b"a" * 32, b"b" * 32
    signed = sign(seed, {"made_at": "2026", "chains": {}, "counts": {}})
    outer = json.loads(to_file(signed))
    key = signed.public_key
    if spoil == "statement":
        outer["statement"] = outer["statement"].replace("2026", "2027")
    elif spoil == "signature":
        outer["signature"] = base64.b64encode(bytes(64)).decode()
    elif spoil == "key":
        key = sign(other, {}).public_key
    else:
        outer = {"statement": 1}
    with pytest.raises(NotACheckpoint):
        read_file(json.dumps(outer).encode(), public_key=key)
    assert read_file(to_file(signed), public_key=signed.public_key)["made_at"] == "2026"


def _verify(file: Path, key: Path) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_checkpoint", str(file), "--public-key", str(key), stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_chain_written_anew_by_the_owner_is_found(cloned_db: str, ways: Path) -> None:
    _sealed()
    _make()
    _deliver_all()
    file, key = _files(ways)
    assert _verify(file, key)[0] == 0
    _rewrite(connection.settings_dict["NAME"])
    with mar_scope():
        assert verify_stream(CUSTODY_STREAM, at=timezone.now()).problem == ""  # in itself the new chain holds
    code, said = _verify(file, key)
    assert code == 1
    assert "custody: block 1 is not the one" in said
    other = ways / "other.key"
    other.write_text(base64.b64encode(sign(b"x" * 32, {}).public_key).decode())
    with pytest.raises(CommandError, match="not that of this public key"):
        _verify(file, other)


def _rewrite(name: str) -> None:
    """Change a ledger row, chain everything anew and sign it, and drop the stored checkpoints: the owner's power."""
    with databases.owner_connection(name) as owner, owner.cursor() as cursor:
        for table in ("licensing_ledgerentry", "core_sealedrow", "core_sealblock", "reporting_checkpoint"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("UPDATE licensing_ledgerentry SET actor_label = 'somebody else'")
        cursor.execute("DELETE FROM reporting_checkpointdelivery")
        cursor.execute("DELETE FROM reporting_checkpoint")
        cursor.execute(
            f"""SELECT s.sequence, {CUSTODY_STREAM.digest} FROM core_sealedrow s
            JOIN licensing_ledgerentry r ON r.id = s.row_id WHERE s.stream = 'custody' ORDER BY s.sequence"""
        )
        head, last = GENESIS, 0
        for last, digest in cursor.fetchall():
            head = hashlib.sha256(head + bytes(digest)).digest()
            cursor.execute(
                "UPDATE core_sealedrow SET hash = %s WHERE stream = 'custody' AND sequence = %s", [head, last]
            )
        message = f"custody:1:{last}:".encode() + head
        signature = hmac.new(seal_key(), message, hashlib.sha256).digest()
        cursor.execute(
            "UPDATE core_sealblock SET head = %s, signature = %s WHERE stream = 'custody'", [head, signature]
        )


def test_books_that_differ_alarm_compliance(cloned_db: str, ways: Path) -> None:
    _sealed()
    officer = make_member("compliance")
    with databases.owner_connection(connection.settings_dict["NAME"]) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE licensing_productkey DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE licensing_productkey SET hold = 'reserved' WHERE id = (SELECT min(id) FROM licensing_productkey)"
        )
    made = _make()
    assert made is not None
    assert made.is_balanced is False
    with mar_scope():
        assert OutboxItem.objects.filter(task=checkpoints.ALARM_TASK).count() == 1
        assert checkpoints.alarm_books(made) == 1
    assert mail.outbox[-1].to == [officer.email]
    assert "ALARM" in mail.outbox[-1].subject
