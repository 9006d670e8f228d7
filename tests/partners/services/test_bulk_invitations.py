"""Invite former members from a list: checked whole, confirmed, sent whole."""

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from core.tenancy import mar_scope
from partners.models import ApplicantLink, Application, ApplicationSection, BulkInvitation, InvitedApplicant
from partners.rules.invitation_csv import MAX_ROWS
from partners.selectors.bulk_invitations import bulk_invitation
from partners.services.bulk_invitations import (
    ListFaulty,
    ListNotOpen,
    check_list,
    confirm_list,
    drop_list,
    send_list,
)
from partners.tasks import send_application_invited, send_bulk_invitation
from tests.factories import AT, actor_for, make_mar, make_member
from tests.partners.samples import audited, make_application, queued

pytestmark = pytest.mark.django_db
HEADING = "company,country,contact_name,email,language,former_id\n"
GOOD = HEADING + (
    "Kreislauf PC GmbH,DE,Eva Brandt,eva@one.example,de,RRP-1\n"
    "Tweede Kans,nl,Noor Vis,NOOR@two.example,,\n"
)  # fmt: skip


def _check(text: str | bytes, user=None) -> BulkInvitation:
    make_mar()
    content = text if isinstance(text, bytes) else text.encode()
    with mar_scope():
        return check_list(content, file_name="rrp.csv", by=actor_for(user or make_member("mar_admin")), at=AT)


def _faults(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(ListFaulty) as caught:
        _check(text)
    with mar_scope():
        assert (BulkInvitation.objects.count(), Application.objects.filter(state="draft").count()) == (0, 0)
    return [(fault.number, fault.column) for fault in caught.value.faults]


def _confirmed(text: str = GOOD) -> BulkInvitation:
    user = make_member("mar_admin", name="Marta")
    invitation = _check(text, user)
    with mar_scope():
        return confirm_list(invitation.pk, by=actor_for(user), at=AT)


def test_a_checked_list_sends_nothing():
    invitation = _check(GOOD)
    assert (invitation.state, invitation.row_count) == ("checked", 2)
    with mar_scope():
        assert Application.objects.count() == 0
    assert queued("partners.send_bulk_invitation") == []


def test_a_confirmed_list_becomes_drafts_with_a_mail_each():
    invitation = _confirmed()
    assert queued("partners.send_bulk_invitation") == [{"invitation_id": str(invitation.pk)}]
    with mar_scope():
        assert send_bulk_invitation.run(invitation_id=str(invitation.pk)) == 2
        drafts = Application.objects.order_by("company")
        assert [(d.company, d.country, d.branch, d.state, d.contact_email, d.language) for d in drafts] == [
            ("Kreislauf PC GmbH", "DE", "former_rrp", "draft", "eva@one.example", "de"),
            ("Tweede Kans", "NL", "former_rrp", "draft", "noor@two.example", "en"),
        ]
        page = ApplicationSection.objects.get(application=drafts[0], name="history")
        assert page.answers == {"former_ids": "RRP-1"}
        stored = bulk_invitation(invitation.pk)
        assert (stored.state, stored.rows, stored.invited, stored.begun, stored.handed_in) == (
            "sent", [], 2, 0, 0,
        )  # fmt: skip
    assert len(queued("partners.send_application_invited")) == 2
    assert queued("partners.send_application_started") == []
    assert audited("partners.bulk_invitation.sent") == 1


def test_the_mail_carries_a_link_that_is_stored_as_a_hash_only():
    invitation = _confirmed()
    with mar_scope():
        send_list(invitation.pk, at=AT)
        draft = Application.objects.get(contact_email="eva@one.example")
        assert send_application_invited.run(application_id=str(draft.pk)) == 1
        link = ApplicantLink.objects.get(application=draft)
    assert "Kreislauf PC GmbH" in mail.outbox[0].body
    assert f"/apply/open/{draft.pk}/" in mail.outbox[0].body or str(draft.pk) in mail.outbox[0].body
    assert bytes(link.token_hash).hex() not in mail.outbox[0].body


def test_sending_twice_makes_one_set_of_drafts():
    invitation = _confirmed()
    with mar_scope():
        assert [send_list(invitation.pk, at=AT), send_list(invitation.pk, at=AT)] == [2, 0]
        assert InvitedApplicant.objects.count() == 2


def test_confirming_twice_sends_once_and_dropping_forgets():
    user = make_member("mar_admin")
    invitation = _check(GOOD, user)
    with mar_scope():
        confirm_list(invitation.pk, by=actor_for(user), at=AT)
        confirm_list(invitation.pk, by=actor_for(user), at=AT)
        with pytest.raises(ListNotOpen):
            drop_list(invitation.pk, by=actor_for(user), at=AT)
    assert len(queued("partners.send_bulk_invitation")) == 1
    other = _check(GOOD.replace("one.", "three.").replace("two.", "four.").replace("RRP-1", "RRP-9"), user)
    with mar_scope():
        assert drop_list(other.pk, by=actor_for(user), at=AT).rows == []
        with pytest.raises(ListNotOpen):
            confirm_list(other.pk, by=actor_for(user), at=AT)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",DE,Eva,e@x.example,,", (2, "company")),
        ("X,XX,Eva,e@x.example,,", (2, "country")),
        ("X,DE,,e@x.example,,", (2, "contact_name")),
        ("X,DE,Eva,no-address,,", (2, "email")),
        ("X,DE,Eva,e@x.example,it,", (2, "language")),
        ("X" * 121 + ",DE,Eva,e@x.example,,", (2, "company")),
        ("X\u202e,DE,Eva,e@x.example,,", (2, "company")),
    ],
)
def test_a_fault_is_named_with_its_row(row, fault):
    assert _faults(HEADING + row + "\n") == [fault]


