"""Hostile texts at every address: in the query, in the path, in every field of a form; never a fault of ours."""

from typing import Any
from urllib.parse import quote, urlencode

from django import forms
from django.db import transaction
from django.test import Client

from partners.models.membership import Role
from portal.navigation import wing_of
from tests.hostile.shop import is_plain
from tests.licensing.exchange.corpus import CANARY_KEY
from tests.policy_world import World
from tests.test_policy_of_every_route import (  # the walk and its world, made for the policies
    ALLAUTH_ARGUMENTS,
    GUEST_PAGES,
    OPEN_PAGES,
    PAGES,
    THIRD_PARTY,
    Route,
    each,
    files,
    own_files,
    permissions_of,
    world,
)

__all__ = ["files", "own_files", "world"]

TEXTS = (
    "\0", "x" * 100_000, "\x1b[31m\u202e", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "' OR 1=1 --",
    "9" * 400, "-1", "NaN", "٣", "0001-01-01", "99999-99-99",
)  # fmt: skip
PATHS = ("\0", "a\0b", "../../etc/passwd", "x" * 2_000, "\u202e", "%", "'", "9" * 400)
# What the tables and lists read, and what views read by hand.
PARAMETERS = (
    "q", "sort", "size", "page", "state", "partner", "country", "placed_from", "placed_to", "at_from", "since_from",
    "actor", "action", "object", "quantity", "reference", "token", "format", "next", "kind",
)  # fmt: skip
BY_HAND = ("person", "theme", "next", "reason", "check", "place", "undo")


def _field_names() -> tuple[str, ...]:
    """Return the names of all fields of all forms of the portal, and those read by hand."""
    names, waiting = set(BY_HAND), [forms.Form]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.startswith("portal."):
            names |= set(found.base_fields)
    return tuple(sorted(names))


def _client(route: Route, world: World) -> Client:
    """Return the browser of somebody who may use the route; a fault of ours is an answer like any other."""
    client = Client(raise_request_exception=False)
    policy = route.policy
    if policy is not None and policy.kind == "guest":
        return world.applicant()
    if policy is not None and policy.kind != "public":
        role = next(
            role
            for role in Role
            if policy.kind == "signed_in"
            or (wing_of(role) in policy.houses and policy.permission in permissions_of(role))
        )
        client.cookies = world.client(role).cookies
    return client


def _is_no_fault(answer: Any, sent: object) -> None:
    assert answer.status_code < 500, (str(sent)[:60], answer.status_code)
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, which closes the file
    elif answer.headers.get("Content-Type", "").startswith("text/html"):
        assert is_plain(answer), str(sent)[:60]
        assert "<script>alert" not in answer.content.decode()


def _rolled_back(act: Any) -> Any:
    """Return what an act returns and undo what it did."""
    with transaction.atomic():
        done = act()
        transaction.set_rollback(True)
    return done


@each(PAGES + OPEN_PAGES + GUEST_PAGES + THIRD_PARTY)
def test_hostile_query_is_no_fault(world: World, route: Route) -> None:
    client, url = _client(route, world), route.url(world)
    for text in TEXTS:
        if len(text) < 10_000:
            query = urlencode(dict.fromkeys(PARAMETERS, text))
            _is_no_fault(_rolled_back(lambda query=query: client.get(f"{url}?{query}")), text)


@each(
    [
        route
        for route in PAGES + OPEN_PAGES + GUEST_PAGES + THIRD_PARTY
        if "<str:" in route.address or route.name in ALLAUTH_ARGUMENTS
    ]
)
def test_hostile_path_is_not_found(world: World, route: Route) -> None:
    client = _client(route, world)
    for text in PATHS:
        address = "/" + "/".join(
            quote(text, safe="") if part.startswith("<str:") else "1" if part.startswith("<") else part
            for part in route.address.split("/")
        )
        answer = client.get(address)
        assert answer.status_code in (302, 400, 404, 405), (text[:20], answer.status_code)
        assert is_plain(answer)


@each(PAGES + OPEN_PAGES + GUEST_PAGES + THIRD_PARTY)
def test_hostile_form_is_no_fault(world: World, route: Route) -> None:
    client, url, names = _client(route, world), route.url(world), _field_names()
    for text in TEXTS:
        answer = _rolled_back(lambda text=text: client.post(url, dict.fromkeys(names, text)))
        _is_no_fault(answer, text)


@each(PAGES + OPEN_PAGES)
def test_form_that_is_no_form_is_no_fault(world: World, route: Route) -> None:
    client, url = _client(route, world), route.url(world)
    bodies = (
        ("application/json", b'{"reason": "x"}'),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file'),
        ("multipart/form-data", b"--b--"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"reason=\xff\xfe"),
        ("application/x-www-form-urlencoded", b"reason=\xff\xfe&note=%ff%fe%00"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(1_100))),
        ("application/x-www-form-urlencoded", b"reason=" + b"x" * 6_000_000),
    )
    for kind, body in bodies:
        _is_no_fault(
            _rolled_back(lambda kind=kind, body=body: client.generic("POST", url, body, content_type=kind)),
            kind,
        )


def test_product_key_in_an_address_is_not_said_back(world: World) -> None:
    owner = Client(raise_request_exception=False)
    owner.cookies = world.client("tpr_owner").cookies
    for address in (
        f"/tpr/keys/{CANARY_KEY}/",
        f"/tpr/order/{CANARY_KEY}/",
        f"/{CANARY_KEY}",
    ):
        answer = owner.get(address)
        assert answer.status_code in (404, 422)
        assert is_plain(answer)
