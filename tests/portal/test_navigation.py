"""Who sees which entry in the left bar."""

from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch

from partners.rules.permissions import ALL_PERMISSIONS, PERMISSIONS, permissions_of
from portal import navigation
from portal.icons import ICONS
from portal.navigation import ENTRIES, build, wing_of


@pytest.fixture(autouse=True)
def every_address_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        navigation, "reverse", lambda name: "/" + name.replace(":", "/").replace("/home", "") + "/"
    )


def bar(role: str, path: str = "/") -> list[navigation.NavItem]:
    request = RequestFactory().get(path)
    request.membership = SimpleNamespace(role=role)  # type: ignore[attr-defined]
    request.permissions = permissions_of(role)  # type: ignore[attr-defined]
    return build(request)


@pytest.mark.parametrize("role", PERMISSIONS)
def test_a_role_has_a_home_and_a_short_bar(role: str) -> None:
    items = bar(role)
    assert items[0].icon in {"home", "activity"}
    assert len(items) <= 10
    assert len({item.url for item in items}) == len(items)
    assert len({item.shortcut for item in items}) == len(items)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.url_name)
def test_an_entry_names_a_real_permission_and_a_real_icon(entry: navigation.Entry) -> None:
    assert entry.permission in ALL_PERMISSIONS | {""}
    assert entry.icon in ICONS


def test_a_refurbisher_never_sees_an_entry_of_the_programme_office() -> None:
    assert {wing for entry in ENTRIES for wing in entry.wings if "tpr" in entry.wings} == {"tpr"}
    assert all(item.url.startswith("/tpr/") for item in bar("tpr_owner"))


def test_a_visitor_without_a_role_sees_nothing() -> None:
    assert build(RequestFactory().get("/")) == []


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/tpr/", "Home"),
        ("/tpr/order-list/", "Orders"),
        ("/tpr/order-list/1042/", "Orders"),
        ("/tpr/recipient-list/1/", "Order"),
        ("/tpr/else/", None),
        ("/else/", None),
    ],
)
def test_the_entry_a_page_lies_under_is_marked(path: str, label: str | None) -> None:
    assert [str(item.label) for item in bar("tpr_owner", path) if item.is_active] == (
        [label] if label else []
    )


def test_an_address_that_does_not_exist_yet_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        if name == "tpr:home":
            return "/tpr/"
        raise NoReverseMatch(name)

    monkeypatch.setattr(navigation, "reverse", missing)
    assert [item.url for item in bar("tpr_owner")] == ["/tpr/"]


@pytest.mark.parametrize(
    ("role", "wing"),
    [("tpr_buyer", "tpr"), ("mar_stock", "mar"), ("compliance", "compliance"), ("auditor", "compliance")],
)
def test_the_wing_follows_the_role(role: str, wing: str) -> None:
    assert wing_of(role) == wing
