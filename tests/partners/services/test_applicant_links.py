"""The way back: a link and an address together, for fourteen days; drafts left alone are reminded of and ended."""

from datetime import timedelta

import pytest

from core.tenancy import guest_scope, mar_scope
from partners.models import ApplicantLink, Application
from partners.services.applicant_links import LinkClosed, make_link, open_application
from partners.services.application_drafts import save_section, submit_application
from partners.services.application_replies import withdraw
from partners.services.draft_care import expire_drafts, remind_of_drafts
from partners.tasks import care_for_drafts, send_draft_reminder, send_resume_links
from tests.factories import AT
from tests.factories.applications import VISITOR, make_draft, make_full_draft
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db
EMAIL = "eva@kreislauf.example"
SECOND = timedelta(seconds=1)


def _link(draft, at=AT):
    with mar_scope():
        return make_link(draft, at=at)


def _open(draft, token, *, email=EMAIL, at=AT):
    return open_application(draft.pk, token, email=email, by=VISITOR, at=at)


def _state(draft):
    with mar_scope():
        return Application.objects.get(pk=draft.pk).state


def _at(step, at):
    with mar_scope():
        return step(at=at)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=7), timedelta(days=14) - SECOND])
def test_a_link_opens_with_its_address_for_fourteen_days(after):
    draft = make_draft()
    opened = _open(draft, _link(draft), email=" Eva@KREISLAUF.example ", at=AT + after)
    assert opened.pk == draft.pk
    with mar_scope():
        assert ApplicantLink.objects.get().used_at == AT + after
    assert audited("partners.application.opened") == 1


def test_a_link_is_closed_to_the_second():
    draft = make_draft()
    token = _link(draft)
    with pytest.raises(LinkClosed):
        _open(draft, token, at=AT + timedelta(days=14))
    with mar_scope():
        assert ApplicantLink.objects.get().used_at is None


def test_wrong_address_wrong_token_and_foreign_link_look_the_same():
    draft, other = make_draft(), make_draft()
    token, foreign = _link(draft), _link(other)
    words = []
    for tried, email in ((token, "x@y.example"), ("x" * 43, EMAIL), (foreign, EMAIL)):
        with pytest.raises(LinkClosed) as refused:
            _open(draft, tried, email=email)
        words.append(refused.value.refusals[0])
    assert words == [words[0]] * 3
    assert audited("partners.application.opened") == 0


def test_the_token_is_stored_nowhere():
    draft = make_draft()
    token = _link(draft)
    with mar_scope():
        row = ApplicantLink.objects.values().get()
    assert token not in str(row)


def test_a_guest_meets_only_the_links_of_his_application():
    draft, other = make_draft(), make_draft()
    _link(draft), _link(other)
    with guest_scope(draft.pk):
        assert ApplicantLink.objects.count() == 1


def test_new_links_go_to_every_open_application_of_an_address(mailoutbox):
    first, second, gone = make_draft(), make_full_draft(), make_draft()
    submit_application(second.pk, by=VISITOR, at=AT)
    withdraw(gone.pk, by=VISITOR, at=AT)
    make_draft(contact_email="else@kreislauf.example")
    with mar_scope():
        assert send_resume_links(email=EMAIL) == 2
        assert send_resume_links(email="nobody@kreislauf.example") == 0
    assert {mail.to[0] for mail in mailoutbox} == {EMAIL}
    assert sorted(
        ref for ref in (first.reference, second.reference) if any(ref in m.subject for m in mailoutbox)
    ) == (sorted((first.reference, second.reference)))


def test_a_draft_is_reminded_of_once_after_fourteen_days(mailoutbox):
    draft = make_draft()
    assert _at(remind_of_drafts, AT + timedelta(days=14) - SECOND) == 0
    assert _at(remind_of_drafts, AT + timedelta(days=14)) == 1
    assert _at(remind_of_drafts, AT + timedelta(days=20)) == 0
    assert queued("partners.send_draft_reminder") == [{"application_id": str(draft.pk)}]
    with mar_scope():
        assert send_draft_reminder(application_id=str(draft.pk)) == 1
    assert "/apply/open/" in mailoutbox[0].body


def test_a_touched_draft_waits_anew_and_a_sent_one_is_not_reminded_of(mailoutbox):
    touched, sent = make_draft(), make_full_draft()
    save_section(touched.pk, "sites", {"is_one_site": True}, by=VISITOR, at=AT + timedelta(days=10))
    submit_application(sent.pk, by=VISITOR, at=AT)
    assert _at(remind_of_drafts, AT + timedelta(days=14)) == 0
    with mar_scope():
        assert send_draft_reminder(application_id=str(sent.pk)) == 0
    assert mailoutbox == []


def test_a_draft_ends_after_ninety_days_and_not_a_second_before():
    draft = make_draft()
    assert _at(expire_drafts, AT + timedelta(days=90) - SECOND) == 0
    assert _state(draft) == "draft"
    assert _at(expire_drafts, AT + timedelta(days=90)) == 1
    assert _state(draft) == "withdrawn"
    assert audited("partners.application.expired") == 1
    assert _at(expire_drafts, AT + timedelta(days=91)) == 0


def test_a_sent_application_never_expires():
    sent = make_full_draft()
    submit_application(sent.pk, by=VISITOR, at=AT)
    assert _at(expire_drafts, AT + timedelta(days=400)) == 0
    assert _state(sent) == "submitted"


def test_the_daily_task_does_both():
    make_draft(at=AT - timedelta(days=4000))
    with mar_scope():
        assert care_for_drafts() == 1
