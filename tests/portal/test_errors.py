"""Error answers: a database that is away for a moment is no fault of the request."""

from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("portal.middleware.TenantMiddleware.__call__", fail)


@pytest.mark.parametrize(
    ("path", "content_type"), [("/tpr/", "text/html"), ("/api/v1/orders", "application/problem+json")]
)
def test_database_away_is_503_with_a_time_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, content_type: str
) -> None:
    _break(monkeypatch, OperationalError("the database system is in recovery mode"))
    response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response["Content-Type"].startswith(content_type)
    assert b"recovery mode" not in response.content


def test_fault_of_ours_is_500_without_details(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, ProgrammingError("column secret does not exist"))
    response = client.get("/tpr/")
    assert (response.status_code, response.has_header("Retry-After")) == (500, False)
    assert b"secret" not in response.content


def test_the_address_of_a_button_opened_by_hand_says_so_and_how_it_is_sent(client: Client) -> None:
    response = client.get("/theme/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "This address belongs to a button" in response.content.decode()
    assert client.put("/theme/").content == b""
