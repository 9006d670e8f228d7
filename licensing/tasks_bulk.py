"""The work around files of keys: the fingerprint to every owner, and expired files forgotten."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.outbox import WorkTask
from licensing.models import DeliveryKey
from licensing.services import bulk_hand_over
from licensing.services.delivery_keys import PUBLIC_KEY_PAGE
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter


@shared_task(name="licensing.clear_bulk_files", base=WorkTask)  # type: ignore[untyped-decorator]
def clear_bulk_files(**_kwargs: Any) -> int:
    """Forget files whose link has expired."""
    return bulk_hand_over.clear_expired(at=timezone.now())


@shared_task(name="licensing.tell_delivery_key", base=WorkTask)  # type: ignore[untyped-decorator]
def tell_delivery_key(delivery_key_id: str) -> int:
    """Tell every owner that a public key was registered, by whom, and its fingerprint."""
    key = DeliveryKey.objects.get(pk=UUID(delivery_key_id))
    letter = Letter(
        subject=_("A public key for files of product keys was registered"),
        sentence=_("%(who)s registered it. Files can be encrypted to it from %(day)s UTC.")
        % {"who": key.registered_by, "day": key.usable_from.strftime("%Y-%m-%d %H:%M")},
        detail=_("Fingerprint: %(fingerprint)s. If you do not know it, take it out of force today.")
        % {"fingerprint": key.fingerprint},
        button_label=_("Look at the key"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}{PUBLIC_KEY_PAGE}",
        reason=_("You get this mail because you are an owner of your company’s account."),
    )
    to = addresses_of_role(Role.TPR_OWNER, partner_id=key.partner_id)
    return send_letter(letter, to=to, identity=f"delivery_key.{key.pk}")
