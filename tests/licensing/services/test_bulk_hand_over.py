"""Many keys leave only as a file that the partner's own machine opens, once, for named PCs; nothing lies about."""

import csv
import io
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError

from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.models import BulkHandOver, DeliveryKey, KeyHandOver, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold
from licensing.selectors.ledger_accounts import read_books
from licensing.services import bulk_hand_over as bulk
from licensing.services.delivery_keys import end_delivery_key, register_delivery_key
from licensing.services.devices import SecondKeyRefused
from licensing.services.hand_over import reveal_key
from licensing.services.holds import put_on_hold
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import recall_key
from licensing.tasks_bulk import tell_delivery_key
from partners.models import OrderBlock, Partner
from tests.factories import AT, make_partner, make_product, make_stock

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=24)
PCS = [DeviceIdentity("LENOVO", "20N2S00A00", f"PF{number}ABC") for number in range(3)]


def _by(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Owner", partner_id=partner.id)


@pytest.fixture
def secret_key() -> Any:
    import pyrage

    return pyrage.x25519.Identity.generate()


@pytest.fixture
def shop(secret_key: Any) -> tuple[Partner, int]:
    partner, product = make_partner(), make_product()
    make_stock(product, 6)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, 5),
            idempotency_key="o",
            by=_by(partner),
            at=AT,
        )
        register_delivery_key(
            partner_id=partner.id, recipient=str(secret_key.to_public()), by=_by(partner), at=AT
        )
    return partner, product.id


def _make(
    shop: tuple[Partner, int], pcs: Any = None, *, at: Any = LATER, reason: str = "New line"
) -> bulk.MadeFile:
    partner, product_id = shop
    with partner_scope(partner.id):
        return bulk.hand_over_file(
            partner_id=partner.id, product_id=product_id, devices=PCS if pcs is None else pcs, reason=reason,
            by=_by(partner), at=at,
        )  # fmt: skip


def _take(partner: Partner, made: bulk.MadeFile, *, at: Any = LATER, token: str | None = None) -> bytes:
    with partner_scope(partner.id):
        return bulk.take_file(
            made.bulk_id, token=token or made.token.reveal(), partner_id=partner.id, by=_by(partner), at=at
        )


def _opened(secret_key: Any, content: bytes) -> list[dict[str, str]]:
    import pyrage

    return list(csv.DictReader(io.StringIO(pyrage.decrypt(content, [secret_key]).decode())))


def _states() -> list[int]:
    with mar_scope():
        return sorted(ProductKey.objects.values_list("state", flat=True))


def test_the_partners_machine_opens_the_file_and_finds_one_key_for_each_pc(
    shop: Any, secret_key: Any
) -> None:
    partner, _product = shop
    made = _make(shop)
    rows = _opened(secret_key, _take(partner, made))
    assert [row["serial"] for row in rows] == [pc.serial for pc in PCS]
    with mar_scope():
        found = {
            each.key.product_key_id: each for each in KeyHandOver.objects.select_related("key", "device")
        }
        assert {row["product_key_id"] for row in rows} == set(found)
        for row in rows:
            hand_over = found[row["product_key_id"]]
            assert (hand_over.channel, hand_over.device.serial) == ("file", row["serial"])
            assert row["product_key"][-5:] == hand_over.key.last5
        assert AuditEvent.objects.filter(action="licensing.key.filed").count() == 3
        assert read_books().problems == ()
    assert _states() == [1, 11, 11, 12, 12, 12]


def test_the_link_works_once_and_then_nothing_of_the_file_is_left(shop: Any) -> None:
    partner, _product = shop
    made = _make(shop)
    with pytest.raises(bulk.BulkRefused):
        _take(partner, made, token="another")
    _take(partner, made)
    with pytest.raises(bulk.BulkRefused):
        _take(partner, made)
    with mar_scope():
        stored = BulkHandOver.objects.get()
        assert (stored.content, stored.taken_at) == (None, LATER)


