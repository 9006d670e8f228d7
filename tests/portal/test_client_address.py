"""The visitor's address comes from our own proxies, never from what a visitor writes."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from portal.middleware import ClientAddressMiddleware


def _seen(settings: Any, proxies: int, forwarded: str) -> str:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": forwarded}
    ClientAddressMiddleware(lambda _request: HttpResponse())(request)
    return str(request.META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "10.0.0.9"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 192.0.2.1", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),
        (1, "<script>", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_address(settings: Any, proxies: int, forwarded: str, expected: str) -> None:
    assert _seen(settings, proxies, forwarded) == expected
