"""The demo's comforts, and that a portal for partners has none of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import get_connection
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from core.models import User
from core.tenancy import mar_scope
from partners.models import Membership
from partners.models.membership import Role
from portal import checks
from portal.demo_people import DEMO_PEOPLE, enrol, password_of, person_by_key, totp_secret_of
from tests.factories import make_partner
from tests.partners.samples import audited

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def people(db) -> None:
    """Load the people of the demo as the loader does."""
    partners = {}
    for person in DEMO_PEOPLE:
        user = User.objects.create_user(person.email, password_of(person), name=person.name)
        enrol(user, person)
        if person.partner_code and person.partner_code not in partners:
            partners[person.partner_code] = make_partner(code=person.partner_code)
        with mar_scope():
            Membership.objects.create(
                user=user,
                partner=partners.get(person.partner_code),
                role=person.role,
                created_at="2026-01-01T00:00:00Z",
            )


def test_every_role_has_a_person_with_a_password_and_a_secret_of_his_own():
    assert {person.role for person in DEMO_PEOPLE} == set(Role)
    assert all(len(password_of(person)) >= 12 for person in DEMO_PEOPLE)
    for each in ("key", "email"):
        assert len({getattr(person, each) for person in DEMO_PEOPLE}) == len(DEMO_PEOPLE)
    secrets = [totp_secret_of(person) for person in DEMO_PEOPLE]
    assert len(set(secrets)) == len(secrets)
    assert secrets[0] == totp_secret_of(DEMO_PEOPLE[0])
    assert all(len(secret) == 32 for secret in secrets)


@pytest.mark.parametrize("key", ["marta", "olivia", "carla"])
def test_one_click_signs_in_with_a_fresh_second_factor(client: Client, people, key):
    response = client.post("/demo/sign-in/", {"person": key})
    assert response["Location"] == "/start/"
    methods = [record["method"] for record in client.session["account_authentication_methods"]]
    assert methods == ["password", "mfa"]
    start = client.get("/start/")
    assert start.status_code == 302
    assert "/accounts/" not in start["Location"]
    assert audited("portal.demo.signed_in") == 1


def test_a_fresh_second_factor_opens_what_asks_for_one(client: Client, people):
    client.post("/demo/sign-in/", {"person": "olivia"})
    assert client.get("/api-keys/new/").status_code == 200


def test_one_person_after_another(client: Client, people):
    for key in ("noor", "marta", "olivia"):
        client.post("/demo/sign-in/", {"person": key})
        page = client.get("/demo/")
        assert f"You are {person_by_key(key).name} now" in page.text
        assert all(shown["is_there"] for group in page.context["groups"] for shown in group["people"])


def test_nobody_else_is_signed_in(client: Client, people):
    assert client.post("/demo/sign-in/", {"person": "nobody"}).status_code == 404
    assert client.post("/demo/sign-in/").status_code == 404
    assert client.get("/demo/sign-in/").status_code == 405


@pytest.mark.django_db
def test_before_the_demo_is_loaded_nobody_can_be_chosen(client: Client):
    page = client.get("/demo/").text
    assert "The demo is not loaded yet" in page
    assert client.post("/demo/sign-in/", {"person": "marta"}).status_code == 404


@pytest.fixture
def mail_folder(settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.BASE_URL = "http://localhost:8000"
    return tmp_path / "mail"


def _write(subject: str, body: str, *more: tuple[str, str]) -> None:
    from django.core.mail import EmailMessage

    messages = [EmailMessage(s, b, to=["x@y.example"]) for s, b in ((subject, body), *more)]
    get_connection("django.core.mail.backends.filebased.EmailBackend").send_messages(messages)


@pytest.mark.django_db
def test_mails_are_listed_newest_first_and_read_safely(client: Client, mail_folder):
    _write("Older", "first", ("Second of one file", "x"))
    body = "Öffne http://localhost:8000/join/abc/ oder http://evil.example/ <script>alert(1)</script>"
    _write("Newer", body)
    for number, file in enumerate(
        sorted(mail_folder.iterdir(), key=lambda file: "Newer" in file.read_text())
    ):
        os.utime(file, (1_800_000_000 + number, 1_800_000_000 + number))
    page = client.get("/demo/mail/")
    assert [mail.subject for mail in page.context["mails"]] == ["Newer", "Second of one file", "Older"]
    newest = page.context["mails"][0]
    text = client.get(f"/demo/mail/{newest.name}/{newest.number}/").text
    assert '<a href="/join/abc/">http://localhost:8000/join/abc/</a>' in text
    assert "Öffne" in text
    assert "<script>alert" not in text
    assert 'href="http://evil.example' not in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["..%2Fsecret.log", "..", "secret.txt", "no.log", "%2Fetc%2Fpasswd", "link.log"]
)
def test_only_mails_of_the_folder_are_read(client: Client, mail_folder, name):
    _write("A", "b")
    (mail_folder.parent / "secret.log").write_text("Subject: s\n\nsecret")
    (mail_folder / "secret.txt").write_text("Subject: s\n\nsecret")
    (mail_folder / "link.log").symlink_to(mail_folder.parent / "secret.log")
    assert client.get(f"/demo/mail/{name}/0/").status_code == 404


@pytest.mark.django_db
def test_a_mail_beyond_the_file_is_not_found_and_no_folder_is_no_error(client: Client, mail_folder):
    assert "No mails yet" in client.get("/demo/mail/").text
    _write("A", "b")
    name = next(mail_folder.iterdir()).name
    assert client.get(f"/demo/mail/{name}/1/").status_code == 404


def test_the_accounts_are_printed_for_people_and_programs(capsys, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    call_command("accounts")
    assert "demo-password-marta" in capsys.readouterr().out
    call_command("accounts", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["api_keys"] == []
    assert document["people"][0]["totp_secret"] == totp_secret_of(DEMO_PEOPLE[0])
    (tmp_path / "demo-api-keys.json").write_text('[{"name": "Line 1"}]')
    call_command("accounts", "--json")
    assert json.loads(capsys.readouterr().out)["api_keys"] == [{"name": "Line 1"}]


def test_without_the_demo_there_are_no_accounts_to_print(settings):
    settings.DEMO_ENABLED = False
    with pytest.raises(CommandError):
        call_command("accounts")


def test_the_check_fires_for_a_demo_in_production(settings):
    assert checks.no_demo_in_production() == []
    settings.ENVIRONMENT_NAME = "production"
    assert [problem.id for problem in checks.no_demo_in_production()] == ["portal.E001"]
    settings.DEMO_ENABLED = False
    assert checks.no_demo_in_production() == []


_WALK = """
import django; django.setup()
from django.urls import get_resolver
found = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
names = set(get_resolver().reverse_dict)
assert not [path for path in found if path.startswith("demo")], found
assert not [name for name in names if isinstance(name, str) and name.startswith("demo")], names
from django.conf import settings
assert settings.DEMO_ENABLED is False
print("walked", len(found))
"""


def test_production_has_no_demo():
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings.production",
        "PORTAL_EMAIL_HOST": "mail.invalid",
        "PORTAL_ALLOWED_HOSTS": "portal.example",
    }
    done = subprocess.run(
        [sys.executable, "-c", _WALK], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("walked")
