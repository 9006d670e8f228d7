"""The mail about a quota exception's answer."""

from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils.translation import gettext as _

from core.outbox import WorkTask
from licensing.models import QuotaException
from licensing.models.quota import ExceptionState
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter


@shared_task(name="licensing.send_quota_answer", base=WorkTask)  # type: ignore[untyped-decorator]
def send_quota_answer(exception_id: str) -> int:
    """Tell the partner's owners and buyers what Microsoft answered."""
    exception = QuotaException.objects.select_related("product").get(pk=UUID(exception_id))
    to = [
        address
        for role in (Role.TPR_OWNER, Role.TPR_BUYER)
        for address in addresses_of_role(role, partner_id=exception.partner_id)
    ]
    return send_letter(_letter(exception), to=to, identity=f"quota.{exception.pk}.{exception.state}")


def _letter(exception: QuotaException) -> Letter:
    facts = {
        "count": exception.quantity,
        "product": exception.product.name,
        "first": exception.period_start.isoformat(),
        "last": exception.period_end.isoformat(),
    }
    is_approved = exception.state == ExceptionState.APPROVED
    return Letter(
        subject=_("Quota exception %(reference)s: %(state)s")
        % {"reference": exception.reference, "state": exception.get_state_display()},
        sentence=(
            _("You may order %(count)s more of %(product)s from %(first)s to %(last)s.") % facts
            if is_approved
            else _("Microsoft has not allowed %(count)s more of %(product)s.") % facts
        ),
        detail="" if is_approved else _("Reason: %(note)s") % {"note": exception.decision_note or "–"},
        button_label=_("Open the exception"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/quota/{exception.pk}/",
        reason=_("You get this mail because you order for your company."),
    )
