"""The mails about people's own sign-in, and about powers given at the programme office."""

from uuid import UUID, uuid4

from celery import shared_task
from django.utils.formats import date_format
from django.utils.timezone import localtime

from core.models import User
from core.outbox import WorkTask
from core.people import name_of
from partners.models import FactorReset, Invitation, Membership, OwnerReset
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from partners.selectors.owner_resets import everybody_at
from partners.selectors.people import addresses_of_role
from partners.services import security_letters
from partners.services.mails import send_letter
from partners.services.tokens import reset_token_of


@shared_task(name="partners.send_security_notice", base=WorkTask)  # type: ignore[untyped-decorator]
def send_security_notice(user_id: str, what: str, where: str = "") -> int:
    """Tell a person of a change to his sign-in; one who may no longer sign in is not written to."""
    user = User.objects.filter(pk=UUID(user_id), is_active=True).first()
    if user is None:
        return 0
    letter = security_letters.security_notice(user, what=what, where=where)
    return send_letter(letter, to=[user.email], identity=f"security.{what}.{user.pk}.{uuid4().hex[:12]}")


@shared_task(name="partners.send_factor_reset", base=WorkTask)  # type: ignore[untyped-decorator]
def send_factor_reset(reset_id: str) -> int:
    """Send the link of a reset; its token is made again here and stored nowhere."""
    reset = FactorReset.objects.select_related("user").get(pk=UUID(reset_id))
    if reset.used_at is not None:
        return 0
    token = reset_token_of(reset.pk, token_hash=bytes(reset.token_hash))
    letter = security_letters.factors_reset(reset, token=token)
    return send_letter(letter, to=[reset.user.email], identity=f"factors.reset.{reset.pk}")


@shared_task(name="partners.send_owner_reset", base=WorkTask)  # type: ignore[untyped-decorator]
def send_owner_reset(case_id: str, act: str) -> int:
    """Tell every address of a partner how the reset of his only owner goes on."""
    case = OwnerReset.objects.select_related("user", "partner").get(pk=UUID(case_id))
    day = date_format(localtime(case.opens_at, mar_zone()), "j F Y, H:i")
    letter = security_letters.owner_reset_moved(case, act=act, day=day)
    return send_letter(letter, to=everybody_at(case.partner_id), identity=f"owner.reset.{act}.{case.pk}")


@shared_task(name="partners.send_mar_role_given", base=WorkTask)  # type: ignore[untyped-decorator]
def send_mar_role_given(by: str, invitation_id: str = "", membership_id: str = "") -> int:
    """Tell every administrator of the MAR that somebody got, or is offered, a role there."""
    if invitation_id:
        invited = Invitation.objects.get(pk=UUID(invitation_id))
        name, role = invited.name or invited.email, invited.role
    else:
        membership = Membership.objects.select_related("user").get(pk=UUID(membership_id))
        name, role = str(membership.user), membership.role
    return send_letter(
        security_letters.mar_role_given(name=name, role=role, by=name_of(by)),
        to=addresses_of_role(Role.MAR_ADMIN, partner_id=None),
        identity=f"mar.role.{invitation_id or membership_id}.{role}",
    )
