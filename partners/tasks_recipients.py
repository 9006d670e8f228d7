"""The mails about recipients, and the end of their evidence."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.actor import Actor
from core.outbox import WorkTask
from partners.models import Recipient, RecipientRenewal
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services import recipient_letters
from partners.services.letters import Letter
from partners.services.mails import send_letter
from partners.services.recipient_review import expire_recipients as mark_expired


@shared_task(name="partners.expire_recipients", base=WorkTask)  # type: ignore[untyped-decorator]
def expire_recipients(**_kwargs: Any) -> int:
    """Mark recipients whose evidence is over."""
    return mark_expired(by=Actor.system("recipients"), at=timezone.now())


@shared_task(name="partners.send_recipient_state", base=WorkTask)  # type: ignore[untyped-decorator]
def send_recipient_state(recipient_id: str, state: str, since: str) -> int:
    """Tell the partner how a recipient stands; a state that has changed again is not told."""
    recipient = Recipient.objects.get(pk=UUID(recipient_id))
    if recipient.state != state:
        return 0
    return _send(recipient, recipient_letters.recipient_state(recipient), f"{state}.{since}")


@shared_task(name="partners.send_recipient_claim", base=WorkTask)  # type: ignore[untyped-decorator]
def send_recipient_claim(recipient_id: str, why: str = "", since: str = "") -> int:
    """Tell a partner whose his recipient is now: decided, taken over, or lapsed."""
    recipient = Recipient.objects.get(pk=UUID(recipient_id))
    letter = recipient_letters.recipient_claim(recipient, why=why)
    return _send(recipient, letter, ".".join(filter(None, ["claim", recipient.claim, why, since])))


@shared_task(name="partners.send_renewal", base=WorkTask)  # type: ignore[untyped-decorator]
def send_renewal(renewal_id: str) -> int:
    """Tell a partner what became of newer evidence."""
    renewal = RecipientRenewal.objects.select_related("recipient").get(pk=UUID(renewal_id))
    return _send(renewal.recipient, recipient_letters.renewal(renewal), f"renewal.{renewal.pk}")


def _send(recipient: Recipient, letter: Letter | None, identity: str) -> int:
    if letter is None:
        return 0
    to = [
        address
        for role in (Role.TPR_OWNER, Role.TPR_BUYER)
        for address in addresses_of_role(role, partner_id=recipient.partner_id)
    ]
    return send_letter(letter, to=to, identity=f"recipient.{recipient.pk}.{identity}")
