"""The queue with many rows: as many questions to the database for one row as for a hundred, answered by its index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from partners.models import Application
from partners.selectors.applications import queue
from tests.factories import AT, make_mar, make_member
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _fill(rows: int, *, start: int = 0, state: str = "submitted") -> None:
    with mar_scope():
        Application.objects.bulk_create(
            Application(
                reference=f"B-{number:06d}", company=f"Werkstatt {number} GmbH", vat_id=f"DE{number:09d}",
                country="DE", contact_email=f"eva{number}@werkstatt.example", state=state, started_at=AT,
                saved_at=AT, submitted_at=AT, due_at=AT + timedelta(minutes=number),
            )
            for number in range(start, start + rows)
        )  # fmt: skip


@pytest.mark.parametrize("query", ["", "?size=100", "?queue=all&size=100", "?q=Werkstatt&size=100"])
def test_the_queue_asks_the_same_number_of_questions_for_1_3_and_100_rows(query):
    make_mar()
    client, counts = sign_in(Client(), make_member("mar_admin")), []
    for start, rows in ((0, 1), (1, 2), (3, 97)):
        _fill(rows, start=start)
        client.get(f"/mar/applications/{query}")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/mar/applications/{query}")
        counts.append(len(captured))
    assert counts == [counts[0]] * 3


def test_the_open_queue_of_5000_applications_is_read_by_its_index():
    _fill(4_800, state="withdrawn")
    _fill(200, start=4_800)
    reader = make_member("mar_admin")
    with mar_scope():
        plan = queue("open", reader.pk)[:25].explain()
    assert "application_open" in plan
    assert "Seq Scan on partners_application" not in plan
