"""The background work of partners' returns: the check by rule, and the mails."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.actor import Actor
from core.outbox import WorkTask
from licensing.models import PartnerReturn, ReturnState
from licensing.services import partner_returns
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter

RECIPIENTS = (Role.TPR_OWNER, Role.TPR_BUYER)


@shared_task(name="licensing.check_return", base=WorkTask)  # type: ignore[untyped-decorator]
def check_return(return_id: str) -> str:
    """Check a return by rule; what the rule would not approve waits for a person."""
    found = partner_returns.check_return(
        UUID(return_id), by=Actor.system("check of returns"), at=timezone.now()
    )
    return found.state


@shared_task(name="licensing.tell_return", base=WorkTask)  # type: ignore[untyped-decorator]
def tell_return(return_id: str) -> int:
    """Tell the partner's owners and buyers what became of their return. No key stands in the mail."""
    found = PartnerReturn.objects.get(pk=UUID(return_id))
    to = [address for role in RECIPIENTS for address in addresses_of_role(role, partner_id=found.partner_id)]
    return send_letter(_letter(found), to=to, identity=f"return.{found.pk}.{found.state}")


def _letter(found: PartnerReturn) -> Letter:
    is_refused = found.state == ReturnState.REFUSED
    return Letter(
        subject=_("Return %(number)s: %(state)s") % {"number": found, "state": found.get_state_display()},
        sentence=_("The programme office refused the return. Its keys stay what they are.")
        if is_refused
        else _("Microsoft has answered every key of the return."),
        detail=_("Reason: %(note)s") % {"note": found.decision_note} if is_refused else "",
        button_label=_("Open the return"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/returns/{found.pk}/",
        reason=_("You get this mail because you order for your company."),
    )


@shared_task(name="licensing.tell_recall", base=WorkTask)  # type: ignore[untyped-decorator]
def tell_recall(partner_id: str, product_key_id: str, reason: str) -> int:
    """Tell the partner's owners and technicians that a key was called back, and why."""
    roles = (Role.TPR_OWNER, Role.TPR_TECHNICIAN)
    to = [address for role in roles for address in addresses_of_role(role, partner_id=UUID(partner_id))]
    letter = Letter(
        subject=_("The key %(key)s was called back") % {"key": product_key_id},
        sentence=_("The MAR has called this key back. It is not yours any more; do not install it."),
        detail=_("Reason: %(note)s") % {"note": reason},
        button_label=_("Open your keys"),
        button_url=f"{settings.BASE_URL}/tpr/keys/",
        reason=_("You get this mail because you work with your company's keys."),
    )
    return send_letter(letter, to=to, identity=f"recall.{product_key_id}")
