"""Many applications at once, for tests of lists."""

from datetime import timedelta

from core.tenancy import mar_scope
from partners.models import Application
from tests.factories import AT


def fill(rows: int, *, start: int = 0, state: str = "submitted") -> None:
    with mar_scope():
        Application.objects.bulk_create(
            Application(
                reference=f"B-{number:06d}", company=f"Werkstatt {number} GmbH", vat_id=f"DE{number:09d}",
                country="DE", contact_email=f"eva{number}@werkstatt.example", state=state, started_at=AT,
                saved_at=AT, submitted_at=AT, due_at=AT + timedelta(minutes=number),
            )
            for number in range(start, start + rows)
        )  # fmt: skip
