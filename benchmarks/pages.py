"""Main pages against the same server's hello view: medians of each, as a ratio.

    python -m benchmarks.pages [--rounds 40] [--goal 15]

Loads the small demo into a database of its own, starts gunicorn with two sync workers, signs in as the
demo's people and asks for each page in turn with the hello view (/health/live), so both see the same
machine. Needs DATABASE_OWNER_URL, DATABASE_URL and REDIS_URL.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import django

from benchmarks.web import HELLO, ROOT, ask, serving

PAGES = (
    ("olivia", "/tpr/"),
    ("olivia", "/tpr/order/"),
    ("olivia", "/tpr/orders/"),
    ("olivia", "/tpr/keys/"),
    ("olivia", "/tpr/builds/"),
    ("olivia", "/tpr/devices/"),
    ("marta", "/mar/"),
    ("marta", "/mar/stock/"),
    ("marta", "/mar/orders/"),
    ("carla", "/compliance/"),
    ("carla", "/compliance/audit/"),
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 when a page takes longer than the goal allows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--goal", type=float, default=15.0)
    options = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.local"
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    with tempfile.TemporaryDirectory() as var, _database() as url:
        environment = os.environ | {"DATABASE_URL": url, "PORTAL_VAR": var}
        _manage(environment, "load_demo", "--small")
        _manage(environment, "collectstatic", "--noinput", "-v", "0")
        with serving(environment) as port:
            return _compare(port, _cookies(environment), options)


@contextmanager
def _database() -> Iterator[str]:
    sys.path.insert(0, str(ROOT))
    from tests import databases

    name = databases.clone(databases.ensure_template(), label="pages")
    try:
        yield f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    finally:
        databases.drop(name)


def _manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _cookies(environment: dict[str, str]) -> dict[str, str]:
    os.environ.update(environment)
    django.setup()
    from django.test import Client

    from core.models import User
    from portal.demo_people import person_by_key
    from tests.web import sign_in

    cookies = {}
    for key in sorted({person for person, _page in PAGES}):
        person = person_by_key(key)
        if person is None:
            raise LookupError(key)
        client = sign_in(Client(), User.objects.get(email=person.email))
        cookies[key] = client.cookies["sessionid"].value
    return cookies


def _compare(port: int, cookies: dict[str, str], options: argparse.Namespace) -> int:
    print(f"{'page':24s}   p50 ms  p95 ms  hello ms  ratio   n={options.rounds}", flush=True)
    missed = 0
    for person, path in PAGES:
        hellos, pages = [], []
        for number in range(options.rounds + 4):
            hello = ask(port, HELLO)[1]
            page = ask(port, path, headers={"Cookie": f"sessionid={cookies[person]}"})
            if page[0] != 200:
                raise RuntimeError(f"{path} answered {page[0]}")
            if number >= 4:  # both workers are warm
                hellos.append(hello)
                pages.append(page[1])
        p50, p95, base = (
            statistics.median(pages),
            sorted(pages)[int(len(pages) * 0.95)],
            statistics.median(hellos),
        )
        missed += p50 / base > options.goal
        print(f"{path:24s} {p50 * 1e3:8.1f} {p95 * 1e3:7.1f} {base * 1e3:9.1f} {p50 / base:6.1f}", flush=True)
    print(f"goal {options.goal:.0f}x hello: {'PASS' if not missed else f'{missed} pages MISSED'}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
