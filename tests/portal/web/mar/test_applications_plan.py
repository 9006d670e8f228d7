"""The queue of 5,000 applications is read by its index, once the database knows its tables."""

from core.tenancy import mar_scope
from partners.selectors.applications import queue
from tests.databases import owner_connection
from tests.factories import make_member
from tests.portal.web.mar.filling import fill


def test_the_open_queue_of_5000_applications_is_read_by_its_index(cloned_db: str) -> None:
    fill(4_800, state="withdrawn")
    fill(200, start=4_800)
    reader = make_member("mar_admin")
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ANALYZE partners_application")
    with mar_scope():
        plan = queue("open", reader.pk)[:25].explain()
    assert " application_" in plan  # an index of the table
    assert "Seq Scan on partners_application" not in plan
