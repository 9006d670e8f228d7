"""The two doors to a key, and the report that binds it: one key, one PC."""

import io
import zipfile
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from core.actor import Actor, ActorKind
from core.crypto import CannotDecrypt
from core.errors import DomainError, Invalid, NotFound
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import Build, Device, KeyHandOver, KeySecret, LedgerEntry, Product, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_syntax import SecretKey
from licensing.services.batches import BatchRefused, hand_over_batch
from licensing.services.build_uploads import report_files
from licensing.services.builds import BuildFacts, complete_details, report_build, revert_build
from licensing.services.devices import ensure_device
from licensing.services.hand_over import HandedKey, HandOverRefused, claim_key, reveal_key
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import recall_key
from partners.models import ApiKey, Partner
from partners.services.standing import suspend_partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.factories.exchange import make_builds

pytestmark = pytest.mark.django_db
LAPTOP = DeviceIdentity("LENOVO", "20N2S00A00", "PF0ABCDE")
OHR = {
    "form_factor_cl1": "Notebook", "form_factor_cl2": "Standard", "touch_screen": "Non-Touch",
    "screen_size": "14.0", "model_sku": "20N2S00A00",
}  # fmt: skip


def _by(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Technician", partner_id=partner.id)


def _station(partner: Partner, **fields: Any) -> ApiKey:
    with mar_scope():
        return ApiKey.objects.create(
            **{
                "partner": partner, "name": "Line 1", "prefix": "rlp_live_x", "secret_hash": uuid4().bytes * 2,
                "scopes": ["keys:claim"], "created_by": "Owner", "created_at": AT,
            } | fields
        )  # fmt: skip


@pytest.fixture
def shop() -> tuple[Partner, Product, ApiKey]:
    partner, product = make_partner(), make_product()
    make_stock(product, 6)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, 4),
            idempotency_key="o",
            by=_by(partner),
            at=AT,
        )
    return partner, product, _station(partner)


def _claim(
    shop: tuple[Partner, Product, ApiKey], device: DeviceIdentity = LAPTOP, key: str = "c1", at: Any = AT
) -> HandedKey:
    partner, product, station = shop
    with partner_scope(partner.id):
        return claim_key(
            partner_id=partner.id, product_code=product.code, device=device, idempotency_key=key,
            station=station, by=_by(partner), at=at,
        )  # fmt: skip


def _reveal(
    partner: Partner, product_key_id: str, device: DeviceIdentity = LAPTOP, reason: str = "Station is down"
) -> HandedKey:
    with partner_scope(partner.id):
        return reveal_key(
            partner_id=partner.id,
            product_key_id=product_key_id,
            device=device,
            reason=reason,
            by=_by(partner),
            at=AT,
        )


def _oa3(
    handed: HandedKey, *, seed: str = "h1", serial: str | None = None, ohr: bool = True, **more: Any
) -> bytes:
    info = {"ZFRM_FACTOR_CL1": "Notebook", "ZFRM_FACTOR_CL2": "Standard", "ZTOUCH_SCREEN": "Non-Touch",
            "ZSCREEN_SIZE": "14.0", "ZPC_MODEL_SKU": "20N2S00A00"} if ohr else {}  # fmt: skip
    return write_oa3(
        product_key=SecretKey(handed.key.reveal()), product_key_id=handed.product_key_id,
        hardware_hash=sample_hardware_hash(seed), optional_info=info, serial_number=serial, **more,
    )  # fmt: skip


def test_claim_gives_one_key_for_one_device_with_audit_before_it(shop: Any) -> None:
    handed = _claim(shop)
    partner = shop[0]
    assert handed.key.reveal()[-5:] == handed.last5
    assert "•" in repr(handed.key)
    with partner_scope(partner.id):
        key = ProductKey.objects.get(product_key_id=handed.product_key_id)
        assert (key.state, key.is_disclosed) == (12, True)
        assert (
            AuditEvent.objects.filter(action="licensing.key.claimed", object_id=key.product_key_id).count()
            == 1
        )
        assert (
            LedgerEntry.objects.filter(key=key, from_state=11, to_state=12, reason="key.claimed").count() == 1
        )
        assert KeyHandOver.objects.get(key=key).device.serial == "PF0ABCDE"


def test_repeated_claim_gives_the_same_key_after_a_new_audit_row(shop: Any) -> None:
    first, again = _claim(shop), _claim(shop)
    assert again.is_repeat
    assert again.key.reveal() == first.key.reveal()
    with partner_scope(shop[0].id):
        assert AuditEvent.objects.filter(action="licensing.key.claimed").count() == 2
        assert KeyHandOver.objects.count() == 1


