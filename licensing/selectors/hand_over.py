"""What the two doors to a key must know."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from core.models import AuditEvent
from licensing.models import KeyHandOver, KeyReplacement, PartnerReturnLine, ProductKey
from licensing.rules.key_states import Hold, KeyState
from partners.models import Partner
from partners.rules.partner_states import STOPS, Act, allowed_acts, left_by, lifter_of, may_act, words_of
from partners.selectors.standing import stopping_blocks

# In a return that is not answered: it would die on the PC that it was given to.
GOES_BACK = Exists(PartnerReturnLine.objects.filter(key_id=OuterRef("pk"), ended_at__isnull=True))


def find_claimable_key(partner_id: UUID, product_code: str) -> ProductKey | None:
    """Lock and return one assigned key of the product, the oldest that no rival holds and that does not go back."""
    return (
        ProductKey.objects.select_related("product")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(partner_id=partner_id, state=KeyState.ASSIGNED, hold=Hold.NONE, product__code=product_code)
        .exclude(GOES_BACK)
        .order_by("id")
        .first()
    )


def hand_over_blocks(partner_id: UUID, at: datetime) -> Refusal | None:
    """Return what stands against taking keys: the account's state, or a block."""
    partner = Partner.objects.get(pk=partner_id)
    blocks = list(stopping_blocks(at).filter(partner_id=partner_id).order_by("since"))
    is_known = any(block.is_suspension for block in blocks)
    if not may_act(partner.state, Act.TAKE_KEYS, is_suspension_known=is_known):
        return refuse(
            "partner_not_active",
            _("Your account cannot take keys right now."),
            rule="HND-0",
            facts={
                _("State of the account"): partner.get_state_display(),
                _("Since"): partner.state_since.date(),
                _("Still allowed"): words_of(allowed_acts(partner.state, is_suspension_known=is_known)),
            },
            next_step=_("Answer the MAR's question about your account. You can still report and return."),
            lifted_by=_("The MAR"),
            fix_path="/tpr/standing/",
        )
    block = next((block for block in blocks if Act.TAKE_KEYS in STOPS[block.kind]), None)
    if block is None:
        return None
    return refuse(
        "hand_over_blocked",
        block.reason,
        rule=block.rule,
        facts={**block.facts, _("Since"): block.since, _("Still allowed"): left_by(block.kind)},
        next_step=block.next_step,
        lifted_by=lifter_of(block.lifter_role, is_by_rule=block.is_by_rule),
        fix_path="/tpr/standing/",
    )


def hand_overs_since(
    since: datetime,
    *,
    partner_id: UUID | None = None,
    station_id: UUID | None = None,
    revealed_by: str | None = None,
) -> int:
    """Return how many keys a partner or a station took, or how often a person looked at one."""
    if partner_id is not None:
        return KeyHandOver.objects.filter(partner_id=partner_id, handed_at__gt=since).count()
    if station_id is not None:
        return KeyHandOver.objects.filter(station_id=station_id, handed_at__gt=since).count()
    return AuditEvent.objects.filter(
        action="licensing.key.revealed", actor_id=revealed_by, at__gt=since
    ).count()


def still_on_their_pcs() -> QuerySet[KeyHandOver]:
    """Return the hand-overs whose key is still on its PC: not taken back, no other one given in its place."""
    replaced = KeyReplacement.objects.filter(
        device_id=OuterRef("device_id"), old_product_key_id=OuterRef("key__product_key_id")
    )
    taken_back = (KeyState.FULFILLED, KeyState.RETURNED)
    return KeyHandOver.objects.exclude(key__state__in=taken_back).exclude(Exists(replaced))


def earlier_hand_over(device_id: UUID) -> KeyHandOver | None:
    """Return the latest key that was handed over for the device and is still on it."""
    found = still_on_their_pcs().select_related("key__product", "device")
    return found.filter(device_id=device_id).order_by("-handed_at").first()


def lock_device(device_id: UUID) -> None:
    """Hold the device's row, so that two stations cannot take two keys for it together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM licensing_device WHERE id = %s FOR NO KEY UPDATE", [device_id])
