"""The cases of misuse that the demo holds, each found by its number in docs/demo.md."""

from datetime import datetime, timedelta

from core import audit
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, Device, KeyHandOver, ProductKey, SimulatedKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import KeyState
from licensing.services.builds import BuildFacts, report_build
from licensing.services.hand_over import claim_key
from licensing.services.returns import send_return
from partners.models import OrderBlock
from partners.services.standing import confirm_suspension, suspend_partner
from portal.demo.history import Stage

FORCED = ("07", "03", "01", "08", "06")


def force_denials(stage: Stage, *, every: int) -> None:
    """Let the simulator refuse some of the keys that wait: pattern 2 among them (07: already enabled)."""
    with mar_scope():
        ready = Build.objects.filter(state="ready").order_by("reported_at", "key_id")
        names = ready.values_list("key__product_key_id", flat=True)
        often = names.filter(partner=stage.cast.partners["TPR-0009"])
        keys = sorted({*names[every // 2 :: every], *often[: max(len(often) // 25, 1)]})
        SimulatedKey.objects.bulk_create(
            SimulatedKey(
                product_key_id=key, sold_to_id="0000123456", forced_code=FORCED[int(key) % len(FORCED)]
            )
            for key in keys
        )


def try_second_key(stage: Stage, *, at: datetime) -> bool:
    """Pattern 3: a station asks for a second key for a PC that got one; the portal refuses and says why."""
    partner = stage.cast.partners["TPR-0001"]
    with partner_scope(partner.pk):
        last = KeyHandOver.objects.select_related("device").order_by("-handed_at").first()
    if last is None:
        return False
    device = DeviceIdentity(last.device.manufacturer, last.device.model, last.device.serial)
    try:
        with partner_scope(partner.pk):
            claim_key(
                partner_id=partner.pk, product_code="WIN11-PRO-REF-COM", device=device, idempotency_key="demo-second",
                station=stage.cast.stations["TPR-0001"], by=stage.cast.station("TPR-0001"), at=at,
            )  # fmt: skip
    except DomainError as error:
        _audit_refusal(stage, "TPR-0001", error, at)
        return True
    raise RuntimeError("a second key was given for one PC")


def sell_denied_pc(stage: Stage, *, at: datetime) -> int:
    """Pattern 15: PCs noted as sold although Microsoft refused their keys."""
    with mar_scope():
        denied = Build.objects.filter(state="denied", partner=stage.cast.partners["TPR-0009"]).order_by(
            "reported_at"
        )
        devices = list(denied.values_list("device_id", flat=True)[:2])
        return Device.objects.filter(pk__in=devices).update(
            sold_on=at.date(), sale_country="PL", sale_channel="marketplace"
        )


def copy_a_hash(stage: Stage, *, at: datetime) -> bool:
    """Pattern 19: a hardware hash is reported for a second PC; the portal refuses and says why."""
    code = "TPR-0010"
    partner = stage.cast.partners[code]
    with partner_scope(partner.pk):
        seen = Build.objects.order_by("reported_at").first()
        spare = ProductKey.objects.filter(state=KeyState.RETRIEVED).order_by("id").first()
    if seen is None or spare is None:
        return False
    try:
        with partner_scope(partner.pk):
            report_build(
                partner_id=partner.pk, facts=BuildFacts(spare.product_key_id, seen.hardware_hash), channel="api",
                by=stage.cast.station(code), at=at,
            )  # fmt: skip
    except DomainError as error:
        _audit_refusal(stage, code, error, at)
        return True
    raise RuntimeError("a copied hash was accepted")


def return_keys(stage: Stage, *, quantity: int, at: datetime) -> int:
    """Send activated keys of one partner back to Microsoft as end-user returns."""
    with mar_scope():
        enabled = ProductKey.objects.filter(
            partner=stage.cast.partners["TPR-0007"], state=KeyState.ACTIVATION_ENABLED
        ).order_by("id")
        ids = list(enabled.values_list("id", flat=True)[:quantity])
        if ids:
            send_return(
                ids,
                return_type="ZOC",
                reason="Customers gave the PCs back",
                by=stage.cast.staff("marta"),
                at=at,
            )
    return len(ids)


def suspend(stage: Stage, *, at: datetime) -> None:
    """Suspend one partner: he can report and return, but not order or take keys."""
    with mar_scope():
        suspend_partner(
            stage.cast.partners["TPR-0006"].pk, reason="Wiping certificates are missing for 14 PCs.",
            by=stage.cast.staff("marta"), at=at,
        )  # fmt: skip
        block = OrderBlock.objects.get(partner=stage.cast.partners["TPR-0006"], is_suspension=True)
        confirm_suspension(block.pk, by=stage.cast.staff("jonas"), at=at + timedelta(hours=2))


def _audit_refusal(stage: Stage, code: str, error: DomainError, at: datetime) -> None:
    partner = stage.cast.partners[code]
    with partner_scope(partner.pk):
        for refusal in error.refusals:
            audit.record(
                "portal.request.refused", by=stage.cast.station(code), at=at, partner_id=partner.pk,
                facts={"code": refusal.code, "rule": refusal.rule, "path": "/api/v1/"},
            )  # fmt: skip
