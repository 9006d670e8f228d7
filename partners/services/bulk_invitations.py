"""Invite many at once: a list is checked, confirmed, and then becomes drafts as a whole."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor, ActorKind
from core.errors import DomainError, Invalid, NotFound, refuse
from core.models import User
from core.queue import enqueue
from partners import locks
from partners.models import Application, ApplicationSection, BulkInvitation, InvitedApplicant
from partners.models.application import ApplicationState
from partners.models.bulk_invitation import BulkInvitationState
from partners.rules.invitation_csv import Fault, InvitedRow, read_list
from partners.services.application_case import person
from partners.services.application_drafts import start_application


class ListFaulty(Invalid):
    """The list has faults, so nothing of it is kept. ``faults`` names each with its row."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(
            refuse(
                "list_faulty",
                _("The list has faults, so nothing of it was kept."),
                rule="P-REV-7",
                facts={_("Faults"): len(faults)},
                next_step=_("Put the rows right in your spreadsheet and upload the list again."),
                lifted_by=_("You, with a corrected list"),
            )
        )


class ListNotOpen(DomainError):
    """The list was sent or dropped before."""


@transaction.atomic
def check_list(content: bytes, *, file_name: str, by: Actor, at: datetime) -> BulkInvitation:
    """Read a list and keep it for a yes. In the MAR's scope.

    :raises ListFaulty: with each fault and its row; nothing is kept then.
    """
    user_id = person(by)
    read = read_list(content)
    faults = read.faults or _known_before(read.rows)
    if faults:
        raise ListFaulty(faults)
    invitation = BulkInvitation.objects.create(
        file_name=" ".join(file_name.split())[:120],
        state=BulkInvitationState.CHECKED,
        row_count=len(read.rows),
        rows=[row.as_dict() for row in read.rows],
        made_by_id=user_id,
        made_at=at,
    )
    _audit("checked", invitation, by=by, at=at)
    return invitation


@transaction.atomic
def confirm_list(invitation_id: UUID, *, by: Actor, at: datetime) -> BulkInvitation:
    """Have a checked list sent in the background; a second yes changes nothing.

    :raises ListNotOpen: when it was dropped.
    :raises ListFaulty: when one of its companies has become known since.
    """
    invitation = _locked(invitation_id)
    if invitation.state in (BulkInvitationState.SENDING, BulkInvitationState.SENT):
        return invitation
    _require_checked(invitation)
    faults = _known_before(_rows(invitation))
    if faults:
        raise ListFaulty(faults)
    invitation.state = BulkInvitationState.SENDING
    invitation.save(update_fields=["state"])
    _audit("confirmed", invitation, by=by, at=at)
    enqueue("partners.send_bulk_invitation", at=at, invitation_id=invitation.pk)
    return invitation


@transaction.atomic
def drop_list(invitation_id: UUID, *, by: Actor, at: datetime) -> BulkInvitation:
    """Drop a checked list; its rows are forgotten.

    :raises ListNotOpen: when it was sent or dropped before.
    """
    invitation = _locked(invitation_id)
    _require_checked(invitation)
    invitation.state, invitation.rows = BulkInvitationState.DROPPED, []
    invitation.save(update_fields=["state", "rows"])
    _audit("dropped", invitation, by=by, at=at)
    return invitation


@transaction.atomic
def send_list(invitation_id: UUID, *, at: datetime) -> int:
    """Make a draft and a mail of each row, all or none, and return how many. Sent before: none.

    A company that has begun by itself since the yes is left out.
    """
    invitation = _locked(invitation_id)
    if invitation.state != BulkInvitationState.SENDING:
        return 0
    by = _maker(invitation)
    known = {fault.number for fault in _known_before(_rows(invitation))}
    rows = [row for row in _rows(invitation) if row.number not in known]
    drafts = [_draft(row, by=by, at=at) for row in rows]
    _fill(drafts, rows, at=at)
    InvitedApplicant.objects.bulk_create(
        InvitedApplicant(
            invitation=invitation, application=draft, row_number=row.number, former_id=row.former_id
        )
        for draft, row in zip(drafts, rows, strict=True)
    )
    invitation.state, invitation.sent_at, invitation.rows = BulkInvitationState.SENT, at, []
    invitation.save(update_fields=["state", "sent_at", "rows"])
    _audit("sent", invitation, by=by, at=at, count=len(drafts))
    return len(drafts)


