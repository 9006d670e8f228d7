"""The mails and reminders about agreements and training."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from partners.models import TermsVersion, TrainingAttempt
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from partners.selectors.people import addresses_of_role
from partners.selectors.terms import partners_waiting
from partners.services import letters_of_rules, reminders
from partners.services.mails import send_letter


@shared_task(name="partners.announce_terms", base=WorkTask)  # type: ignore[untyped-decorator]
def announce_terms(terms_id: str) -> int:
    """Queue the mails about a version on the day of its announcement."""
    terms = TermsVersion.objects.select_related("agreement").get(pk=UUID(terms_id))
    return reminders.announce_terms(terms, at=timezone.now())


@shared_task(name="partners.send_terms_notice", base=WorkTask)  # type: ignore[untyped-decorator]
def send_terms_notice(partner_id: str, terms_id: str, occasion: str) -> int:
    """Tell one partner's owners of a version; who has accepted it meanwhile is left in peace."""
    terms, now = TermsVersion.objects.select_related("agreement").get(pk=UUID(terms_id)), timezone.now()
    if not partners_waiting(terms).filter(pk=UUID(partner_id)).exists():
        return 0
    letter = (
        letters_of_rules.terms_announced(terms, zone=mar_zone())
        if occasion == "announced"
        else letters_of_rules.terms_reminder(terms, at=now, zone=mar_zone())
    )
    return send_letter(
        letter,
        to=addresses_of_role(Role.TPR_OWNER, partner_id=UUID(partner_id)),
        identity=f"terms.{occasion}.{terms_id}.{partner_id}.{now:%Y%m%d}",
    )


@shared_task(name="partners.send_training_reminder", base=WorkTask)  # type: ignore[untyped-decorator]
def send_training_reminder(partner_id: str, attempt_id: str) -> int:
    """Tell a person and the owners that a pass ends soon."""
    last_pass = TrainingAttempt.objects.select_related("user", "course").get(pk=UUID(attempt_id))
    owners = addresses_of_role(Role.TPR_OWNER, partner_id=UUID(partner_id))
    return send_letter(
        letters_of_rules.training_reminder(last_pass),
        to=sorted({last_pass.user.email, *owners}),
        identity=f"training.{attempt_id}.{timezone.now():%Y%m%d}",
    )


@shared_task(name="partners.send_due_reminders", base=WorkTask)  # type: ignore[untyped-decorator]
def send_due_reminders(**_kwargs: Any) -> int:
    """Queue the reminders whose day has come."""
    return reminders.send_due_reminders(at=timezone.now())
