"""What the machine plays with: two refurbishers, one product, and the MAR, on the real services."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID, uuid4

from django.db import connection

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.ack_xml import AckLine, CbrAckFile
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import Build, CbrLine, ProductKey
from licensing.models import CbrAckFile as StoredAck
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import Hold
from licensing.services.batch_undo import give_batch_back, stop_batch, undo_import
from licensing.services.builds import BuildFacts, report_build, revert_build
from licensing.services.consumption import consume_key
from licensing.services.corrections import ask_for_correction, decide_correction
from licensing.services.decoys import retire_decoys
from licensing.services.exchange import resend
from licensing.services.exchange_booking import book_acks
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import send_report
from licensing.services.hand_over import HandedKey, claim_key
from licensing.services.holds import lift_hold, put_on_hold
from licensing.services.order_cancel import cancel_order
from licensing.services.order_confirm import confirm_order
from licensing.services.order_release import expire_order, orders_due
from licensing.services.orders import OrderRequest, place_order
from licensing.services.partner_returns import ReturnWish, approve_return, check_return, request_return
from licensing.services.pools import move_to_pool, release_from_pool
from licensing.services.recall import recall_key
from licensing.services.replacements import Wanted, swap_key
from licensing.services.return_bundles import send_bundle
from licensing.services.returns import ReturnAnswer, record_return_answers, send_return
from partners.models import ApiKey, Partner
from tests.factories import AT, make_decoy, make_mar, make_partner, make_product, make_stock
from tests.factories.pools import keepers, make_pool

OHR = {
    "form_factor_cl1": "Notebook", "form_factor_cl2": "Standard", "touch_screen": "Nontouch",
    "screen_size": "14.0", "model_sku": "20N2S00A00",
}  # fmt: skip
OFFICE = Actor.system("machine")


@dataclass
class Shop:
    """A refurbisher with one station."""

    partner: Partner
    station: ApiKey

    @property
    def by(self) -> Actor:
        return Actor(ActorKind.USER, "u1", "Technician", partner_id=self.partner.pk)


class World:
    """The services, each called as its screen or API calls it."""

    def __init__(self) -> None:
        make_mar()
        self.product = make_product()
        self.shops = [self._shop() for _ in range(2)]
        self._numbers = count(1)
        self.decoys: list[int] = []
        self.keepers = keepers()
        self.pool = make_pool(self.product, self.shops[0].partner)

    def _shop(self) -> Shop:
        partner = make_partner(credit="99999999.00", monthly_quantity=10_000_000)
        with mar_scope():
            station = ApiKey.objects.create(
                partner=partner, name="Line 1", prefix="rlp_live_x", secret_hash=uuid4().bytes * 2,
                scopes=["keys:claim"], created_by="Owner", created_at=AT, daily_claims=5_000,
            )  # fmt: skip
        return Shop(partner, station)

    def deliver(self, quantity: int, at: datetime) -> list[int]:
        """Bring real keys and a decoy among them; return the real ones."""
        keys = make_stock(self.product, quantity + 1, at=at)
        decoy = keys.pop(len(keys) // 2)
        make_decoy(decoy)
        self.decoys.append(decoy.pk)
        return [key.pk for key in keys]

    def move(self, quantity: int, at: datetime, *, is_into: bool) -> None:
        """Move keys into the pool or out of it."""
        act = move_to_pool if is_into else release_from_pool
        with mar_scope():
            act(self.pool.pk, quantity, reason="for the schools", by=self.keepers[0], at=at)

    def stop(self, key_id: int, at: datetime) -> UUID:
        """Stop the delivery that brought a key."""
        with mar_scope():
            batch_id = ProductKey.objects.get(pk=key_id).batch_id
            return stop_batch(batch_id, reason="wrong price", by=self.keepers[0], at=at).pk

    def decide(self, stop_id: UUID, at: datetime, *, is_undone: bool) -> None:
        with mar_scope():
            (undo_import if is_undone else give_batch_back)(
                stop_id, reason="looked at it", by=self.keepers[1], at=at
            )

    def order(self, shop: Shop, quantity: int, at: datetime) -> UUID:
        with partner_scope(shop.partner.pk):
            return place_order(
                partner_id=shop.partner.pk, request=OrderRequest(self.product.pk, quantity),
                idempotency_key=uuid4().hex, by=shop.by, at=at,
            ).order_id  # fmt: skip

    def reserve(self, shop: Shop, quantity: int, at: datetime) -> UUID:
        """Keep keys for two hours without taking them."""
        with partner_scope(shop.partner.pk):
            return place_order(
                partner_id=shop.partner.pk, request=OrderRequest(self.product.pk, quantity, reserve_minutes=120),
                idempotency_key=uuid4().hex, by=shop.by, at=at,
            ).order_id  # fmt: skip

    def confirm(self, shop: Shop, order_id: UUID, at: datetime) -> None:
        with partner_scope(shop.partner.pk):
            confirm_order(order_id, partner_id=shop.partner.pk, by=shop.by, at=at)

    def expire(self, at: datetime) -> None:
        with mar_scope():
            for order_id in orders_due(at):
                expire_order(order_id, at=at)

    def cancel(self, order_id: UUID, at: datetime) -> None:
        with mar_scope():
            cancel_order(order_id, reason="changed his mind", by=OFFICE, at=at)

    def claim(self, shop: Shop, at: datetime, *, again: str = "") -> tuple[str, HandedKey]:
        """Claim for a new PC, or repeat an earlier claim by its name."""
        name = again or f"pc-{next(self._numbers)}"
        with partner_scope(shop.partner.pk):
            handed = claim_key(
                partner_id=shop.partner.pk, product_code=self.product.code,
                device=DeviceIdentity("LENOVO", "T490", f"S{name}"), idempotency_key=name, station=shop.station,
                by=shop.by, at=at,
            )  # fmt: skip
        return name, handed

    def consume(self, shop: Shop, product_key_id: str, at: datetime) -> None:
        with partner_scope(shop.partner.pk):
            consume_key(partner_id=shop.partner.pk, product_key_id=product_key_id, by=shop.by, at=at)

    def report(self, shop: Shop, product_key_id: str, at: datetime) -> UUID:
        facts = BuildFacts(product_key_id, sample_hardware_hash(f"h{next(self._numbers)}"), ohr=OHR)
        with partner_scope(shop.partner.pk):
            build: Build = report_build(
                partner_id=shop.partner.pk, facts=facts, channel="api", by=shop.by, at=at
            )
        return build.pk

    def revert(self, shop: Shop, build_id: UUID, at: datetime) -> None:
        with partner_scope(shop.partner.pk):
            revert_build(partner_id=shop.partner.pk, build_id=build_id, reason="wrong PC", by=shop.by, at=at)

    def send_reports(self, at: datetime) -> None:
        reports = prepare_reports(at=at, by=OFFICE)
        with mar_scope():
            for report_id in reports:
                send_report(report_id, at=at, by=OFFICE)

    def answer(self, key_id: int, product_key_id: str, code: str, at: datetime) -> None:
        """Book Microsoft's answer to the newest report that names the key."""
        with mar_scope():
            line = CbrLine.objects.filter(key_id=key_id).order_by("-pk").first()
            assert line is not None
            file = StoredAck.objects.create(
                file_name="answer.xml",
                file_path="x",
                sha256=uuid4().hex * 2,
                received_by="machine",
                received_at=at,
            )
            ack = CbrAckFile(
                ms_report_unique_id=str(uuid4()), customer_report_unique_id=str(line.report_id), received_at=at,
                sold_to_customer_id="0000123456", received_from_customer_id="0000123456", file_total=1,
                file_number=1,
                lines=(AckLine(product_key_id=product_key_id, is_success=code in ("00", "02"), reason_code=code),),
            )  # fmt: skip
            book_acks([ack], file_id=file.pk, by=OFFICE, at=at)

    def recall(self, key_id: int, at: datetime) -> None:
        with mar_scope():
            recall_key(key_id, reason="not needed", by=OFFICE, at=at)

    def hold(self, key_id: int, hold: Hold, at: datetime) -> None:
        with mar_scope():
            put_on_hold([key_id], hold=hold, reason="a van was broken into", by=OFFICE, at=at)

    def lift(self, key_id: int, hold: Hold, at: datetime) -> None:
        with mar_scope():
            lift_hold([key_id], hold=hold, reason="found again", by=OFFICE, asked_by="another", at=at)

    def tidy(self, at: datetime) -> int:
        """Put aside the decoys that the stock was sold past."""
        with mar_scope():
            return retire_decoys(self.product.pk, by=OFFICE, at=at)

    def swap(self, shop: Shop, product_key_id: str, at: datetime) -> int:
        """Have another key given in a key's place; return which."""
        with partner_scope(shop.partner.pk):
            made = swap_key(
                partner_id=shop.partner.pk, product_key_id=product_key_id, wanted=Wanted("Wrong edition"),
                by=shop.by, at=at,
            )  # fmt: skip
        with mar_scope():
            return made.new_assignment.key_id

    def resend(self, build_id: UUID, at: datetime) -> None:
        with mar_scope():
            resend(build_id, by=OFFICE, at=at)

    def correct(self, key_id: int, kind: str, at: datetime) -> None:
        """Put a quarantined key where it belongs, by two people."""
        with mar_scope():
            asked = ask_for_correction(
                key_id,
                kind=kind,
                facts="It was put there by mistake",
                proof="Mail",
                by=self.keepers[0],
                at=at,
            )
            decide_correction(asked.pk, is_approved=True, note="Looked at it", by=self.keepers[1], at=at)

    def ask_back(self, shop: Shop, product_key_id: str, at: datetime) -> UUID:
        """Ask to give a key back and have it approved; it waits for a bundle."""
        with partner_scope(shop.partner.pk):
            asked = request_return(
                partner_id=shop.partner.pk, wish=ReturnWish((product_key_id,), "ZOB", "Boards failed"),
                idempotency_key=uuid4().hex, by=shop.by, at=at,
            ).return_id  # fmt: skip
        with mar_scope():
            check_return(asked, note="Looked at it", by=self.keepers[0], at=at)
            approve_return(asked, note="", by=self.keepers[1], at=at)
        return asked

    def send_bundle(self, requests: Iterable[UUID], at: datetime) -> UUID:
        with mar_scope():
            return send_bundle(list(requests), by=OFFICE, at=at).pk

    def send_back(self, key_ids: Iterable[int], at: datetime) -> UUID:
        with mar_scope():
            return send_return(list(key_ids), return_type="ZOA", reason="stock", by=OFFICE, at=at).pk

    def answer_return(self, request_id: UUID, product_key_id: str, code: str, at: datetime) -> None:
        with mar_scope():
            record_return_answers(request_id, answers=[ReturnAnswer(product_key_id, code)], by=OFFICE, at=at)


def free_count(product_id: int, at: datetime | None = None) -> int:
    """Return what the portal says can be ordered: by the scope's partner at an instant, or by anybody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_free_count(%s, %s)", [product_id, at])
        return int(cursor.fetchone()[0])
