"""Rows keep references to people; pages print their present names."""

from uuid import uuid4

import pytest
from django.template import Context, Template
from django.utils import timezone

from core import audit
from core.actor import Actor, ActorKind
from core.models import AuditEvent, User
from core.people import Who, forget_names, id_in, name_of, reference_to
from core.tenancy import mar_scope
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_names()


def _actor(user: User) -> Actor:
    return Actor(ActorKind.USER, str(user.pk), user.name, user_id=user.pk)


def test_a_person_is_written_by_id_and_named_on_the_page() -> None:
    user = make_user("Zoë <Neu>")
    with mar_scope():
        audit.record("test.act", by=_actor(user), at=timezone.now())
        event = AuditEvent.objects.get(action="test.act")
        stored = AuditEvent.objects.filter(actor_label=reference_to(user.pk)).count()
    assert stored == 1
    assert event.actor_label == f"person:{user.pk}"
    assert str(event.actor_label) == "Zoë <Neu>"
    assert f"{event.actor_label}!" == "Zoë <Neu>!"
    assert "%s" % event.actor_label == "Zoë <Neu>"  # noqa: UP031  (translated sentences are filled this way)
    assert Template("{{ who }}").render(Context({"who": event.actor_label})) == "Zoë &lt;Neu&gt;"


def test_a_station_and_the_portal_keep_their_names() -> None:
    station = Actor(ActorKind.API_KEY, str(uuid4()), "Line 3")
    assert (station.label, station.name) == ("Line 3", "Line 3")
    assert Actor.system("sealer").label == "sealer"
    assert Actor(ActorKind.USER, "", "visitor").label == "visitor"


def test_names_of_a_page_are_read_in_one_query(django_assert_num_queries) -> None:
    users = [make_user(f"Person {number}") for number in range(5)]
    with mar_scope():
        for user in users:
            audit.record("test.many", by=_actor(user), at=timezone.now())
        with django_assert_num_queries(2):
            events = list(AuditEvent.objects.filter(action="test.many").order_by("id"))
            assert [str(event.actor_label) for event in events] == [user.name for user in users]


def test_an_unknown_person_and_broken_references_are_words_too() -> None:
    assert name_of(reference_to(uuid4())) == "Unknown person"
    assert str(Who("person:nobody")) == "person:nobody"
    assert id_in("personal note") is None
