"""The table component: filter, sort and page in the URL, two queries, no surprise from a hostile one."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django_htmx.middleware import HtmxDetails

from core.models import User
from portal import tables
from portal.tables import ChoiceFilter, Column, DateRangeFilter, Export, Table, TextFilter, render_table

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


class PeopleTable(Table):
    dom_id = "people"
    caption = "People"
    columns = (
        Column("name", "Name", sort="name", primary=True),
        Column("email", "Mail", kind="mono"),
        Column("joined", "Joined", kind="datetime", accessor="joined_at", sort="joined_at"),
        Column("theme", "Look", accessor=lambda person: person.theme.upper()),
    )
    filters = (
        ChoiceFilter("theme", "Look", choices=[("dark", "Dark"), ("light", "Light")]),
        TextFilter("mail", "Mail", "email__exact", normalise=str.lower),
        DateRangeFilter("joined", "Joined", "joined_at"),
    )
    search = ("name", "email")
    order = "-joined"
    page_sizes = (3, 5)

    def row_url(self, row: Any) -> str:
        return f"/people/{row.email}/"


@pytest.fixture(autouse=True)
def seven_people() -> Iterator[None]:
    User.objects.bulk_create(
        User(
            email=f"p{n}@tables.example",
            name=f"Person {n}",
            theme="dark" if n % 2 else "light",
            joined_at=START + dt.timedelta(days=n),
        )
        for n in range(1, 8)
    )
    with translation.override("en"), timezone.override(ZoneInfo("Europe/Amsterdam")):
        yield


def people() -> Any:
    return User.objects.filter(email__endswith="@tables.example")


def table(query: str = "", kind: type[Table] = PeopleTable, **options: Any) -> Table:
    return kind(RequestFactory().get(f"/people/?{query}"), people(), **options)


def names(shown: Table) -> list[str]:
    return [row.source.name[-1] for row in shown.rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "765"),
        ("page=2", "432"),
        ("page=3", "1"),
        ("page=99", "1"),
        ("page=-1", "765"),
        ("page=abc", "765"),
        ("page=%C2%B2", "765"),
        ("page=99999999999999999999", "765"),
        ("size=5", "76543"),
        ("size=1000", "765"),
        ("sort=name", "123"),
        ("sort=-name", "765"),
        ("sort=password", "765"),
        ("sort=email", "765"),
        ("sort=theme", "765"),
        ("sort=joined_at__date", "765"),
        ("theme=dark", "753"),
        ("theme=dark&sort=name", "135"),
        ("theme=nonsense", ""),
        ("mail=P3@TABLES.example", "3"),
        ("mail=p3", ""),
        ("q=person+2", "2"),
        ("q=P4@tables", "4"),
        ("q=nobody", ""),
        ("q=x%00y", ""),
        ("joined_from=2026-11-07", "76"),
        ("joined_to=2026-11-03", "21"),
        ("joined_from=2026-11-03&joined_to=2026-11-04", "32"),
        ("joined_from=yesterday", ""),
        ("joined_to=9999-12-31", ""),
        ("password=x", "765"),
        ("theme__in=dark", "765"),
    ],
)
def test_rows_follow_the_url_and_only_what_is_named_there(query: str, expected: str) -> None:
    assert "".join(names(table(query))) == expected


def test_a_day_ends_at_midnight_of_the_reader() -> None:
    User.objects.create(
        email="late@tables.example",
        name="Person 9",
        joined_at=dt.datetime(2026, 10, 31, 23, 30, tzinfo=dt.UTC),
    )
    assert names(table("joined_to=2026-11-01")) == ["9"]
    with timezone.override("UTC"):
        assert names(table("joined_to=2026-10-31")) == ["9"]


@pytest.mark.parametrize("amount", [1, 3])
def test_a_page_counts_takes_its_keys_and_then_its_rows(amount: int) -> None:
    keep = [f"p{n}@tables.example" for n in range(1, amount + 1)]
    shown = PeopleTable(RequestFactory().get("/people/"), people().filter(email__in=keep))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = render_table(request_like(shown.request), "components/table.html", {"table": shown})
    assert response.status_code == 200
    assert len(queries) == 3


def test_the_count_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "COUNT_CAP", 6)
    shown = table("page=50")
    assert (shown.count, shown.count_text, shown.is_capped, shown.page_count) == (7, "6+", True, 2)
    assert shown.range_text == "4–6 of 6+"


def test_a_heading_offers_the_other_direction_and_says_the_present_one() -> None:
    headings = {heading.column.key: heading for heading in table("sort=name&page=2").headings}
    assert (headings["name"].direction, headings["name"].sort_url) == ("ascending", "/people/?sort=-name")
    assert (headings["joined"].direction, headings["joined"].sort_url) == ("", "/people/?sort=joined")
    assert headings["email"].sort_url == ""


def test_the_default_order_is_marked_too() -> None:
    headings = {heading.column.key: heading for heading in table().headings}
    assert (headings["joined"].direction, headings["joined"].sort_url) == (
        "descending",
        "/people/?sort=joined",
    )


def test_chips_name_each_filter_and_take_only_it_off() -> None:
    shown = table("q=person&theme=dark&joined_from=2026-11-02&joined_to=2026-11-05&sort=name&page=2")
    assert [(str(chip.label), str(chip.value)) for chip, _url in shown.chips] == [
        ("Search", "person"),
        ("Look", "Dark"),
        ("Joined", "2 Nov 2026 to 5 Nov 2026"),
    ]
    assert shown.chips[1][1] == "/people/?q=person&joined_from=2026-11-02&joined_to=2026-11-05&sort=name"
    assert shown.clear_url == "/people/?sort=name"


def test_pages_and_exports_keep_the_filter() -> None:
    shown = table("theme=light&size=3&sort=name", exports=[Export("CSV", "/people.csv")])
    assert shown.next_url == ""
    assert [link.url for link in shown.size_links] == [
        "/people/?theme=light&size=3&sort=name",
        "/people/?theme=light&size=5&sort=name",
    ]
    assert shown.export_links[0].url == "/people.csv?theme=light&size=3&sort=name"
    assert table("sort=name").next_url == "/people/?sort=name&page=2"
    assert table("sort=name&page=2").previous_url == "/people/?sort=name&page=1"


def test_the_filter_form_carries_sorting_and_foreign_parameters_along() -> None:
    assert table("q=x&theme=dark&sort=name&page=2&tab=keys").kept_parameters == [
        ("sort", "name"),
        ("tab", "keys"),
    ]


def test_two_tables_of_one_page_do_not_share_parameters() -> None:
    class Second(PeopleTable):
        prefix = "b-"

    query = "sort=name&b-sort=-name&b-theme=dark"
    assert names(table(query)) == ["1", "2", "3"]
    second = table(query, kind=Second)
    assert names(second) == ["7", "5", "3"]
    assert second.next_url == "/people/?sort=name&b-sort=-name&b-theme=dark&b-page=2"


def test_what_was_typed_is_escaped_everywhere() -> None:
    drawn = page("q=%22%3E%3Cscript%3E&mail=%3Cb%3E")
    assert "<script>" not in drawn
    assert "<b>" not in drawn


def test_a_list_without_rows_says_why_and_what_to_do() -> None:
    nothing_matches = page("q=nobody")
    assert "Nothing matches" in nothing_matches
    assert 'href="/people/"' in nothing_matches

    request = RequestFactory().get("/people/")
    shown = PeopleTable(
        request, people().none(), empty=tables.Empty("No people yet", "Invite one.", "Invite", "/invite/")
    )
    nothing_yet = render_table(
        request_like(request), "components/table.html", {"table": shown}
    ).content.decode()
    assert "No people yet" in nothing_yet
    assert 'href="/invite/"' in nothing_yet
    assert 'type="search"' not in nothing_yet


def test_a_row_is_headed_by_its_primary_cell_and_labels_the_others_for_phones() -> None:
    drawn = page("mail=p3@tables.example")
    assert '<a href="/people/p3@tables.example/" data-row-link>Person 3</a></th>' in drawn
    assert 'data-label="Mail"' in drawn
    assert 'aria-sort="descending"' in drawn
    assert drawn.count("data-row-link") == 1


@pytest.mark.parametrize(
    ("headers", "is_partial"),
    [
        ({}, False),
        ({"HX-Request": "true", "HX-Target": "people"}, True),
        ({"HX-Request": "true", "HX-Target": "other"}, False),
        ({"HX-Request": "true", "HX-Target": "people", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_htmx_gets_the_table_alone_and_everyone_else_the_page(
    headers: dict[str, str], is_partial: bool
) -> None:
    request = request_like(RequestFactory().get("/people/", headers=headers))
    shown = PeopleTable(request, people())
    response = render_table(request, "base.html", {"table": shown})
    assert response.content.lstrip().startswith(b"<section") is is_partial
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].split(", "))


def test_a_missing_relation_on_the_way_to_a_value_is_a_dash() -> None:
    class Nothing:
        partner = None

    column = Column("partner", "Partner", accessor="partner.name")
    assert "–" in column.html(Nothing())


def test_a_state_that_is_missing_is_a_dash_and_no_badge() -> None:
    class Nothing:
        stop = None

    drawn = Column("stop", "Stopped", kind="status", status="batch_stop").html(Nothing())
    assert "–" in drawn
    assert 'class="state' not in drawn


def page(query: str) -> str:
    request = request_like(RequestFactory().get(f"/people/?{query}"))
    shown = PeopleTable(request, people())
    return render_table(request, "components/table.html", {"table": shown}).content.decode()


def request_like(request: HttpRequest) -> HttpRequest:
    """Give a bare request what the middleware would have put on it."""
    from django.contrib.auth.models import AnonymousUser

    request.user = AnonymousUser()
    request.htmx = HtmxDetails(request)
    return request
