"""Walk the URLconf: every route has a declared policy, and keeps it for each of the eleven roles.

What is expected comes from the declaration alone (`portal.policy`, `required_scope` of the API, and the
table of permissions); a route without one, or one that behaves otherwise, fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from partners.models.membership import Role
from partners.rules.permissions import permissions_of
from portal.navigation import wing_of
from portal.policy import Policy
from tests import databases
from tests.policy_world import World, make_world, sample_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
LOGIN = "/accounts/login/"

# Third-party routes carry no declaration of ours. Each stands here with what a visitor meets and why
# it is open; an unlisted one fails. "login" means: sent to sign in first.
ALLAUTH: dict[str, tuple[str, str]] = {
    "account_login": ("open", "the door itself"),
    "account_logout": ("away", "leads a visitor home"),
    "account_inactive": ("open", "says that an account is closed"),
    "account_signup": ("open", "says that nobody signs up by himself"),
    "account_reauthenticate": ("login", "asks for the password again"),
    "account_email_verification_sent": ("open", "says that a mail is on its way"),
    "account_confirm_email": ("open", "opened from a mail, by a signed token"),
    "account_change_password": ("login", "one's own password"),
    "account_set_password": ("login", "one's own password"),
    "account_reset_password": ("open", "for who forgot the password; the second factor stays"),
    "account_reset_password_done": ("open", "says that a mail is on its way"),
    "account_reset_password_from_key": ("open", "opened from a mail, by a signed token"),
    "account_reset_password_from_key_done": ("open", "says that the password is new"),
    "account_confirm_login_code": ("away", "unused: sign-in by code is off"),
    "mfa_index": ("login", "one's own second factors"),
    "mfa_authenticate": ("away", "second step of a sign-in; without the first it leads back"),
    "mfa_reauthenticate": ("login", "asks for the second factor again"),
    "mfa_activate_totp": ("login", "one's own second factor"),
    "mfa_deactivate_totp": ("login", "one's own second factor; the last one stays"),
    "mfa_list_webauthn": ("login", "one's own passkeys"),
    "mfa_add_webauthn": ("login", "one's own passkeys"),
    "mfa_edit_webauthn": ("login", "one's own passkeys; another's is not found"),
    "mfa_remove_webauthn": ("login", "one's own passkeys; the last one stays, another's is not found"),
    "mfa_reauthenticate_webauthn": ("login", "asks for the passkey again"),
    "mfa_login_webauthn": ("away", "the door by passkey; opened by hand it leads to the other"),
    "mfa_view_recovery_codes": ("login", "one's own codes"),
    "mfa_generate_recovery_codes": ("login", "one's own codes"),
    "mfa_download_recovery_codes": ("login", "one's own codes"),
}
# Answers that read nothing of a request: the two of a probe, and the API's description by its library.
ANY_METHOD = ("health-live", "health-ready", "api-schema", "api-docs")
ALLAUTH_ARGUMENTS = {"key": "abc", "uidb36": "1", "pk": 1}


@dataclass(frozen=True)
class Route:
    """One address with its view."""

    address: str
    name: str
    view: Any
    arguments: tuple[str, ...]

    @property
    def policy(self) -> Policy | None:
        """Return what the view declares."""
        declared = getattr(self.view, "policy", None)
        return declared if isinstance(declared, Policy) else None

    @property
    def api(self) -> Any:
        """Return the API's view class, None for a page."""
        found = getattr(self.view, "cls", None)
        return found if hasattr(found, "required_scope") else None

    @property
    def methods(self) -> frozenset[str]:
        """Return the methods the view declares by Django's decorators or by its own functions."""
        if self.api is not None:
            return frozenset(method for method in METHODS if hasattr(self.api, method.lower()))
        view = self.view
        while view is not None:
            names = getattr(getattr(view, "__code__", None), "co_freevars", ())
            if "request_method_list" in names:
                return frozenset(view.__closure__[names.index("request_method_list")].cell_contents)
            view = getattr(view, "__wrapped__", None)
        return frozenset()

    def url(self, world: World, which: str = "own") -> str:
        """Return the address with its arguments filled in."""
        return reverse(self.name, kwargs={name: self._fill(world, name, which) for name in self.arguments})

    def _fill(self, world: World, name: str, which: str) -> Any:
        if self.name in ALLAUTH:
            return ALLAUTH_ARGUMENTS[name]
        sample = sample_of(self.address, name)
        if which == "missing":
            return sample.missing
        asked = sample.foreign if which == "foreign" else sample.own
        return asked(world) if asked else None

    @property
    def has_foreign(self) -> bool:
        """Return whether another house's object can be asked for."""
        return any(sample_of(self.address, name).foreign for name in self.arguments)