def _draft(row: InvitedRow, *, by: Actor, at: datetime) -> Application:
    return start_application(
        kind=Application.Kind.SHOP,
        branch=Application.Branch.FORMER_RRP,
        country=row.country,
        contact_email=row.email,
        language=row.language,
        mail="partners.send_application_invited",
        by=by,
        at=at,
    )


def _fill(drafts: Sequence[Application], rows: Sequence[InvitedRow], *, at: datetime) -> None:
    """Put what the list says into the pages, so that nobody types it again."""
    pages = []
    for draft, row in zip(drafts, rows, strict=True):
        draft.company, draft.contact_name = row.company, row.contact_name
        answers = {
            "company": {"company": row.company},
            "people": {"contact_name": row.contact_name, "contact_email": row.email},
            "history": {"former_ids": row.former_id} if row.former_id else {},
        }
        pages += [
            ApplicationSection(application=draft, subject=draft.subject, name=name, answers=said, saved_at=at)
            for name, said in answers.items()
            if said
        ]
    Application.objects.bulk_update(drafts, ["company", "contact_name"], batch_size=500)
    ApplicationSection.objects.bulk_create(pages, batch_size=500)


def _known_before(rows: Sequence[InvitedRow]) -> list[Fault]:
    """Name each row that was invited before, applies already, or has an account."""
    emails = [row.email for row in rows]
    running = Application.objects.exclude(state=ApplicationState.WITHDRAWN)
    applied = set(running.filter(contact_email__in=emails).values_list("contact_email", flat=True))
    joined = set(User.objects.filter(email__in=emails).values_list("email", flat=True))
    former = [row.former_id for row in rows if row.former_id]
    invited = set(InvitedApplicant.objects.filter(former_id__in=former).values_list("former_id", flat=True))
    found = []
    for row in rows:
        if row.email in joined:
            found.append(Fault(row.number, "email", _("%(email)s has an account.") % {"email": row.email}))
        elif row.email in applied:
            words = _("%(email)s was invited before, or applies already.") % {"email": row.email}
            found.append(Fault(row.number, "email", words))
        if row.former_id in invited:
            words = _("The former id %(id)s was invited before.") % {"id": row.former_id}
            found.append(Fault(row.number, "former_id", words))
    return found


def _rows(invitation: BulkInvitation) -> list[InvitedRow]:
    return [InvitedRow(**row) for row in invitation.rows]


def _maker(invitation: BulkInvitation) -> Actor:
    maker = invitation.made_by
    return Actor(ActorKind.USER, str(maker.pk), maker.name, user_id=maker.pk)


def _locked(invitation_id: UUID) -> BulkInvitation:
    invitation = locks.lock_bulk_invitation(invitation_id)
    if invitation is None:
        raise NotFound(_("There is no such list."))
    return invitation


def _require_checked(invitation: BulkInvitation) -> None:
    if invitation.state == BulkInvitationState.CHECKED:
        return
    raise ListNotOpen(
        refuse(
            "list_not_open",
            _("This list does not wait for a yes any more."),
            rule="P-REV-8",
            facts={_("State"): str(BulkInvitationState(invitation.state).label)},
            next_step=_("Upload the list again if it is to be sent."),
            lifted_by=_("You, with a new list"),
        )
    )


def _audit(action: str, invitation: BulkInvitation, *, by: Actor, at: datetime, **facts: int) -> None:
    audit.record(
        f"partners.bulk_invitation.{action}",
        by=by,
        at=at,
        object_type="bulk_invitation",
        object_id=invitation.pk,
        facts={"rows": invitation.row_count, **facts},
    )