def test_the_same_company_twice_in_a_list_is_named_at_the_second_row():
    text = HEADING + "A,DE,Eva,e@x.example,,RRP-1\nB,DE,Eva,E@X.example,,RRP-1\n"
    assert _faults(text) == [(3, "email"), (3, "former_id")]


@pytest.mark.parametrize(
    "content",
    [b"", b"company;country\nX;DE\n", HEADING.encode(), b"\xff\xfe\x00", b"a\0b", b"x" * (1024 * 1024 + 1)],
)
def test_a_file_that_is_no_list_is_refused(content):
    assert {number for number, _column in _faults(content)} <= {0, 1}


def test_a_list_has_a_limit():
    rows = "".join(f"C{n},DE,Eva,e{n}@x.example,,\n" for n in range(MAX_ROWS + 1))
    assert (0, "") in _faults(HEADING + rows)
    assert _check(HEADING + rows.rpartition("\n")[0].rpartition("\n")[0] + "\n").row_count == MAX_ROWS


def test_who_applies_or_has_an_account_or_was_invited_before_is_a_fault():
    invitation = _confirmed()
    with mar_scope():
        send_list(invitation.pk, at=AT)
    make_application(contact_email="applies@x.example")
    make_member("mar_stock", email="works@x.example")
    text = HEADING + (
        "A,DE,Eva,applies@x.example,,\nB,DE,Eva,works@x.example,,\nC,DE,Eva,new@x.example,,RRP-1\n"
        "D,DE,Eva,eva@one.example,,\n"
    )  # fmt: skip
    with pytest.raises(ListFaulty) as caught:
        _check(text)
    assert [(fault.number, fault.column) for fault in caught.value.faults] == [
        (2, "email"), (3, "email"), (4, "former_id"), (5, "email"),
    ]  # fmt: skip


def test_who_begins_by_himself_after_the_yes_is_left_out():
    invitation = _confirmed()
    make_application(contact_email="eva@one.example")
    with mar_scope():
        assert send_list(invitation.pk, at=AT) == 1
        assert Application.objects.filter(contact_email="eva@one.example").count() == 1


def test_nothing_is_half_sent(monkeypatch):
    invitation = _confirmed()
    monkeypatch.setattr(InvitedApplicant.objects, "bulk_create", lambda _rows: 1 / 0)
    with mar_scope(), pytest.raises(ZeroDivisionError), transaction.atomic():
        send_list(invitation.pk, at=AT)
    with mar_scope():
        assert Application.objects.count() == 0
        assert BulkInvitation.objects.get().state == "sending"
    assert queued("partners.send_application_invited") == []


def test_the_database_keeps_no_rows_of_a_list_that_was_sent():
    invitation = _check(GOOD)
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match="bulk_invitation_sent_keeps_no_rows"),
        transaction.atomic(),
    ):
        BulkInvitation.objects.filter(pk=invitation.pk).update(state="sent", sent_at=AT)
