"""The watch over the browsers sees what it is there to see; a stack leaves no process behind."""

import pytest

from tests.e2e.browsing import Crowd, Person
from tests.e2e.processes import processes_with
from tests.e2e.stack import Stack

pytestmark = pytest.mark.slow


def _told(person: Person) -> str:
    """Return what the watch noted, and forget it: here it is wanted."""
    person.page.wait_for_timeout(300)
    said = " | ".join(person.watch.troubles)
    person.watch.troubles.clear()
    return said


def test_watch_sees_errors_broken_policies_other_hosts_and_bad_answers(crowd: Crowd) -> None:
    visitor = crowd.newcomer()
    page = visitor.go("/")
    assert _told(visitor) == ""
    page.evaluate("console.error('planted')")
    assert "console error: planted" in _told(visitor)
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    assert "thrown" in _told(visitor)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "Content Security Policy" in _told(visitor)
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    assert "Content Security Policy" in _told(visitor)
    page.evaluate("fetch('/no-such-page/')")
    assert "status 404" in _told(visitor)


def test_programs_of_the_stack_are_found_by_their_folder(stack: Stack) -> None:
    """What the end of a stack looks for is there while the stack runs."""
    found = " ".join(processes_with(str(stack.var.parent)))
    assert {word for word in ("gunicorn", "celery", "valkey-server") if word in found} == {
        "gunicorn",
        "celery",
        "valkey-server",
    }
