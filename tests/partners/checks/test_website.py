"""Strangers' web sites: nothing inside is ever reached, and nothing is waited for."""

import socket
import time

import pytest

from partners.checks import guarded_fetch
from partners.checks.guarded_fetch import FetchRefused, fetch, is_public, resolve_public
from partners.checks.website import WebsiteNotAsked, WebsiteReachable
from tests.partners.checks.servers import answering, closed_port, facts_of, in_drops, silent

CLOSED = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:db8::1", "100::1", "no address",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450:4001::1"]
# Spellings of addresses inside that a name could take; the system's own resolver reads some of them.
SPELLINGS = [
    "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "3232235521", "0xa9fea9fe",
]  # fmt: skip


@pytest.fixture
def watched(monkeypatch):
    """Count the connections that were tried."""
    tried = []
    real = socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda *args, **kw: (tried.append(args), real(*args, **kw))[1]
    )
    return tried


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_inside_is_not_public(address):
    assert is_public(address) is False


@pytest.mark.parametrize("address", OPEN)
def test_an_address_outside_is_public(address):
    assert is_public(address) is True


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_address_inside_is_called(host, scheme, watched):
    answer = WebsiteReachable().run(facts_of(website=f"{scheme}://{host}/"))
    assert (answer.outcome, answer.facts) in (
        ("attention", {"refused": "address_not_public"}),
        ("attention", {"failed": "name_unknown"}),
    )
    assert watched == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://8.8.8.8/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://8.8.8.8/", "scheme"),
        ("//8.8.8.8/", "scheme"),
        ("http://8.8.8.8:22/", "port"),
        ("http://8.8.8.8:443/", "port"),
        ("https://8.8.8.8:80/", "port"),
        ("https://8.8.8.8:99999/", "address_malformed"),
        ("http://user@8.8.8.8/", "address_malformed"),
        ("http://user:word@8.8.8.8/", "address_malformed"),
        ("http:///path", "address_malformed"),
        ("http://8.8.8.8/\r\nHost: inside", "address_malformed"),
        ("http://8.8.8.8\\@127.0.0.1/", "address_malformed"),
        ("http://[::1/", "address_malformed"),
        ("http://8.8.8.8/" + "a" * 500, "address_malformed"),
    ],
)
def test_an_address_that_is_no_plain_web_address_is_not_called(url, reason, watched):
    answer = WebsiteReachable().run(facts_of(website=url))
    assert (answer.outcome, answer.facts) == ("attention", {"refused": reason})
    assert watched == []


def test_one_address_inside_among_public_ones_refuses_the_name(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    with pytest.raises(FetchRefused):
        resolve_public("rebinding.example", 80)


def test_the_address_that_was_judged_is_the_one_that_is_called(monkeypatch):
    # A name that answers with a public address first and with one inside afterwards.
    answers = [[(2, 1, 6, "", ("93.184.216.34", 80))], [(2, 1, 6, "", ("127.0.0.1", 80))]]
    asked, called = [], []

    def look_up(*_args, **_kwargs):
        asked.append(1)
        return answers[min(len(asked), 2) - 1]

    def connect(address, timeout):
        called.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    answer = WebsiteReachable().run(facts_of(website="http://rebinding.example/"))
    assert (called, len(asked)) == ([("93.184.216.34", 80)], 1)
    assert answer.facts == {"failed": "no_connection"}


def _open_here(port: int) -> WebsiteReachable:
    """Return the check with a hole in it for the test's server; every other address is judged as ever."""

    def resolve(host: str, asked_port: int) -> list[str]:
        return ["127.0.0.1"] if host.endswith("shop.example") else resolve_public(host, asked_port)

    return WebsiteReachable(resolve=resolve, ports={"http": port, "https": 443})


def test_a_site_that_answers_is_in_order():
    with answering(b"<h1>Shop</h1>", headers={"Content-Type": "text/html; charset=utf-8"}) as server:
        answer = _open_here(server.port).run(
            facts_of(website="http://www.shop.example/de?a=b c".replace(" ", "%20"))
        )
    method, path, headers, _content = server.requests[0]
    assert (method, path, headers["Host"]) == ("GET", "/de?a=b%20c", "www.shop.example")
    assert (answer.outcome, answer.facts["status"], answer.facts["redirects"]) == ("clear", 200, 0)
    assert "Shop" not in answer.raw


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_site_with_an_error_asks_for_a_look(status):
    with answering(b"", status=status) as server:
        answer = _open_here(server.port).run(facts_of(website="http://shop.example"))
    assert (answer.outcome, answer.summary) == ("attention", f"The site answers with error {status}.")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "https://[::1]/",
        "http://2130706433/",
        "http://169.254.169.254/a",
    ],
)
def test_a_redirect_inside_is_not_followed(target):
    with answering(b"", status=302, headers={"Location": target}) as server:
        answer = _open_here(server.port).run(facts_of(website="http://shop.example/"))
    assert answer.facts == {"refused": "address_not_public"}
    assert len(server.requests) == 1


