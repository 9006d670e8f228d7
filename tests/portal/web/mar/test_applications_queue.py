"""The queue with many rows: as many questions to the database for one row as for a hundred, answered by its index."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_mar, make_member
from tests.portal.web.mar.filling import fill
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", ["", "?size=100", "?queue=all&size=100", "?q=Werkstatt&size=100"])
def test_the_queue_asks_the_same_number_of_questions_for_1_3_and_100_rows(query):
    make_mar()
    client, counts = sign_in(Client(), make_member("mar_admin")), []
    for start, rows in ((0, 1), (1, 2), (3, 97)):
        fill(rows, start=start)
        client.get(f"/mar/applications/{query}")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/mar/applications/{query}")
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
