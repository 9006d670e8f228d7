"""Find recipients, their evidence, the classes in force, and what waits for the MAR."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from partners.models import Recipient, RecipientClass, RecipientConflict, RecipientEvidence, RecipientRenewal
from partners.models.recipients import Claim, RecipientState
from partners.rules.recipients import Identity

ENDED = (RecipientState.REFUSED, RecipientState.WITHDRAWN)


def classes_in_force(at: datetime) -> list[RecipientClass]:
    """Return the classes a recipient may belong to at a time, in the programme's order."""
    rows = RecipientClass.objects.filter(valid_from__lte=at)
    return list(rows.filter(Q(valid_before__isnull=True) | Q(valid_before__gt=at)).order_by("id"))


def class_in_force(code: str, at: datetime) -> RecipientClass | None:
    """Return a class as it stands at a time, None when it is not in force."""
    return next((each for each in classes_in_force(at) if each.code == code), None)


def class_names() -> dict[str, str]:
    """Return the newest name of each class by its code, those no longer in force included."""
    return dict(RecipientClass.objects.order_by("valid_from").values_list("code", "name"))


def recipients_of(partner_id: UUID) -> QuerySet[Recipient]:
    """Return a partner's recipients."""
    return Recipient.objects.filter(partner_id=partner_id)


def with_class_name(recipients: QuerySet[Recipient]) -> QuerySet[Recipient]:
    """Add the newest name of each recipient's class as ``class_name``."""
    newest = RecipientClass.objects.filter(code=OuterRef("class_code")).order_by("-valid_from")
    return recipients.annotate(class_name=Subquery(newest.values("name")[:1]))


def recipient_of(partner_id: UUID, recipient_id: UUID) -> Recipient | None:
    """Return one of a partner's recipients, None when it is not his."""
    return recipients_of(partner_id).filter(pk=recipient_id).first()


def orderable_recipients(partner_id: UUID, kind: str, at: datetime) -> list[Recipient]:
    """Return a partner's approved recipients whose class may receive a kind of product, by name.

    Whether the evidence is in force that very day the order's gate says.
    """
    codes = [each.code for each in classes_in_force(at) if kind in each.products]
    approved = recipients_of(partner_id).filter(
        state=RecipientState.APPROVED, claim__in=[Claim.FIRST, Claim.SHARED], class_code__in=codes
    )
    return list(approved.order_by("name"))


def all_recipients() -> QuerySet[Recipient]:
    """Return every recipient with his partner and the people who decided. Inside the MAR's scope."""
    return Recipient.objects.select_related("partner", "reviewed_by", "decided_by")


def evidence_of(recipient_id: UUID) -> list[RecipientEvidence]:
    """Return the papers of a recipient that were not taken back, in the order they came."""
    rows = RecipientEvidence.objects.select_related("document")
    return list(rows.filter(recipient_id=recipient_id, removed_at__isnull=True).order_by("added_at", "pk"))


def open_renewal_of(recipient_id: UUID) -> RecipientRenewal | None:
    """Return the newer evidence that waits for the MAR, None when none does."""
    rows = RecipientRenewal.objects.select_related("evidence__document", "reviewed_by")
    return rows.filter(recipient_id=recipient_id, state__in=["submitted", "reviewed"]).first()


def last_renewal_of(recipient_id: UUID) -> RecipientRenewal | None:
    """Return the newest renewal, however it stands."""
    return RecipientRenewal.objects.filter(recipient_id=recipient_id).first()


def conflicts() -> QuerySet[RecipientConflict]:
    """Return every conflict with both sides. Inside the MAR's scope."""
    return RecipientConflict.objects.select_related(
        "first__partner", "second__partner", "decided_by"
    ).order_by("found_at")


def conflicts_of(recipient_id: UUID) -> list[RecipientConflict]:
    """Return the conflicts in which a recipient stands on either side. Inside the MAR's scope."""
    return list(conflicts().filter(Q(first_id=recipient_id) | Q(second_id=recipient_id)))


def neighbours_of(own: Recipient) -> Sequence[Recipient]:
    """Return other houses' protected registrations that may be the same organisation. Inside the MAR's scope."""
    near = Q(town_norm=own.town_norm)
    if own.register_norm:
        near |= Q(register_norm=own.register_norm)
    rows = Recipient.objects.filter(near, country=own.country, is_protected=True)
    return list(rows.exclude(partner_id=own.partner_id).order_by("claimed_at", "pk"))


def identity_of(recipient: Recipient) -> Identity:
    """Return by what a recipient is recognised."""
    return Identity(recipient.country, recipient.register_norm, recipient.name_norm, recipient.town_norm)


def recipient_counts() -> dict[str, int]:
    """Return how many recipients wait for a review and a decision, how many renewals wait, and how many
    conflicts are open."""
    states = list(
        Recipient.objects.filter(state__in=[RecipientState.SUBMITTED, RecipientState.REVIEWED]).values_list(
            "state", flat=True
        )
    )
    return {
        "submitted": states.count(RecipientState.SUBMITTED),
        "reviewed": states.count(RecipientState.REVIEWED),
        "renewals": RecipientRenewal.objects.filter(state__in=["submitted", "reviewed"]).count(),
        "conflicts": RecipientConflict.objects.filter(outcome=RecipientConflict.Outcome.OPEN).count(),
    }