def test_repeated_claim_after_the_report_is_refused(shop: Any) -> None:
    handed = _claim(shop)
    with partner_scope(shop[0].id):
        report_build(
            partner_id=shop[0].id, facts=BuildFacts(handed.product_key_id, sample_hardware_hash("a"), ohr=OHR),
            channel="api", by=_by(shop[0]), at=AT,
        )  # fmt: skip
    with pytest.raises(HandOverRefused) as caught:
        _claim(shop)
    assert caught.value.code == "already_reported"


def test_second_key_for_the_same_device_is_refused_for_90_days_and_names_the_first(shop: Any) -> None:
    handed = _claim(shop)
    same = DeviceIdentity("lenovo", "20N2-S00A00", "pf0 abcde")
    with pytest.raises(DomainError) as caught:
        _claim(shop, same, key="c2", at=AT + timedelta(days=90, seconds=-1))
    refusal = caught.value.refusals[0]
    assert refusal.code == "second_key_for_device"
    assert refusal.facts["Earlier key"] == handed.product_key_id
    assert _claim(shop, same, key="c2", at=AT + timedelta(days=90)).product_key_id != handed.product_key_id


@pytest.mark.parametrize(
    "device",
    [
        DeviceIdentity("", "M", "S123"), DeviceIdentity("A", "", "S123"), DeviceIdentity("A", "M", " - "),
        DeviceIdentity("A", "M", "To be filled by O.E.M."), DeviceIdentity("A", "M", "0000000"),
    ],
)  # fmt: skip
def test_claim_without_a_real_device_is_refused_and_takes_nothing(shop: Any, device: DeviceIdentity) -> None:
    with pytest.raises(Invalid) as caught:
        _claim(shop, device)
    assert caught.value.code == "device_incomplete"
    with partner_scope(shop[0].id):
        assert Device.objects.count() == 0
        assert ProductKey.objects.filter(state=12).count() == 0


def test_claim_beyond_the_assigned_keys_says_so(shop: Any) -> None:
    for number in range(4):
        _claim(shop, DeviceIdentity("A", "M", f"S{number}00X"), key=f"k{number}")
    with pytest.raises(HandOverRefused) as caught:
        _claim(shop, DeviceIdentity("A", "M", "S900X"), key="k9")
    assert caught.value.code == "no_key_left"


def test_station_stops_at_its_daily_number(shop: Any) -> None:
    partner, product, _ = shop
    slow = _station(partner, daily_claims=1)
    _claim((partner, product, slow))
    with pytest.raises(HandOverRefused) as caught:
        _claim((partner, product, slow), DeviceIdentity("A", "M", "S2X4"), key="c2")
    assert caught.value.code == "daily_claims"


def test_suspended_partner_takes_no_key(shop: Any) -> None:
    with mar_scope():
        suspend_partner(shop[0].pk, reason="Labels.", extent="hand_over", by=Actor.system("test"), at=AT)
    with pytest.raises(HandOverRefused) as caught:
        _claim(shop)
    assert (caught.value.code, caught.value.refusals[0].rule) == ("hand_over_blocked", "P-STATE-2")


def _assigned_id(partner: Partner) -> str:
    with partner_scope(partner.id):
        return ProductKey.objects.filter(state=11).order_by("id").first().product_key_id  # type: ignore[union-attr]


def test_reveal_needs_a_reason_and_writes_it_to_the_audit_log(shop: Any) -> None:
    partner = shop[0]
    wanted = _assigned_id(partner)
    with pytest.raises(Invalid):
        _reveal(partner, wanted, reason="x")
    handed = _reveal(partner, wanted)
    assert handed.product_key_id == wanted
    with partner_scope(partner.id):
        event = AuditEvent.objects.get(action="licensing.key.revealed")
        assert event.facts["reason"] == "Station is down"


def test_reveal_again_for_the_same_device_works_and_for_another_is_refused(shop: Any) -> None:
    partner = shop[0]
    wanted = _assigned_id(partner)
    first = _reveal(partner, wanted)
    assert _reveal(partner, wanted).key.reveal() == first.key.reveal()
    with pytest.raises(HandOverRefused) as caught:
        _reveal(partner, wanted, DeviceIdentity("A", "M", "OTHER1"))
    assert caught.value.code == "key_for_another_device"


def test_reveal_of_a_strangers_key_is_not_found(shop: Any) -> None:
    wanted = _assigned_id(shop[0])
    with pytest.raises(NotFound):
        _reveal(make_partner(), wanted)


def test_thirty_first_reveal_in_an_hour_is_refused(shop: Any) -> None:
    partner = shop[0]
    wanted = _assigned_id(partner)
    for _ in range(30):
        _reveal(partner, wanted)
    with pytest.raises(HandOverRefused) as caught:
        _reveal(partner, wanted)
    assert caught.value.code == "reveal_rate"