def test_the_link_ends_after_a_quarter_of_an_hour_and_the_file_is_forgotten(shop: Any) -> None:
    partner, _product = shop
    made = _make(shop)
    with mar_scope():
        assert bulk.clear_expired(at=LATER + timedelta(minutes=14, seconds=59)) == 0
    with pytest.raises(bulk.BulkRefused):
        _take(partner, made, at=LATER + timedelta(minutes=15))
    with mar_scope():
        assert bulk.clear_expired(at=LATER + timedelta(minutes=15)) == 1
        assert BulkHandOver.objects.get().content is None


def test_another_partner_finds_no_file(shop: Any) -> None:
    with pytest.raises(NotFound):
        _take(make_partner(), _make(shop))


@pytest.mark.parametrize(
    ("pcs", "reason"),
    [
        ([], "New line"),
        ([PCS[0], PCS[0]], "New line"),
        (PCS, "why"),
        ([DeviceIdentity("LENOVO", "", "X")], "New line"),
    ],
)
def test_rows_that_are_not_whole_hand_nothing_over(shop: Any, pcs: Any, reason: str) -> None:
    with pytest.raises(Invalid):
        _make(shop, pcs, reason=reason)
    assert _states() == [1, 11, 11, 11, 11, 11]


def test_one_pc_with_a_key_of_the_last_days_stops_the_whole_file_before_anything_is_opened(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, _product = shop
    with partner_scope(partner.id):
        key = ProductKey.objects.filter(state=11).order_by("-id")[0].product_key_id
        reveal_key(
            partner_id=partner.id,
            product_key_id=key,
            device=PCS[2],
            reason="Station is down",
            by=_by(partner),
            at=AT,
        )
    monkeypatch.setattr(bulk, "decrypt_key", lambda _key: pytest.fail("a key was opened"))
    with pytest.raises(SecondKeyRefused):
        _make(shop)
    assert _states() == [1, 11, 11, 11, 11, 12]


@pytest.mark.parametrize(("at", "code"), [(LATER - timedelta(seconds=1), "bulk_no_public_key"), (LATER, "")])
def test_a_public_key_waits_its_day_to_the_second(shop: Any, at: Any, code: str) -> None:
    met = ""
    try:
        _make(shop, at=at)
    except DomainError as error:
        met = error.code
    assert met == code


def test_a_new_public_key_ends_the_old_one_and_every_owner_hears_its_fingerprint(
    shop: Any, secret_key: Any
) -> None:
    partner, _product = shop
    with partner_scope(partner.id):
        second = register_delivery_key(
            partner_id=partner.id, recipient=str(secret_key.to_public()), by=_by(partner), at=LATER
        )
    with pytest.raises(bulk.BulkRefused):
        _make(shop)
    with mar_scope():
        assert DeliveryKey.objects.filter(ended_at__isnull=True).get() == second
        tell_delivery_key.run(delivery_key_id=str(second.pk))
    assert second.fingerprint in mail.outbox[-1].body
    assert len(second.fingerprint.split()) == 8


@pytest.mark.parametrize("text", ["", "ssh-ed25519 AAAA", "age1short", "AGE-SECRET-KEY-1QQQQ"])
def test_what_is_no_public_key_is_not_registered(shop: Any, text: str) -> None:
    partner, _product = shop
    with pytest.raises(bulk.BulkInvalid), partner_scope(partner.id):
        register_delivery_key(partner_id=partner.id, recipient=text, by=_by(partner), at=AT)
    with mar_scope():
        assert DeliveryKey.objects.count() == 1


def test_the_database_keeps_the_day_of_waiting_and_drops_what_was_fetched(shop: Any) -> None:
    with pytest.raises(IntegrityError, match="delivery_key_waits"), mar_scope():
        DeliveryKey.objects.update(usable_from=AT + timedelta(hours=23))
    _make(shop)
    with pytest.raises(IntegrityError, match="bulk_taken_is_gone"), mar_scope():
        BulkHandOver.objects.update(taken_at=LATER)


def test_a_file_made_again_gives_each_pc_its_own_key_and_no_other(shop: Any, secret_key: Any) -> None:
    partner, _product = shop
    first = _make(shop)
    before = _opened(secret_key, _take(partner, first))
    with partner_scope(partner.id):
        again = bulk.reissue_file(
            first.bulk_id,
            partner_id=partner.id,
            reason="Disk broke",
            by=_by(partner),
            at=LATER + timedelta(hours=1),
        )
    after = _opened(secret_key, _take(partner, again, at=LATER + timedelta(hours=1)))
    assert after == before
    assert _states() == [1, 11, 11, 12, 12, 12]


def test_too_few_keys_hand_nothing_over(shop: Any) -> None:
    pcs = [DeviceIdentity("LENOVO", "20N2", f"S{number}XYZ") for number in range(6)]
    with pytest.raises(bulk.BulkRefused) as refused:
        _make(shop, pcs)
    assert refused.value.refusals[0].facts == {"Assigned": 5, "PCs": 6}
    assert _states() == [1, 11, 11, 11, 11, 11]


def test_no_key_touches_the_disk(
    shop: Any, secret_key: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file opened for writing in our process is watched, and the temporary folder is searched."""
    import builtins

    partner, _product = shop
    written: list[str] = []
    real = builtins.open

    def watched(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if any(sign in mode for sign in "wax+"):
            written.append(str(file))
        return real(file, mode, *args, **options)

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(builtins, "open", watched)
    content = _take(partner, _make(shop))
    monkeypatch.undo()
    assert written == []
    assert list(folder.iterdir()) == []
    keys = [row["product_key"].encode() for row in _opened(secret_key, content)]
    assert not [
        file
        for file in tmp_path.rglob("*")
        if file.is_file() and any(key in file.read_bytes() for key in keys)
    ]
    assert not any(key in content for key in keys)


def _freeze_one(partner: Partner) -> None:
    with partner_scope(partner.id):
        key = ProductKey.objects.filter(state=12).order_by("id")[0]
        put_on_hold([key.pk], hold=Hold.LOST_OR_STOLEN, reason="Bag is gone", by=_by(partner), at=LATER)


def _call_one_back(partner: Partner) -> None:
    with mar_scope():
        key = ProductKey.objects.filter(state=12).order_by("id")[0]
        recall_key(key.pk, reason="Not needed", by=_by(partner), at=LATER)


def _block(partner: Partner) -> None:
    with mar_scope():
        OrderBlock.objects.create(
            partner=partner,
            kind="all",
            rule="CMP-11",
            reason="Keys went missing",
            next_step="Call.",
            since=AT,
        )


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (_freeze_one, "bulk_keys_stopped"),
        (_call_one_back, "bulk_keys_stopped"),
        (_block, "hand_over_blocked"),
    ],
)
def test_what_stops_after_a_file_was_made_stops_the_file_too(shop: Any, happens: Any, code: str) -> None:
    partner, _product = shop
    made = _make(shop)
    happens(partner)
    with pytest.raises(bulk.BulkRefused) as refused:
        _take(partner, made)
    assert refused.value.code == code
    with mar_scope():
        assert BulkHandOver.objects.get().taken_at is None
        assert AuditEvent.objects.filter(action="licensing.bulk.taken").count() == 0


def test_a_public_key_out_of_force_takes_the_waiting_files_with_it(shop: Any) -> None:
    partner, _product = shop
    made = _make(shop)
    with partner_scope(partner.id):
        end_delivery_key(partner_id=partner.id, by=_by(partner), at=LATER)
    with pytest.raises(bulk.BulkRefused) as refused:
        _take(partner, made)
    assert refused.value.code == "bulk_link_over"
    with mar_scope():
        assert BulkHandOver.objects.get().content is None


def test_a_file_made_again_leaves_out_what_is_frozen_and_needs_a_reason(shop: Any, secret_key: Any) -> None:
    partner, _product = shop
    made = _make(shop)
    _freeze_one(partner)
    again = {"partner_id": partner.id, "by": _by(partner), "at": LATER}
    with partner_scope(partner.id):
        with pytest.raises(bulk.BulkInvalid):
            bulk.reissue_file(made.bulk_id, reason=" no ", **again)
        second = bulk.reissue_file(made.bulk_id, reason="Disk broke", **again)
    assert len(_opened(secret_key, _take(partner, second))) == 2
