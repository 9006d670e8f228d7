"""bin/smoke: does the running portal answer? Health, the first page, sign-in, and the files they name."""

import argparse
import http.client
import re
import sys
from urllib.parse import urlsplit

from launcher import paths, relocate
from launcher.lock import Lock

PAGES = ("/health/live", "/health/ready", "/", "/accounts/login/")
_OWN_FILE = re.compile(r"""(?:href|src)="(/static/[^"#]+)""")


def main(arguments: list[str]) -> int:
    """Ask each page once and return 0 when all answer 200."""
    parser = argparse.ArgumentParser(prog="bin/smoke", description="Ask the running portal a few questions.")
    parser.add_argument("--url", help="address of the portal (default: the one running in this checkout)")
    url = parser.parse_args(arguments).url or _running()
    if not url:
        print("No portal runs in this checkout: start bin/portal, or name one with --url.", file=sys.stderr)
        return 1
    wrong = [f"{path}: {status}" for path, status in ask(url).items() if status != http.client.OK]
    print("\n".join(wrong) if wrong else f"bin/smoke: {url} answers.")
    return 1 if wrong else 0


def _running() -> str:
    """Return the address of this checkout's portal, which may run from a copy."""
    root = paths.of_checkout().root
    for place in (root, relocate.place_of_copy(root)):
        holder = Lock(place / "var" / "portal.lock").read()
        if holder and holder.command == "portal":
            return holder.url
    return ""


def ask(url: str) -> dict[str, int]:
    """Return the status of each page and of each of our files the first page names; 0 is no answer."""
    statuses = {}
    files: set[str] = set()
    for path in PAGES:
        statuses[path], body = _get(url, path)
        if path == "/":
            files = set(_OWN_FILE.findall(body))
    for path in sorted(files):
        statuses[path], _ = _get(url, path)
    return statuses


def _get(url: str, path: str) -> tuple[int, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "localhost", parts.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
