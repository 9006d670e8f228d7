"""Guessing is slowed down; nobody is locked out; the cache may be away."""

import time
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisDown

from core.networks import network_of
from core.services.sessions import note_session
from portal import cache as sturdy
from portal.sign_in_throttle import ACCOUNT, ADDRESS, NETWORK, PAIR, Try
from tests.factories import make_member, make_partner, make_user

HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"
PASSWORD = "correct horse battery"


def _account() -> str:
    return f"{uuid4()}@example.test"


def _address() -> str:
    number = uuid4().int
    return f"10.{number % 250}.{number // 250 % 250}.{number // 62500 % 250}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Stand in for the time of day; the test moves it."""
    now = [time.time()]
    monkeypatch.setattr("portal.sign_in_throttle.time.time", lambda: now[0])
    return now


def _wait_after(tries: int, account: str, ip: str) -> float:
    for _ in range(tries):
        assert Try("t", account, ip).admit() == 0
    return Try("t", account, ip).admit()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("", "unknown"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_network_of_an_address(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_the_free_tries_are_free_and_the_wait_doubles_up_to_its_limit(clock: list[float]) -> None:
    account, ip = _account(), _address()
    assert _wait_after(PAIR.free + 1, account, ip) == pytest.approx(2)
    waits = []
    for _ in range(12):
        clock[0] += Try("t", account, ip).admit()
        assert Try("t", account, ip).admit() == 0
        waits.append(Try("t", account, ip).admit())
    assert waits[:4] == pytest.approx([4, 8, 16, 32])
    assert waits[-1] == pytest.approx(PAIR.longest_wait)


def test_hammering_while_waiting_does_not_prolong_the_wait(clock: list[float]) -> None:
    account, ip = _account(), _address()
    wait = _wait_after(PAIR.free + 1, account, ip)
    for _ in range(500):
        assert Try("t", account, ip).admit() > 0
    clock[0] += wait
    assert Try("t", account, ip).admit() == 0


def test_the_right_person_begins_anew() -> None:
    account, ip = _account(), _address()
    for _ in range(PAIR.free):
        Try("t", account, ip).admit()
    Try("t", account, ip).passed()
    for _ in range(PAIR.free):
        assert Try("t", account, ip).admit() == 0


def test_a_storm_on_an_account_from_elsewhere_never_slows_its_owners_network(clock: list[float]) -> None:
    account = _account()
    for number in range(300):
        clock[0] += 0.1
        Try("t", account, f"203.0.{number % 250}.{number // 250 + 1}").admit()
    assert Try("t", account, HOME, is_known_network=True).admit() == 0
    strange = Try("t", account, _address()).admit()
    assert 0 < strange <= ACCOUNT.longest_wait


def test_many_accounts_from_one_address_and_one_network_are_slowed_too() -> None:
    ip = _address()
    for _ in range(ADDRESS.free + 1):
        assert Try("t", _account(), ip).admit() == 0
    assert Try("t", _account(), ip).admit() > 0
    prefix = _address().rsplit(".", 1)[0]
    waits = [Try("t", _account(), f"{prefix}.{number % 250}").admit() for number in range(NETWORK.free + 2)]
    assert waits[NETWORK.free] == 0
    assert waits[-1] > 0


@pytest.mark.django_db
def test_the_owner_signs_in_while_a_stranger_guesses_his_password() -> None:
    user = make_member("tpr_owner", partner=make_partner(), email=_account())
    note_session(str(uuid4()), user_id=user.pk, ip=HOME, device="Firefox, Linux", at=timezone.now())
    for _ in range(12):
        Client(REMOTE_ADDR=ELSEWHERE).post("/accounts/login/", {"login": user.email, "password": "guess"})
    stranger = Client(REMOTE_ADDR=ELSEWHERE).post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD}
    )
    assert "Too many wrong tries" in stranger.text
    owner = Client(REMOTE_ADDR=HOME)
    assert owner.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302


@pytest.mark.django_db
def test_an_unknown_address_costs_what_a_known_one_costs(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    user = make_user(email=_account())
    hashed: list[str] = []
    original = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    seen = []
    for email in (user.email, _account()):
        hashed.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = Client(REMOTE_ADDR=_address()).post(
                "/accounts/login/", {"login": email, "password": "wrong password"}
            )
        seen.append((len(hashed), len(queries), answer.status_code, answer.text.count("error")))
    assert seen[0] == seen[1]


@pytest.mark.django_db
def test_sign_in_works_and_is_slowed_while_the_cache_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_member("tpr_owner", partner=make_partner(), email=_account())

    def down(*_args: object, **_options: object) -> None:
        raise RedisDown("away")

    monkeypatch.setattr(sturdy.SturdyRedisCache, "_away_until", 0.0)
    monkeypatch.setattr("redis.connection.AbstractConnection.connect", down)
    monkeypatch.setattr("redis.connection.ConnectionPool.get_connection", down)
    ip = _address()
    client = Client(REMOTE_ADDR=ip)
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    for _ in range(PAIR.free + 1):
        Client(REMOTE_ADDR=ip).post("/accounts/login/", {"login": user.email, "password": "guess"})
    slowed = Client(REMOTE_ADDR=ip).post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "Too many wrong tries" in slowed.text
    assert sturdy.SturdyRedisCache._away_until > time.monotonic()
    caches["default"].clear()
