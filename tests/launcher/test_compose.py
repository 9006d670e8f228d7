"""docker-compose.yml and Dockerfile name only what the code has: services, commands, pages, variables, secrets."""

import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.urls import resolve
from launcher import compose_secrets

from portal.celery import app as celery_app

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("migrate", "web", "worker", "beat")
SETTINGS = "".join(path.read_text() for path in sorted((ROOT / "portal/settings").glob("*.py")))
OUR_APPS = ("core", "partners", "licensing", "compliance", "reporting", "portal")
# What the images of others read.
FOREIGN = {"POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS", "PORTAL_DOMAIN"}


def _variables(service: str) -> dict[str, str]:
    return dict(SERVICES[service].get("environment", {}))


def _check_of(service: str) -> str:
    return " ".join(SERVICES[service]["healthcheck"]["test"])


def test_the_production_shape_has_these_services():
    assert list(SERVICES) == ["migrate", "web", "worker", "beat", "postgres", "valkey", "proxy"]


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_locked_in(service):
    made = SERVICES[service]
    assert made["read_only"] is True
    assert made["cap_drop"] == ["ALL"]
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert not made.get("privileged")


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "migrate"])
def test_each_service_that_stays_is_asked_for_its_health(service):
    check = SERVICES[service]["healthcheck"]
    assert {"test", "interval", "timeout", "retries"} <= check.keys()
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_nothing_of_ours_runs_as_root():
    uid = re.search(r"useradd .*--uid (\d+)", DOCKERFILE)
    assert uid is not None
    assert int(uid.group(1)) >= 10_000
    after = DOCKERFILE[DOCKERFILE.index("\nUSER portal\n") :]
    assert re.findall(r"^(?:RUN|USER) .*", after, re.MULTILINE) == ["USER portal"]
    assert [SERVICES[name].get("user") for name in (*OURS, "postgres", "valkey")] == [
        *(None for _ in OURS),
        "postgres",
        "valkey",
    ]


def test_only_the_proxy_is_open_to_the_network():
    assert [name for name, made in SERVICES.items() if "ports" in made] == ["proxy"]


def test_management_commands_exist():
    commands = [
        made["command"] for made in SERVICES.values() if made.get("command", [])[1:2] == ["manage.py"]
    ]
    assert [command[0] for command in commands] == ["python"]
    assert {command[2] for command in commands} <= get_commands().keys()


@pytest.mark.django_db  # the application looks at its role in the database when it starts
def test_the_web_server_is_given_an_application_that_exists():
    command = re.search(r'^CMD \["gunicorn", "([\w.]+):(\w+)"', DOCKERFILE, re.MULTILINE)
    assert command is not None
    assert callable(getattr(import_module(command.group(1)), command.group(2)))


def test_the_worker_takes_every_queue_that_tasks_are_sent_to():
    command = SERVICES["worker"]["command"]
    assert command[:4] == ["celery", "-A", "portal", "worker"]
    taken = set(command[command.index("-Q") + 1].split(","))
    code = "".join(path.read_text() for name in OUR_APPS for path in (ROOT / name).rglob("*.py"))
    named = set(re.findall(r'\b(?:queue|QUEUE)(?:: str)? ?= ?"(\w+)"', code))
    assert taken == named | {celery_app.conf.task_default_queue}
    assert SERVICES["beat"]["command"][:4] == ["celery", "-A", "portal", "beat"]


def test_the_page_that_says_the_web_is_ready_exists():
    path = re.search(r'"GET", "(/[\w/]+)"', _check_of("web"))
    assert path is not None
    assert resolve(path.group(1)).url_name == "health-ready"


@pytest.mark.parametrize("service", OURS)
def test_each_variable_is_one_that_the_settings_read(service):
    read = set(re.findall(r'"((?:PORTAL|DATABASE|REDIS|POSTGRES)_[A-Z_]+)"', SETTINGS))
    named = {name.removesuffix("_FILE") for name in _variables(service)}
    assert named - read == set()


def test_no_variable_of_the_servers_is_misspelt():
    others = {name for made in ("postgres", "valkey", "proxy") for name in _variables(made)}
    assert others == FOREIGN


@pytest.mark.parametrize("service", OURS)
def test_every_secret_comes_from_a_file_that_is_mounted(service):
    files = {name: value for name, value in _variables(service).items() if name.endswith("_FILE")}
    mounted = {f"/run/secrets/{name}" for name in SERVICES[service]["secrets"]}
    assert set(files.values()) == mounted
    needed = set(re.findall(r'required_secret\("(\w+)"\)', SETTINGS))
    assert {f"{name}_FILE" for name in needed | {"PORTAL_SECRET_KEY"}} <= files.keys()


def test_only_migrations_get_the_schemas_owner():
    holders = {name for name, made in SERVICES.items() if "owner_password" in made.get("secrets", [])}
    assert holders == {"migrate", "postgres"}
    assert {_variables(name)["DATABASE_OWNER_URL"] for name in ("web", "worker", "beat")} == {""}


def test_the_secrets_are_those_that_the_launcher_makes():
    assert sorted(COMPOSE["secrets"]) == compose_secrets.names()
    assert {made["file"] for made in COMPOSE["secrets"].values()} == {
        f"./secrets/{name}" for name in compose_secrets.names()
    }
    mounted = {name for made in SERVICES.values() for name in made.get("secrets", [])}
    assert mounted == set(COMPOSE["secrets"])


def test_no_secret_stands_in_the_compose_file_or_the_image():
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"\$\{?\w*(?:PASSWORD|KEY|TOKEN)\w*", text.replace("$$", "")) == []
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_volume_and_config_is_used_and_declared():
    volumes = {
        mount.partition(":")[0]
        for made in SERVICES.values()
        for mount in made.get("volumes", [])
        if not mount.startswith(".")
    }
    assert volumes == set(COMPOSE["volumes"])
    configs = {mount["source"] for made in SERVICES.values() for mount in made.get("configs", [])}
    assert configs == set(COMPOSE["configs"])
    binds = [
        mount.split(":")[0]
        for made in SERVICES.values()
        for mount in made.get("volumes", [])
        if mount.startswith(".")
    ]
    assert binds == ["./bin/launcher/bootstrap.sql"]
    assert (ROOT / binds[0]).is_file()


@pytest.mark.parametrize(
    "script", [COMPOSE["configs"]["bootstrap"]["content"], SERVICES["valkey"]["command"][2]]
)
def test_the_shell_in_it_is_shell(script):
    assert (
        subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), text=True, check=False).returncode == 0
    )


def test_what_the_image_copies_exists():
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        assert [name for name in shlex.split(line) if not (ROOT / name).exists()] == []
    assert re.search(r"^FROM python:3\.11-slim", DOCKERFILE, re.MULTILINE)
