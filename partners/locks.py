"""Every row lock of this app.

Order: list of invitations → application → check → sanctions lists → partner → memberships by id →
invitation → credential → order block → grace → agreement → course → training attempt → company change →
paper → site → brand → note → the MAR → the MAR's contacts → partner codes → registrations of a country's
recipients → recipient → its renewal → its conflict.
"""

from uuid import UUID

from django.db import connection

from partners.models import (
    Agreement,
    ApiKey,
    Application,
    Brand,
    BulkInvitation,
    CompanyChange,
    Document,
    ErasureRequest,
    Grace,
    Invitation,
    Mar,
    Membership,
    OrderBlock,
    OwnerReset,
    Partner,
    PartnerNote,
    RetentionProposal,
    Site,
    TrainingAttempt,
)
from partners.models.check import CheckResult
from partners.models.recipients import Recipient, RecipientConflict
from partners.models.renewal import RecipientRenewal


def lock_application(application_id: UUID) -> Application | None:
    """Lock an application, None when there is none."""
    # Without a join: after a wait Postgres reads the locked row anew, but joined rows as they were before.
    return Application.objects.select_for_update().filter(pk=application_id).first()


def lock_check(check_id: UUID) -> CheckResult | None:
    """Lock one run of an automatic check, None when there is none."""
    return CheckResult.objects.select_for_update().filter(pk=check_id).first()


def lock_sanctions_lists() -> None:
    """Hold the exchange of sanctions lists until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.sanctions_lists'))")


def lock_partner(partner_id: UUID) -> Partner | None:
    """Lock a partner, None when there is none."""
    return Partner.objects.select_for_update().filter(pk=partner_id).first()


def lock_people(partner_id: UUID | None) -> list[Membership]:
    """Lock a house's active memberships, the MAR's when no partner is given."""
    people = Membership.objects.select_for_update().filter(is_active=True)
    own = people.filter(partner_id=partner_id) if partner_id else people.filter(partner__isnull=True)
    return list(own.order_by("pk"))


def lock_invitation(token_hash: bytes) -> Invitation | None:
    """Lock the invitation a token opens, None when there is none."""
    return Invitation.objects.select_for_update().filter(token_hash=token_hash).first()


def lock_invitation_by_id(invitation_id: UUID) -> Invitation | None:
    """Lock an invitation, None when there is none in this scope."""
    return Invitation.objects.select_for_update().filter(pk=invitation_id).first()


def lock_api_key(api_key_id: UUID) -> ApiKey | None:
    """Lock a credential, None when there is none in this scope."""
    return ApiKey.objects.select_for_update().filter(pk=api_key_id).first()


def lock_erasure_request(request_id: UUID) -> ErasureRequest | None:
    """Lock a request to be forgotten, None when there is none."""
    return ErasureRequest.objects.select_for_update().filter(pk=request_id).first()


def lock_owner_reset(case_id: UUID) -> OwnerReset | None:
    """Lock the reset of a partner's only owner, None when there is none."""
    return OwnerReset.objects.select_for_update().filter(pk=case_id).first()


def lock_retention() -> None:
    """Hold the proposing of retention runs until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.retention'))")


def lock_retention_proposal(proposal_id: UUID) -> RetentionProposal | None:
    """Lock a proposal to throw away what is past its time, None when there is none."""
    return RetentionProposal.objects.select_for_update().filter(pk=proposal_id).first()


def lock_order_block(block_id: UUID) -> OrderBlock | None:
    """Lock a reason against orders, None when there is none."""
    return OrderBlock.objects.select_for_update().filter(pk=block_id).first()


def lock_open_blocks(partner_id: UUID) -> list[OrderBlock]:
    """Lock a partner's restrictions that nobody has ended yet, the oldest first."""
    blocks = OrderBlock.objects.select_for_update().filter(partner_id=partner_id, lifted_at__isnull=True)
    return list(blocks.order_by("since", "pk"))


def lock_grace(grace_id: UUID) -> Grace | None:
    """Lock a grace, None when there is none."""
    return Grace.objects.select_for_update().filter(pk=grace_id).first()


def lock_agreement(agreement_id: UUID) -> Agreement | None:
    """Lock an agreement, None when there is none."""
    return Agreement.objects.select_for_update().filter(pk=agreement_id).first()


def lock_agreements() -> None:
    """Hold the making of agreements until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.agreement'))")


def lock_company_change(change_id: UUID) -> CompanyChange | None:
    """Lock a request to change company facts, None when there is none in this scope."""
    return CompanyChange.objects.select_for_update().filter(pk=change_id).first()


def lock_document(document_id: UUID, partner_id: UUID) -> Document | None:
    """Lock a partner's paper, None when he has no such or took it back."""
    papers = Document.objects.select_for_update().filter(pk=document_id, partner_id=partner_id)
    return papers.filter(removed_at__isnull=True).first()


def lock_site(site_id: UUID) -> Site | None:
    """Lock an address of a partner, None when there is none in this scope."""
    return Site.objects.select_for_update().filter(pk=site_id).first()


def lock_brand(brand_id: UUID) -> Brand | None:
    """Lock a brand of a partner, None when there is none in this scope."""
    return Brand.objects.select_for_update().filter(pk=brand_id).first()


def lock_note(note_id: UUID) -> PartnerNote | None:
    """Lock a note of the MAR about a partner, None when there is none."""
    return PartnerNote.objects.select_for_update().filter(pk=note_id).first()


def lock_mar() -> Mar | None:
    """Lock the MAR's own row, None before it is set up."""
    return Mar.objects.select_for_update().first()


def lock_mar_contacts() -> None:
    """Hold the MAR's named contacts until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.mar.contacts'))")


def lock_partner_codes() -> None:
    """Hold the counting of partner codes until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.partner.code'))")


def lock_courses() -> None:
    """Hold the writing of courses until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('partners.course'))")


def lock_attempt(attempt_id: UUID, *, partner_id: UUID, user_id: UUID) -> TrainingAttempt | None:
    """Lock a person's own test, None for anybody else's."""
    own = TrainingAttempt.objects.select_for_update(of=("self",)).select_related("course", "version")
    return own.filter(pk=attempt_id, partner_id=partner_id, user_id=user_id).first()


def lock_registrations(country: str) -> None:
    """Let one registration of a recipient in a country be compared with the others at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"partners.recipients.{country}"])


def lock_recipient(recipient_id: UUID) -> Recipient | None:
    """Lock a recipient, None when there is none in this scope."""
    return Recipient.objects.select_for_update().filter(pk=recipient_id).first()


def lock_renewal(recipient_id: UUID) -> RecipientRenewal | None:
    """Lock a recipient's newer evidence that waits, None when none does. After its recipient."""
    rows = RecipientRenewal.objects.select_for_update().filter(recipient_id=recipient_id)
    return rows.filter(state__in=["submitted", "reviewed"]).first()


def lock_recipient_conflict(conflict_id: UUID) -> RecipientConflict | None:
    """Lock a conflict of two registrations, None when there is none."""
    return RecipientConflict.objects.select_for_update().filter(pk=conflict_id).first()


def lock_bulk_invitation(invitation_id: UUID) -> BulkInvitation | None:
    """Lock a list of invitations, None when there is none."""
    return BulkInvitation.objects.select_for_update().filter(pk=invitation_id).first()
