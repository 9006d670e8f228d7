"""Two at once: asking twice, answering twice, two lists for one source. With the locks, and without."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from core.actor import Actor
from core.tenancy import mar_scope
from partners import locks
from partners.checks.base import ApplicantFacts, CheckAnswer
from partners.models import Application, CheckResult, SanctionsList
from partners.services import checks
from partners.services.checks import CheckStillRunning, repeat_check, request_checks, run_check
from partners.services.sanctions import load_list, receive_list
from tests import databases
from tests.factories import AT, actor_for, make_member
from tests.partners.checks.lists import entity, eu_list
from tests.partners.samples import audited, make_application

LATER = AT + timedelta(hours=1)


class Told:
    """A source that answers when everybody has asked."""

    kind, name = "vat", "told"

    def __init__(self, together: threading.Barrier | None = None) -> None:
        self.together = together
        self.asked = 0

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        self.asked += 1
        if self.together is not None:
            self.together.wait(timeout=20)
        return CheckAnswer("clear", "In order.")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    provider = Told()
    monkeypatch.setattr(checks, "providers", lambda: (provider,))
    monkeypatch.setattr(checks, "provider_of", lambda _kind: provider)
    return provider


def at_once(act: Callable[[], str]) -> list[str]:
    """Act from two connections at once; return how each ended."""
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def go() -> None:
        try:
            together.wait(timeout=20)
            outcomes.append(act())
        except CheckStillRunning:
            outcomes.append("refused")
        except IntegrityError:
            outcomes.append("constraint")
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def answered_check() -> tuple[Application, CheckResult]:
    application = make_application()
    with mar_scope():
        check = request_checks(application.pk, at=AT)[0]
    run_check(check.pk, at=AT)
    return application, check


def rows() -> int:
    with mar_scope():
        return CheckResult.objects.count()


def repeated() -> tuple[list[str], int]:
    application, check = answered_check()
    by = actor_for(make_member("mar_admin"))

    def act() -> str:
        with mar_scope():
            repeat_check(check.pk, application_id=application.pk, by=by, at=LATER)
        return "begun"

    return at_once(act), rows()


def without_application_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the application without locking it, and go on only when both have read what waits."""
    both_have_read = threading.Barrier(2)
    plain = checks.waiting_check

    def look(application_id, kind):
        found = plain(application_id, kind)
        both_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(locks, "lock_application", lambda pk: Application.objects.filter(pk=pk).first())
    monkeypatch.setattr(checks, "waiting_check", look)


def test_two_who_ask_again_at_once_begin_one_run(cloned_db, told):
    assert repeated() == (["begun", "refused"], 2)


def test_without_the_lock_the_database_refuses_the_second_run(cloned_db, told, monkeypatch):
    without_application_lock(monkeypatch)
    assert repeated() == (["begun", "constraint"], 2)


def test_without_lock_and_constraint_there_are_two_runs(cloned_db, told, monkeypatch):
    without_application_lock(monkeypatch)
    with databases.owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("DROP INDEX one_waiting_check_a_kind")
    assert repeated() == (["begun", "begun"], 3)


def test_a_request_that_comes_twice_at_once_begins_each_check_once(cloned_db, told):
    application = make_application()

    def act() -> str:
        with mar_scope():
            return f"begun {len(request_checks(application.pk, at=AT))}"

    assert at_once(act) == ["begun 0", "begun 1"]
    assert rows() == 1


def asked_twice(monkeypatch: pytest.MonkeyPatch, told: Told) -> tuple[list[str], int, int]:
    application = make_application()
    with mar_scope():
        check = request_checks(application.pk, at=AT)[0]
    told.together = threading.Barrier(2)
    outcomes = at_once(lambda: "stored" if run_check(check.pk, at=LATER) else "dropped")
    return outcomes, told.asked, audited("partners.check.answered")


def test_two_workers_ask_twice_and_store_once(cloned_db, told, monkeypatch):
    assert asked_twice(monkeypatch, told) == (["dropped", "stored"], 2, 1)


def test_without_the_lock_both_store(cloned_db, told, monkeypatch):
    both_have_read = threading.Barrier(2)

    def read(check_id):
        found = CheckResult.objects.filter(pk=check_id).first()
        both_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(locks, "lock_check", read)
    assert asked_twice(monkeypatch, told) == (["stored", "stored"], 2, 2)


def two_lists_at_once() -> list[str]:
    by = Actor.system("test")
    with mar_scope():
        waiting = [
            receive_list(
                eu_list(entity(number, f"Name {number}")), source="eu_xml", file_name="x.xml", by=by, at=AT
            ).pk
            for number in (1, 2)
        ]
    places = iter(waiting)

    def act() -> str:
        list_id = next(places)
        with mar_scope():
            load_list(list_id, at=LATER)
        return "loaded"

    return at_once(act)


def states() -> list[str]:
    with mar_scope():
        return sorted(SanctionsList.objects.values_list("state", flat=True))


def test_two_lists_of_one_source_come_into_force_one_after_the_other(cloned_db):
    assert two_lists_at_once() == ["loaded", "loaded"]
    assert states() == ["loaded", "replaced"]


def test_without_the_lock_the_database_refuses_a_second_list_in_force(cloned_db, monkeypatch):
    from partners.services import sanctions

    monkeypatch.setattr(locks, "lock_sanctions_lists", lambda: None)
    both_have_written = threading.Barrier(2)
    plain = sanctions._write

    def write(waiting, entries):
        count = plain(waiting, entries)
        both_have_written.wait(timeout=20)
        return count

    monkeypatch.setattr(sanctions, "_write", write)
    assert two_lists_at_once() == ["constraint", "loaded"]
    assert states() == ["loaded", "waiting"]
