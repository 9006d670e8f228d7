"""The queue of applications with 5,000 rows against the same server's hello view, as a ratio.

    python -m benchmarks.applications [--rounds 40] [--rows 5000] [--goal 25]

Loads the small demo into a database of its own, adds applications in every state, and asks for the
queue, a search in it and one case in turn with /health/live, so all see the same machine.
Needs DATABASE_OWNER_URL, DATABASE_URL and REDIS_URL.
"""

import argparse
import os
import sys
import tempfile
from datetime import timedelta

from benchmarks import pages
from benchmarks.web import serving

STATES = ("submitted", "in_review", "info_requested", "submitted", "withdrawn")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 when a page takes longer than the goal allows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--goal", type=float, default=25.0)
    options = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.local"
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    with tempfile.TemporaryDirectory() as var, pages._database() as url:
        environment = os.environ | {"DATABASE_URL": url, "PORTAL_VAR": var}
        pages._manage(environment, "load_demo", "--small")
        pages._manage(environment, "collectstatic", "--noinput", "-v", "0")
        cookies = pages._cookies(environment)
        case = fill(options.rows)
        pages.PAGES = tuple(
            ("marta", path)
            for path in (
                "/mar/applications/",
                "/mar/applications/?page=100",
                "/mar/applications/?queue=all&q=Werkstatt+4711",
                f"/mar/applications/{case}/",
            )
        )
        with serving(environment) as port:
            return pages._compare(port, cookies, options)


def fill(rows: int) -> str:
    """Add applications in many states as rows, and return the id of one."""
    from django.utils import timezone

    from core.tenancy import mar_scope
    from partners.models import Application

    now = timezone.now()
    with mar_scope():
        made = Application.objects.bulk_create(
            [
                Application(
                    reference=f"B-{number:06d}",
                    company=f"Werkstatt {number} GmbH",
                    company_norm=f"werkstatt {number}",
                    vat_id=f"DE{number:09d}",
                    country="DE",
                    contact_name="Eva Brandt",
                    contact_email=f"eva{number}@werkstatt.example",
                    state=STATES[number % len(STATES)],
                    started_at=now - timedelta(days=9),
                    saved_at=now - timedelta(days=9),
                    submitted_at=now - timedelta(days=8, minutes=number),
                    due_at=now + timedelta(days=3, minutes=-number),
                )
                for number in range(rows)
            ],
            batch_size=1000,
        )
    return str(made[rows // 2].pk)


if __name__ == "__main__":
    sys.exit(main())