def _walk(
    resolver: Any, address: str = "", namespace: str = "", before: tuple[str, ...] = ()
) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = address + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, path, inner, (*before, *pattern.pattern.regex.groupindex))
        elif isinstance(pattern, URLPattern):
            arguments = (*before, *pattern.pattern.regex.groupindex)
            yield Route(path, namespace + (pattern.name or ""), pattern.callback, arguments)


ROUTES = list(_walk(get_resolver()))
PAGES = [route for route in ROUTES if route.policy and route.policy.kind == "permission"]
OPEN_PAGES = [route for route in ROUTES if route.policy and route.policy.kind in ("public", "signed_in")]
GUEST_PAGES = [route for route in ROUTES if route.policy and route.policy.kind == "guest"]
CALLS = [route for route in ROUTES if route.api is not None]
THIRD_PARTY = [route for route in ROUTES if route.name in ALLAUTH]


def each(routes: list[Route]) -> Any:
    """Run a test once a route."""
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.name)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Store files where the whole module finds them."""
    kept = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    return {"default": kept | {"OPTIONS": {"location": tmp_path_factory.mktemp("files")}}}


@pytest.fixture(autouse=True)
def own_files(files: Any, settings: Any) -> None:
    """Find the world's files again in every test."""
    settings.STORAGES = settings.STORAGES | files


@pytest.fixture(autouse=True)
def long_day(settings: Any) -> None:
    """Let a second factor and a session of the world stay fresh: on a slow machine the walk takes its time."""
    settings.STEP_UP_SECONDS = settings.SESSION_IDLE_SECONDS = settings.SESSION_IDLE_SECONDS_WITH_KEYS = (
        86_400
    )


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, files: Any) -> Iterator[World]:
    """Make the world once; each test rolls back what it did to it."""
    with django_db_blocker.unblock(), override_settings(STORAGES=django_settings.STORAGES | files):
        before = connection.settings_dict["NAME"]
        name = databases.clone(databases.ensure_template(), label="routes")
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield make_world()
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            databases.drop(name)


def _undeclared(routes: list[Route]) -> list[str]:
    return [
        f"{route.address} ({route.name})"
        for route in routes
        if not (route.policy or route.name in ALLAUTH or (route.api and route.api.required_scope is not None))
    ]


def test_every_route_declares_its_policy() -> None:
    assert _undeclared(ROUTES) == []
    assert len(PAGES) > 30
    assert len(CALLS) > 5


def test_no_two_routes_share_a_name() -> None:
    names = [route.name for route in ROUTES]
    assert {name for name in names if names.count(name) > 1 or name.endswith(":") or not name} == set()


def test_route_without_a_declaration_is_found() -> None:
    def view(request: Any) -> None: ...

    class Call:
        required_scope = None

    view_of_api: Any = lambda request: None  # noqa: E731
    view_of_api.cls = Call
    planted = [Route("secret/", "secret", view, ()), Route("api/v1/secret", "api-secret", view_of_api, ())]
    assert _undeclared(planted) == ["secret/ (secret)", "api/v1/secret (api-secret)"]


def test_every_listed_third_party_route_exists_and_says_why() -> None:
    assert {route.name for route in THIRD_PARTY} == set(ALLAUTH)
    assert all(reason for _kind, reason in ALLAUTH.values())