def test_ciphertext_copied_to_another_key_does_not_open(shop: Any) -> None:
    from tests.databases import owner_connection  # noqa: F401  (the owner would be needed to do this for real)

    partner = shop[0]
    wanted = _assigned_id(partner)
    with partner_scope(partner.id):
        keys = list(ProductKey.objects.order_by("id")[:2])
        secrets = {key.id: bytes(KeySecret.objects.get(pk=key.id).sealed) for key in keys}
    from core.crypto import KeyCipher
    from core.custody_keys import master_key
    from licensing.models import BatchDataKey

    with partner_scope(partner.id):
        wrapped = bytes(BatchDataKey.objects.get(pk=keys[0].batch_id).wrapped)
    cipher = KeyCipher(master_key().unwrap(wrapped, context=str(keys[0].batch_id)))
    other = f"{keys[1].batch_id}:{keys[1].product_key_id}"
    with pytest.raises(CannotDecrypt):
        cipher.decrypt(secrets[keys[0].id], identity=other)
    assert wanted == keys[0].product_key_id


def test_mar_cannot_read_a_ciphertext() -> None:
    from django.db import ProgrammingError, transaction

    make_stock(make_product(), 1)
    with mar_scope(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        KeySecret.objects.values_list("sealed").first()


def _report(partner: Partner, files: list[tuple[str, bytes]]) -> Any:
    with partner_scope(partner.id):
        return report_files(partner_id=partner.id, files=files, file_name=files[0][0], by=_by(partner), at=AT)


def test_oa3_upload_binds_the_key_and_keeps_no_product_key(shop: Any) -> None:
    handed = _claim(shop)
    upload = _report(shop[0], [("OA3.xml", _oa3(handed, serial="PF0ABCDE"))])
    assert (upload.file_count, upload.accepted_count) == (1, 1)
    with partner_scope(shop[0].id):
        build = Build.objects.get()
        assert build.state == "ready"
        assert build.touch_screen == "Nontouch"
        assert ProductKey.objects.get(pk=build.key_id).state == 3
        assert handed.key.reveal() not in str(upload.outcomes) + str(build.optional_info)


def test_report_without_device_facts_waits_until_they_are_complete(shop: Any) -> None:
    handed = _claim(shop)
    upload = _report(shop[0], [("OA3.xml", _oa3(handed, ohr=False))])
    assert upload.outcomes[0]["code"] == "needs_details"
    with partner_scope(shop[0].id):
        build = Build.objects.get()
        assert build.state == "needs_details"
        done = complete_details(partner_id=shop[0].id, build_id=build.id, ohr=OHR, by=_by(shop[0]), at=AT)
        assert (done.state, done.form_factor) == ("ready", "Notebook")


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_zip_good_ones_go_through_and_bad_ones_say_why(shop: Any) -> None:
    one = _claim(shop)
    two = _claim(shop, DeviceIdentity("DELL", "7490", "ABC1234"), key="c2")
    stranger = (make_partner(), shop[1], None)
    with partner_scope(stranger[0].id):
        place_order(
            partner_id=stranger[0].id, request=OrderRequest(shop[1].id, 1), idempotency_key="s",
            by=_by(stranger[0]), at=AT,
        )  # fmt: skip
    foreign = _claim(
        (stranger[0], shop[1], _station(stranger[0])), DeviceIdentity("HP", "840", "FGN1"), key="f"
    )
    packed = _zip(
        {
            "good.xml": _oa3(one),
            "wrong-serial.xml": _oa3(two, seed="h2", serial="NOTMINE1"),
            "same-hash.xml": _oa3(two, seed="h1"),
            "foreign.xml": _oa3(foreign, seed="h3"),
            "broken.xml": b"<Key><ProductKeyID>33",
            "again.xml": _oa3(one, seed="h4"),
        }
    )
    upload = _report(shop[0], [("builds.zip", packed)])
    assert {outcome["name"]: outcome["code"] for outcome in upload.outcomes} | {"broken.xml": "x"} == {
        "good.xml": "accepted",
        "wrong-serial.xml": "wrong_device",
        "same-hash.xml": "hash_seen_before",
        "foreign.xml": "not_found",
        "broken.xml": "x",
        "again.xml": "already_bound",
    }
    assert (upload.file_count, upload.accepted_count) == (6, 1)
    with mar_scope():
        assert Build.objects.count() == 1
        assert ProductKey.objects.get(product_key_id=two.product_key_id).state == 12
        assert ProductKey.objects.get(product_key_id=foreign.product_key_id).state == 12


def test_file_whose_key_and_id_differ_is_refused(shop: Any) -> None:
    one, two = _claim(shop), _claim(shop, DeviceIdentity("DELL", "7490", "ABC1234"), key="c2")
    mixed = write_oa3(
        product_key=SecretKey(two.key.reveal()), product_key_id=one.product_key_id,
        hardware_hash=sample_hardware_hash("m"),
    )  # fmt: skip
    upload = _report(shop[0], [("OA3.xml", mixed)])
    assert upload.outcomes[0]["code"] == "key_and_id_differ"


def test_reverted_build_frees_the_device_for_a_new_report_of_the_same_key(shop: Any) -> None:
    handed = _claim(shop)
    _report(shop[0], [("OA3.xml", _oa3(handed))])
    with partner_scope(shop[0].id):
        build = Build.objects.get()
        revert_build(partner_id=shop[0].id, build_id=build.id, reason="Board changed", by=_by(shop[0]), at=AT)
        assert ProductKey.objects.get(pk=build.key_id).state == 12
    assert _report(shop[0], [("OA3.xml", _oa3(handed, seed="new"))]).accepted_count == 1


def test_repeated_claim_of_a_key_under_a_hold_shows_nothing(shop: Any) -> None:
    handed = _claim(shop)
    with mar_scope():
        ProductKey.objects.filter(product_key_id=handed.product_key_id).update(hold="disputed")
    with pytest.raises(HandOverRefused) as caught:
        _claim(shop)
    assert caught.value.code == "key_not_available"
    with partner_scope(shop[0].id):
        assert AuditEvent.objects.filter(action="licensing.key.claimed").count() == 1


def test_repeated_claim_of_a_key_that_was_called_back_is_refused(shop: Any) -> None:
    handed = _claim(shop)
    with mar_scope():
        key_id = ProductKey.objects.get(product_key_id=handed.product_key_id).pk
        recall_key(key_id, reason="Taken by mistake", by=Actor.system("test"), at=AT)
    with pytest.raises(HandOverRefused) as caught:
        _claim(shop)
    assert caught.value.code == "key_called_back"
    with mar_scope():
        assert KeyHandOver.objects.count() == 1


def test_hash_of_another_partners_pc_is_refused_and_the_other_files_go_through(shop: Any) -> None:
    with mar_scope():
        stranger = make_builds(1)[0]
        their_pc = str(stranger.device)
        Build.objects.filter(pk=stranger.pk).update(
            hardware_hash_sha256=sha256(sample_hardware_hash("copied").encode()).hexdigest()
        )
    bad, good = _claim(shop), _claim(shop, DeviceIdentity("LENOVO", "20N2S00A00", "PF0OTHER"), "c2")
    with partner_scope(shop[0].id):
        upload = report_files(
            partner_id=shop[0].id,
            files=[("bad.xml", _oa3(bad, seed="copied")), ("good.xml", _oa3(good, seed="own"))],
            file_name="two", by=_by(shop[0]), at=AT,
        )  # fmt: skip
    assert [outcome["code"] for outcome in upload.outcomes] == ["hash_seen_before", "accepted"]
    # Not a word of whose PC it is.
    assert their_pc not in str(upload.outcomes)


def test_batch_that_names_a_device_twice_hands_nothing_over(shop: Any) -> None:
    partner, product, station = shop
    with partner_scope(partner.id):
        ensure_device(partner_id=partner.id, identity=LAPTOP, at=AT)
        with pytest.raises(BatchRefused):
            hand_over_batch(
                partner_id=partner.id, product_id=product.id, devices=[LAPTOP, LAPTOP], station=station,
                by=_by(partner), at=AT,
            )  # fmt: skip
        assert KeyHandOver.objects.count() == 0


@pytest.mark.parametrize(
    "device",
    [
        DeviceIdentity("LENOVO", "20N2S00A00", "NBCDF-GHJKM-PQRTV-WXY23-46789"),
        DeviceIdentity("LENOVO", "NBCDFGHJKMPQRTVWXY2346789", "PF0ABCDE"),
        DeviceIdentity("NBCDF GHJKM", "PQRTV WXY23 46789", "PF0ABCDE"),
    ],
)
def test_product_key_in_the_name_of_a_pc_is_refused_and_stored_nowhere(
    shop: Any, device: DeviceIdentity
) -> None:
    with pytest.raises(Invalid) as caught:
        _claim(shop, device)
    assert caught.value.code == "device_shows_a_key"
    assert "PQRTV" not in str(caught.value.refusals)
    with mar_scope():
        assert Device.objects.count() == 0


def test_product_key_typed_into_a_reason_is_masked_before_it_is_kept(shop: Any) -> None:
    with partner_scope(shop[0].id):
        own = ProductKey.objects.order_by("id").first()
        assert own is not None
    handed = _reveal(shop[0], own.product_key_id, reason="NBCDF-GHJKM-PQRTV-WXY23-46789 fails")
    with partner_scope(shop[0].id):
        kept = KeyHandOver.objects.get(pk=handed.hand_over_id).reason
        facts = AuditEvent.objects.get(action="licensing.key.revealed").facts
    assert (kept, facts["reason"]) == ("•••••-46789 fails", "•••••-46789 fails")
