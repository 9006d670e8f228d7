"""Test T45: after an erasure nothing names the person anywhere, also not after an older backup is restored."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from core import erasure_ledger, keyring
from core.actor import Actor
from core.keyring import KeyDestroyed
from core.models import User
from core.tenancy import mar_scope
from partners.models import Application, ApplicationSection, Document, ErasureRequest, NamedContact
from partners.services.documents import open_document
from partners.services.erasure_replay import come_back, reapply_erasures
from tests.factories import make_member
from tests.partners.forgotten import (
    EMAIL,
    NAME,
    WORDS,
    ask_to_forget,
    back_up,
    cached,
    carry_out,
    dump,
    files_below,
    forget_by_two,
    make_abandoned_draft,
    make_person,
    restored,
    seal_chains,
    write_to_the_person,
)


@pytest.fixture
def mail_files(settings: Any, tmp_path: Path) -> None:
    """Write mails into files, as a trial does."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"


def _words_in(text: str) -> list[str]:
    return [word for word in (*WORDS, "vergissmein") if word.lower() in text.lower()]


def test_nothing_that_names_the_person_is_left_anywhere_and_both_chains_hold(
    cloned_db: str, mail_files: None, tmp_path: Path, capfd: Any, caplog: Any
) -> None:
    person, paper = make_person(), make_abandoned_draft()
    write_to_the_person()
    Client().post("/accounts/login/", {"login": EMAIL, "password": "wrong"})
    assert _words_in(dump()) == [*WORDS, "vergissmein"]
    assert _words_in(files_below(tmp_path)) == [NAME, EMAIL, "vergissmein"]  # the mail; the paper is sealed
    assert cached() != ""
    seal_chains()
    done = forget_by_two(person)
    assert _words_in(dump()) == []
    assert _words_in(files_below(tmp_path)) == []
    assert "other@else.example" in files_below(tmp_path / "mail")
    assert _words_in(cached()) == []
    written = capfd.readouterr()
    assert _words_in(written.out + written.err + caplog.text) == []
    assert (done.outcome["left"], done.outcome["look"], done.outcome["keys"]) == ({}, {}, 2)
    assert str(person.pk) in dump()
    with mar_scope(), pytest.raises(KeyDestroyed):
        open_document(Document.objects.get(pk=paper.pk))
    seal_chains()
    call_command("verify_audit")
    call_command("verify_ledger")


def test_an_older_backup_forgets_too(cloned_db: str, tmp_path: Path) -> None:
    person, paper = make_person(), make_abandoned_draft()
    request, second = ask_to_forget(person), make_member("compliance", name="Second Person")
    seal_chains()
    backup, old_files = back_up(cloned_db), files_below(tmp_path / "files")
    carry_out(request, second=second)
    with restored(backup):
        before = dump()
        assert NAME in before
        with mar_scope():
            # What was sealed is gone without anybody's doing: the keys are in no backup.
            assert [contact.name for contact in NamedContact.objects.filter(partner__isnull=False)] == ["–"]
            with pytest.raises(KeyDestroyed):
                open_document(paper)
            assert come_back() == [person.pk]
        with pytest.raises(SystemExit):
            call_command("reapply_erasures", "--check")
        call_command("reapply_erasures")
        assert _words_in(dump()) == []
        call_command("reapply_erasures", "--check")
        with mar_scope():
            assert reapply_erasures(by=Actor.system("t"), at=timezone.now()).people == ()
            # The backup held the request open: it is closed in the name of who had decided it.
            again = ErasureRequest.objects.get()
            assert (again.state, again.decided_by_user_id) == ("done", second.pk)
        seal_chains()
        call_command("verify_audit")
        call_command("verify_ledger")
    assert _words_in(old_files) == []


@pytest.mark.django_db
@pytest.mark.parametrize("harm", ["changed", "cut", "forged"])
def test_a_ledger_that_does_not_hold_erases_nobody(harm: str) -> None:
    person = make_person()
    forget_by_two(person)
    User.objects.filter(pk=person.pk).update(name=NAME, email=EMAIL)
    path = erasure_ledger.ledger_path()
    line = path.read_text()
    path.write_text(
        {"changed": line.replace("2026", "2025"), "cut": line[:-20], "forged": line + '{"person": "x"}\n'}[
            harm
        ]
    )
    with pytest.raises(CommandError, match="line"):
        call_command("reapply_erasures")
    assert User.objects.get(pk=person.pk).name == NAME


@pytest.mark.django_db
def test_answers_of_who_became_a_partner_stay_without_the_person() -> None:
    person = make_person()
    with mar_scope():
        application = Application.objects.get(contact_email=EMAIL)
        page = ApplicationSection.objects.get(application=application, name="owners")
        page.answers = page.answers | {"directors": f"{NAME}, Otto Bleibt"}
        page.save()
    forget_by_two(person)
    with mar_scope():
        page.refresh_from_db()
        assert page.answers["directors"] == "–, Otto Bleibt"
        assert not keyring.is_destroyed(application.subject)
