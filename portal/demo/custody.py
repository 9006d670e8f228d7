"""Frozen keys of the demo: a theft that is open, a key that was found again, a correction that waits."""

from datetime import datetime, timedelta
from uuid import UUID

from core.tenancy import mar_scope, partner_scope
from licensing.models import ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.corrections import ask_for_correction
from licensing.services.incidents import close_incident, note_measures, report_incident
from licensing.services.recall import recall_key
from portal.demo.history import Stage

OPEN_FOR = timedelta(days=14)


def play(stage: Stage, *, now: datetime) -> None:
    """Freeze three keys of two partners and call one back by mistake."""
    _theft(stage, "TPR-0001", at=now - timedelta(days=2))
    _found_again(stage, "TPR-0002", at=now - timedelta(days=9))
    _called_back_by_mistake(stage, at=now - timedelta(hours=4))


def _keys(partner_id: UUID, state: KeyState, quantity: int) -> list[ProductKey]:
    keys = ProductKey.objects.filter(partner_id=partner_id, state=state, hold="none")
    return list(keys.order_by("-state_since", "id")[:quantity])


def _theft(stage: Stage, code: str, *, at: datetime) -> None:
    partner_id = stage.cast.partners[code].pk
    with partner_scope(partner_id):
        keys = _keys(partner_id, KeyState.RETRIEVED, 2) or _keys(partner_id, KeyState.ASSIGNED, 2)
        if not keys:
            return
        incident = report_incident(
            [key.product_key_id for key in keys],
            partner_id=partner_id,
            kind="stolen",
            facts="The line’s notebook was taken from the van at the depot. It held the keys of two PCs.",
            police_reference="VU 0841/2026",
            due_on=(at + OPEN_FOR).date(),
            by=stage.cast.owner(code),
            at=at,
        )
    with mar_scope():
        note_measures(
            incident.pk,
            measures="Station’s credential revoked, new one made. Waiting for the police’s answer.",
            due_on=(at + OPEN_FOR).date(),
            by=stage.cast.staff("carla"),
            at=at + timedelta(hours=3),
        )


def _found_again(stage: Stage, code: str, *, at: datetime) -> None:
    partner_id = stage.cast.partners[code].pk
    with partner_scope(partner_id):
        keys = [key for key in _keys(partner_id, KeyState.ACTIVATION_ENABLED, 40) if key.state_since < at][:1]
        if not keys:
            return
        incident = report_incident(
            [keys[0].product_key_id],
            partner_id=partner_id,
            kind="lost",
            facts="The PC did not arrive at the shop with the rest of its pallet.",
            due_on=(at + OPEN_FOR).date(),
            by=stage.cast.owner(code),
            at=at,
        )
    with mar_scope():
        close_incident(
            incident.pk,
            outcome="found",
            measures="Carrier asked; pallets are counted at hand-over now.",
            note="It stood in the carrier’s depot, sealed.",
            by=stage.cast.staff("carla"),
            at=at + timedelta(days=2),
        )


def _called_back_by_mistake(stage: Stage, *, at: datetime) -> None:
    with mar_scope():
        taken = ProductKey.objects.filter(state=KeyState.RETRIEVED, hold="none", state_since__lt=at)
        keys = list(taken.order_by("-state_since", "-id")[:1])
        if not keys:
            return
        recall_key(keys[0].pk, reason="Said to be on a broken board", by=stage.cast.staff("marta"), at=at)
        ask_for_correction(
            keys[0].pk,
            kind="give_back",
            facts="The board was another PC’s. This one runs and waits for its report.",
            proof="Photo in the partner’s mail of today 10:14",
            by=stage.cast.staff("marta"),
            at=at + timedelta(hours=2),
        )
