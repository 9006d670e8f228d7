"""Write the badges that compliance has proven; everybody may see them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import audit
from core.actor import Actor
from partners.models import PartnerBadge


@transaction.atomic
def set_badges(earned: Mapping[UUID, set[str]], *, valid_before: datetime, by: Actor, at: datetime) -> int:
    """Give, keep or end badges of the named partners; return how many were given or ended."""
    open_ = PartnerBadge.objects.filter(partner_id__in=earned, valid_before__gt=at)
    held = {(badge.partner_id, badge.code): badge for badge in open_}
    wanted = {(partner_id, code) for partner_id, codes in earned.items() for code in codes}
    kept = [badge.pk for name, badge in held.items() if name in wanted]
    PartnerBadge.objects.filter(pk__in=kept).update(valid_before=valid_before, proven_at=at)
    ended = [name for name in held if name not in wanted]
    PartnerBadge.objects.filter(pk__in=[held[name].pk for name in ended]).update(valid_before=at)
    given = sorted(wanted - held.keys())
    PartnerBadge.objects.bulk_create(
        PartnerBadge(partner_id=partner_id, code=code, valid_from=at, proven_at=at, valid_before=valid_before)
        for partner_id, code in given
    )
    for action, names in (("given", given), ("ended", ended)):
        for partner_id, code in names:
            audit.record(
                f"partners.badge.{action}", by=by, at=at, object_type="partner", object_id=partner_id,
                partner_id=partner_id, facts={"badge": code},
            )  # fmt: skip
    return len(given) + len(ended)
