"""The domain of the contact's address."""

import socket

import pytest

from partners.checks.base import ProviderUnavailable
from partners.checks.email_domain import (
    EmailDomain,
    domain_exists,
    free_mail_domains,
    registered_domain,
    throw_away_domains,
)
from tests.partners.checks.servers import facts_of


@pytest.mark.parametrize(
    ("address", "website", "outcome", "found"),
    [
        ("eva@kreislauf.example", "", "clear", "own"),
        ("eva@kreislauf.example", "https://www.kreislauf.example/shop", "clear", "own"),
        ("eva@mail.kreislauf.example", "https://kreislauf.example", "clear", "own"),
        ("eva@gmail.com", "https://www.kreislauf.example", "attention", "free_mail"),
        ("eva@GMX.de", "", "attention", "free_mail"),
        ("eva@mailinator.com", "", "attention", "throw_away"),
        ("eva@x.mailinator.com", "", "attention", "throw_away"),
        ("eva@kreislauf.example", "https://andere.example", "attention", "other_domain"),
        ("eva@shop-a.co.uk", "https://shop-b.co.uk", "attention", "other_domain"),
        ("eva@kreislauf.example", "http://[broken", "clear", "own"),
    ],
)
def test_the_domain_is_told_apart(address, website, outcome, found):
    answer = EmailDomain().run(facts_of(contact_email=address, website=website))
    assert (answer.outcome, answer.facts["found"]) == (outcome, found)


def test_no_list_blocks_by_itself():
    outcomes = {
        EmailDomain().run(facts_of(contact_email=f"a@{domain}")).outcome
        for domain in free_mail_domains() | throw_away_domains()
    }
    assert outcomes == {"attention"}


def test_the_lists_hold_domains_each_once_in_one_list():
    assert free_mail_domains() & throw_away_domains() == frozenset()
    assert [
        name for name in free_mail_domains() | throw_away_domains() if name != name.lower() or "." not in name
    ] == []


def test_without_the_switch_the_name_system_is_not_asked(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("asked the name system")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert EmailDomain().run(facts_of()).outcome == "clear"


def test_with_the_switch_an_unknown_domain_asks_for_a_look():
    answer = EmailDomain(exists=lambda _domain: False).run(facts_of())
    assert (answer.outcome, answer.facts["found"]) == ("attention", "unknown_domain")


@pytest.mark.parametrize(("errno", "expected"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, None)])
def test_a_name_system_that_is_away_says_nothing_about_the_domain(monkeypatch, errno, expected):
    def answer(*_args, **_kwargs):
        raise socket.gaierror(errno, "said")

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    if expected is None:
        with pytest.raises(ProviderUnavailable):
            domain_exists("kreislauf.example")
    else:
        assert domain_exists("kreislauf.example") is expected


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.shop.de", "shop.de"),
        ("a.b.shop.co.uk", "shop.co.uk"),
        ("co.uk", "co.uk"),
        ("shop.de.", "shop.de"),
    ],
)
def test_the_registered_domain_is_found(host, domain):
    assert registered_domain(host) == domain
