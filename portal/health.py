"""Is the portal alive, and can it do its work?"""

from typing import Any

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.selectors.stock_alerts import undelivered_count
from portal.policy import public


@public
def live(_request: HttpRequest) -> JsonResponse:
    """Answer as long as the process runs."""
    return JsonResponse({"status": "alive"})


@public
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database and the broker answer; else 503.

    A warning takes no portal out of service: it is for the person or the monitor who reads the page.
    """
    problems = {name: text for name, check in CHECKS.items() if (text := check())}
    warnings = {} if problems else {name: text for name, check in WARNINGS.items() if (text := check())}
    return JsonResponse(
        {"status": "ready" if not problems else "not_ready", "problems": problems, "warnings": warnings},
        status=503 if problems else 200,
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:  # noqa: BLE001  (any fault of the server means: not ready)
        return type(error).__name__
    return ""


def _cache() -> str:
    try:
        cache.get("portal-health")
    except Exception as error:  # noqa: BLE001
        return type(error).__name__
    return ""


def _stock_alarms() -> str:
    """Return how many alarms of low stock no mail server took, empty for none."""
    with mar_scope():
        count = undelivered_count(timezone.now())
    return f"{count} undelivered" if count else ""


WARNINGS: dict[str, Any] = {"stock_alarms": _stock_alarms}
CHECKS: dict[str, Any] = {"database": _database, "broker": _cache}