@each([route for route in ROUTES if route.name not in {*ALLAUTH, *ANY_METHOD}])
def test_every_view_declares_its_methods(route: Route) -> None:
    assert route.methods


@pytest.mark.django_db
@each(PAGES)
def test_page_sends_a_visitor_to_sign_in(world: World, route: Route) -> None:
    url = route.url(world)
    for method in METHODS:
        response = Client().generic(method, url)
        assert (response.status_code, urlsplit(response["Location"]).path) == (302, LOGIN), method


@pytest.mark.django_db
@each(PAGES)
def test_page_opens_for_its_roles_and_no_other(world: World, route: Route) -> None:
    url = route.url(world)
    method = "GET" if "GET" in route.methods else "POST"
    met = {}
    for role in Role:
        met[role.value] = _verdict(_status(world.client(role.value), method, url), method)
    assert met == {role.value: _expected(route, role.value) for role in Role}


def _status(client: Client, method: str, url: str) -> int:
    response = client.generic(method, url)
    if response.streaming:
        b"".join(response.streaming_content)  # a download holds its file open until it is read
    return response.status_code


def _verdict(status: int, method: str) -> str:
    if status in (403, 404):
        return str(status)
    # An empty form is refused, or does what its page says; either way the person was let in.
    let_in = (200, 302) if method == "GET" else (200, 302, 400, 409, 422)
    return "in" if status in let_in else f"unexpected {status}"


def _expected(route: Route, role: str) -> str:
    policy = route.policy
    assert policy is not None
    if wing_of(role) not in policy.houses:
        return "404"
    if policy.permission not in permissions_of(role):
        return "403"
    # Objects of the house pages are the partner's; to the MAR they do not exist.
    is_house_object = route.arguments and set(policy.houses) == {"tpr", "mar"}
    return "404" if is_house_object and wing_of(role) == "mar" else "in"


@pytest.mark.django_db
@each([route for route in PAGES if route.arguments])
def test_foreign_and_missing_objects_are_the_same_404(world: World, route: Route) -> None:
    role = _someone_let_in(route)
    for method in route.methods:
        missing = world.client(role).generic(method, route.url(world, "missing"))
        assert missing.status_code == 404, method
        if not route.has_foreign:
            continue
        own = world.client("stranger").generic(method, route.url(world))
        foreign = world.client(role).generic(method, route.url(world, "foreign"))
        assert (own.status_code, foreign.status_code) == (404, 404), method
        assert _bare(foreign, route.url(world, "foreign")) == _bare(missing, route.url(world, "missing"))


def _someone_let_in(route: Route) -> str:
    return next(role.value for role in Role if _expected(route, role.value) == "in")


def _bare(response: Any, url: str) -> str:
    """Return the page without what changes at every request: its address, token and request id."""
    text = response.content.decode().replace(url, "ADDRESS")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "TOKEN", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "REQUEST", text)


@pytest.mark.django_db
@each([route for route in PAGES if route.policy and route.policy.needs_fresh_factor])
def test_page_that_needs_it_asks_for_a_fresh_second_factor(world: World, route: Route) -> None:
    role = _someone_let_in(route)
    for method in ("GET", "POST"):
        response = world.tired_client(role).generic(method, route.url(world))
        assert response.status_code == 302
        assert urlsplit(response["Location"]).path == "/accounts/2fa/reauthenticate/"


@pytest.mark.django_db
@each(PAGES)
def test_page_answers_only_its_methods(world: World, route: Route) -> None:
    client = world.client(_someone_let_in(route))
    refused = {method for method in METHODS if _status(client, method, route.url(world)) == 405}
    assert refused == set(METHODS) - route.methods