def test_a_redirect_to_another_scheme_or_port_is_not_followed():
    for target, reason in (("file:///etc/passwd", "scheme"), ("http://shop.example:22/", "port")):
        with answering(b"", status=301, headers={"Location": target}) as server:
            answer = _open_here(server.port).run(facts_of(website="http://shop.example/"))
        assert answer.facts == {"refused": reason}


def test_two_redirects_are_followed_and_a_third_is_not():
    def bounce(times):
        def speak(handler):
            step = int(handler.path.strip("/") or 0)
            handler.send_response(302 if step < times else 200)
            handler.send_header("Location", f"/{step + 1}")
            handler.end_headers()

        return speak

    with answering(bounce(2)) as server:
        reached = _open_here(server.port).run(facts_of(website="http://shop.example/"))
    assert (reached.outcome, reached.facts["redirects"]) == ("clear", 2)
    with answering(bounce(9)) as server:
        lost = _open_here(server.port).run(facts_of(website="http://shop.example/"))
    assert (lost.facts, len(server.requests)) == ({"failed": "too_many_redirects"}, 3)


def test_no_more_than_the_cap_is_read():
    with answering(b"x" * 2_000_000) as server:
        fetched = fetch(
            "http://shop.example/", resolve=lambda *_args: ["127.0.0.1"], ports={"http": server.port}
        )
    assert fetched.bytes_read == guarded_fetch.MAX_BYTES


@pytest.mark.parametrize("speaker", [silent, in_drops])
def test_a_slow_site_is_given_up_in_time(speaker):
    with answering(speaker) as server:
        begun = time.monotonic()
        with pytest.raises(guarded_fetch.FetchFailed) as failed:
            fetch(
                "http://shop.example/",
                resolve=lambda *_args: ["127.0.0.1"],
                ports={"http": server.port},
                seconds=0.4,
            )
    assert failed.value.reason == "slow"
    assert time.monotonic() - begun < 2


def test_something_that_is_no_web_site_asks_for_a_look():
    def speak(handler):
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    with answering(speak) as server:
        answer = _open_here(server.port).run(facts_of(website="http://shop.example/"))
    assert answer.facts == {"failed": "no_http"}


def test_nobody_there_asks_for_a_look():
    answer = _open_here(closed_port()).run(facts_of(website="http://shop.example/"))
    assert (answer.outcome, answer.facts) == ("attention", {"failed": "no_connection"})


def test_a_site_without_a_valid_certificate_asks_for_a_look():
    with answering(b"plain") as server:
        provider = WebsiteReachable(resolve=lambda *_args: ["127.0.0.1"], ports={"https": server.port})
        answer = provider.run(facts_of(website="https://shop.example/"))
    assert answer.facts == {"failed": "certificate"}


def test_switched_off_nobody_is_called_and_the_answer_says_so(watched):
    answer = WebsiteNotAsked().run(facts_of(website="http://8.8.8.8/"))
    assert (answer.outcome, answer.facts) == ("skipped", {"asked": False})
    assert answer.summary.startswith("Not asked")
    assert watched == []


def test_no_web_site_is_not_applicable():
    for provider in (WebsiteReachable(), WebsiteNotAsked()):
        assert provider.run(facts_of()).outcome == "skipped"
