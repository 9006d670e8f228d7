"""Personal data of the demo: one person forgotten, one who asks for it, what is past its time, an owner locked out."""

from datetime import datetime, timedelta

from core.actor import Actor, ActorKind
from core.models import User
from core.tenancy import mar_scope
from partners.models import Membership
from partners.services.owner_resets import begin_owner_reset
from partners.services.privacy import carry_out_erasure, request_erasure
from partners.services.retention import propose_retention
from portal.demo.applying import PAPER
from portal.demo.people import Cast

HOUSE, LOCKED_OUT = "TPR-0001", "TPR-0004"


def show(cast: Cast, *, now: datetime) -> None:
    """Leave one request done and one open, a retention proposal and an owner's reset that wait for a second person."""
    gone = User.objects.create_user(
        "nadia@rebyte.example", None, name="Nadia Sommerfeld", joined_at=now - timedelta(days=200)
    )
    rolf = cast.people["rolf"]
    with mar_scope():
        partner = cast.partners[HOUSE]
        joined_at = now - timedelta(days=200)
        Membership.objects.create(user=gone, partner=partner, role="tpr_technician", created_at=joined_at)
        request = request_erasure(gone.pk, by=cast.staff("marta"), at=now - timedelta(days=9))
        carry_out_erasure(request.pk, by=cast.staff("carla"), at=now - timedelta(days=8))
        himself = Actor(ActorKind.USER, str(rolf.pk), rolf.name, partner_id=partner.pk, user_id=rolf.pk)
        request_erasure(rolf.pk, by=himself, at=now - timedelta(days=1))
        propose_retention(by=cast.staff("carla"), at=now - timedelta(hours=3))
        begin_owner_reset(
            cast.partners[LOCKED_OUT].pk, proof="call_back",
            reason="His phone fell into the Vistula, the codes were in it. Called back on the number of the contract.",
            evidence=PAPER, by=cast.staff("marta"), at=now - timedelta(hours=5),
        )  # fmt: skip