@pytest.mark.django_db
@each(OPEN_PAGES)
def test_open_page_needs_nobody(world: World, route: Route) -> None:
    assert route.policy is not None
    url = route.url(world)
    method = "POST" if route.methods and "GET" not in route.methods else "GET"
    response = Client().generic(method, url)
    if route.policy.kind == "signed_in":
        assert urlsplit(response["Location"]).path == LOGIN
        for role in Role:
            # A session or a link that is not one's own is not found.
            assert world.client(role.value).generic(method, url).status_code in (200, 302, 404)
    else:
        # A form sent empty is refused; a mail, an invitation or a person that is not there is not found.
        assert response.status_code in {"GET": (200, 302, 404)}.get(method, (302, 404, 422))
        assert LOGIN not in response.get("Location", "")


@pytest.mark.django_db
@each([route for route in OPEN_PAGES if route.methods])
def test_open_page_answers_only_its_methods(world: World, route: Route) -> None:
    client = world.client("tpr_owner")
    refused = {method for method in METHODS if _status(client, method, route.url(world)) == 405}
    assert refused == set(METHODS) - route.methods


@pytest.mark.django_db
@each(GUEST_PAGES)
def test_applicants_page_leads_everyone_else_to_the_start_of_an_application(
    world: World, route: Route
) -> None:
    url = route.url(world)
    for client in (Client(), world.client("tpr_owner"), world.client("mar_admin")):
        for method in METHODS:
            response = client.generic(method, url)
            assert (response.status_code, response["Location"]) == (302, "/apply/"), method


@pytest.mark.django_db
@each(GUEST_PAGES)
def test_applicants_page_answers_him_only_its_methods(world: World, route: Route) -> None:
    url = route.url(world)
    # Each method by an applicant of its own: the form that ends an application closes the next pages.
    refused = {method for method in METHODS if _status(world.applicant(), method, url) == 405}
    assert refused == set(METHODS) - route.methods


@pytest.mark.django_db
@each(THIRD_PARTY)
def test_third_party_route_meets_a_visitor_as_listed(world: World, route: Route) -> None:
    kind, _reason = ALLAUTH[route.name]
    response = Client().get(route.url(world))
    where = urlsplit(response.get("Location", "")).path
    if kind == "login":
        assert (response.status_code, where) == (302, LOGIN)
    elif kind == "away":
        assert response.status_code == 302
    else:
        assert response.status_code == 200


def _call(world: World, route: Route, method: str, secret: str | None, which: str = "own") -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return Client().generic(
        method, route.url(world, which), data=b"{}", content_type="application/json", headers=headers
    )


def _scope(route: Route, method: str) -> str:
    wanted = route.api.required_scope
    return str(wanted[method] if isinstance(wanted, dict) else wanted)


@pytest.mark.django_db
@each(CALLS)
def test_call_is_closed_without_a_key_to_the_other_side_and_without_the_scope(
    world: World, route: Route
) -> None:
    for method in route.methods:
        wanted = _scope(route, method)
        assert _call(world, route, method, None).status_code == 401
        assert _call(world, route, method, "rlp_live_" + "A" * 38).status_code == 401
        other_side = "mar" if route.api.side == "partner" else "own"
        assert _call(world, route, method, world.secrets[other_side]).status_code == 403
        for scope, secret in world.secrets.items():
            if ":" in scope and wanted:
                let_in = _call(world, route, method, secret).status_code not in (401, 403)
                assert let_in == (scope == wanted), (method, scope)


@pytest.mark.django_db
@each(CALLS)
def test_call_opens_with_the_scope_and_answers_only_its_methods(world: World, route: Route) -> None:
    for method in METHODS:
        status = _call(world, route, method, world.secrets["own"]).status_code
        if method not in route.methods:
            assert status == 405, method
        else:
            # An empty body is no order, and what was delivered is not cancelled: refused after the door.
            assert status in ((200,) if method == "GET" else (200, 201, 400, 409, 415, 422)), method


@pytest.mark.django_db
@each([route for route in CALLS if route.arguments])
def test_foreign_and_missing_objects_of_a_call_are_the_same_404(world: World, route: Route) -> None:
    for method in route.methods:
        foreign = _call(world, route, method, world.secrets["own"], "foreign")
        missing = _call(world, route, method, world.secrets["own"], "missing")
        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
        assert _call(world, route, method, world.secrets["stranger"]).status_code == 404
