"""A chain cut short at its end is found by what a frozen report says of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from core import audit
from core.actor import Actor
from core.models.seal import SealBlock
from core.periods import Period
from core.services.seal import Verdict, seal_stream, streams, verify_stream
from core.tenancy import mar_scope
from reporting.models import UsageReport
from reporting.services.anchors import verify_anchored
from reporting.services.building import begin_report
from reporting.services.freezing import freeze_report
from tests.databases import owner_connection
from tests.factories import make_mar, make_product, make_stock

BY = Actor.system("test")
CLOSED = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


@pytest.fixture
def frozen(cloned_db: str) -> str:
    """Seal two blocks of each stream, then freeze October; return the database's name."""
    make_mar()
    product = make_product()
    for _block in range(2):
        make_stock(product, 2, at=datetime(2026, 10, 5, tzinfo=UTC))
        with mar_scope():
            audit.record("test.done", by=BY, at=timezone.now())
        _seal()
    with mar_scope():
        report_id = begin_report(Period(2026, 10), by=BY, at=CLOSED)
    assert report_id is not None
    freeze_report(report_id, by=BY, at=CLOSED)
    return cloned_db


def _seal() -> None:
    with mar_scope():
        for stream in streams():
            seal_stream(stream, at=timezone.now())


def _verdicts(verify: Any) -> dict[str, Verdict]:
    with mar_scope():
        return {stream.name: verify(stream, at=timezone.now()) for stream in streams()}


def _cut_the_end(name: str) -> None:
    """Take the custody stream's last block, its links and its rows away, as someone with the owner's power can."""
    with owner_connection(name) as owner, owner.cursor() as cursor:
        for table in ("core_sealblock", "core_sealedrow", "licensing_ledgerentry"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
        cursor.execute("SELECT max(number), max(first_sequence) FROM core_sealblock WHERE stream = 'custody'")
        number, first = cursor.fetchone()
        cursor.execute(
            """DELETE FROM licensing_ledgerentry WHERE id IN (SELECT row_id FROM core_sealedrow
            WHERE stream = 'custody' AND sequence >= %s)""",
            [first],
        )
        cursor.execute("DELETE FROM core_sealedrow WHERE stream = 'custody' AND sequence >= %s", [first])
        cursor.execute("DELETE FROM core_sealblock WHERE stream = 'custody' AND number = %s", [number])


def test_frozen_report_names_the_end_of_each_chain(frozen: str) -> None:
    with mar_scope():
        chains = UsageReport.objects.get().header["snapshot"]["chains"]
        last = SealBlock.objects.filter(stream="custody").order_by("-number")[0]
    assert sorted(chains) == ["audit", "custody"]
    assert chains["custody"] == {"block": 2, "links": last.last_sequence, "head": bytes(last.head).hex()}


def test_chain_that_grew_is_sound(frozen: str) -> None:
    with mar_scope():
        audit.record("test.done", by=BY, at=timezone.now())
    _seal()
    assert all(verdict.is_sound for verdict in _verdicts(verify_anchored).values())


def test_end_cut_off_together_with_its_rows_is_found_by_the_report_alone(frozen: str) -> None:
    _cut_the_end(frozen)
    assert _verdicts(verify_stream)["custody"].is_sound
    found = _verdicts(verify_anchored)
    assert found["custody"].problem == "block 2 is not the one that report UR-2026-10 was frozen with"
    assert found["audit"].is_sound
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledger")
    assert ended.value.code == 1


def test_end_cut_off_and_grown_again_is_found(frozen: str) -> None:
    _cut_the_end(frozen)
    make_stock(make_product(), 3, at=timezone.now())
    _seal()
    found = _verdicts(verify_anchored)["custody"]
    assert (found.blocks, found.is_sound) == (2, False)
