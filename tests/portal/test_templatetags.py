"""The tags of the portal: money, numbers, times, masked keys, timeline, forms."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from core.money import Money
from portal import formatting
from portal.forms import IdempotencyField, MultipleFileField

NOON = dt.datetime(2026, 11, 22, 13, 3, 11, tzinfo=dt.UTC)
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


def draw(source: str, **context: Any) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


def plain(text: str) -> str:
    """Make the unbreakable spaces of CLDR comparable."""
    return text.translate(SPACES)


@pytest.fixture(autouse=True)
def in_amsterdam() -> Iterator[None]:
    with timezone.override(ZoneInfo("Europe/Amsterdam")), translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "€12,110.50"),
        ("de", "12.110,50 €"),
        ("fr", "12 110,50 €"),
        ("nl", "€ 12.110,50"),
        ("pl", "12 110,50 €"),
    ],
)
def test_money_follows_the_language(language: str, expected: str) -> None:
    with translation.override(language):
        assert plain(formatting.money(Decimal("12110.5"), "EUR")) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "22 Nov 2026"),
        ("de", "22.11.2026"),
        ("fr", "22 nov. 2026"),
        ("nl", "22 nov 2026"),
        ("pl", "22 lis 2026"),
    ],
)
def test_a_day_follows_the_language(language: str, expected: str) -> None:
    with translation.override(language):
        assert formatting.day(dt.date(2026, 11, 22)) == expected


def test_an_unknown_language_falls_back_to_british_english() -> None:
    with translation.override("tlh"):
        assert formatting.day(dt.date(2026, 11, 22)) == "22 Nov 2026"


def test_money_is_drawn_from_an_object_a_pair_and_apart() -> None:
    drawn = draw(
        "{{ a|money }} {{ b|money }} {{ c|money:'PLN' }}",
        a=Money(Decimal(5), "EUR"),
        b=(Decimal(5), "EUR"),
        c=5,
    )
    shown = ("€5.00", "€5.00", "PLN\u00a05.00")
    assert drawn == " ".join(f'<span class="tabular">{text}</span>' for text in shown)


def test_a_moment_is_shown_in_the_zone_of_the_reader() -> None:
    drawn = draw("{% when at 'exact' %}", at=NOON)
    assert 'datetime="2026-11-22T13:03:11+00:00"' in drawn
    assert ">22 Nov 2026, 14:03<" in drawn
    assert "22 Nov 2026, 14:03:11 CET" in drawn


def test_evidence_shows_seconds_and_zone() -> None:
    assert ">22 Nov 2026, 14:03:11 CET<" in draw("{% when at 'evidence' %}", at=NOON)


def test_relative_time_carries_the_exact_one_for_hover_and_keyboard() -> None:
    drawn = draw("{% when at %}", at=timezone.now() - dt.timedelta(hours=2))
    assert ">2 hours ago<" in drawn
    assert "data-tip=" in drawn
    assert 'tabindex="0"' in drawn


def test_a_day_near_midnight_is_that_of_the_reader() -> None:
    assert formatting.day(dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC)) == "23 Nov 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "just now"), (-10, "just now"), (-3600, "1 hour ago"), (86400 * 3, "in 3 days")],
)
def test_distance_in_words(seconds: int, words: str) -> None:
    assert formatting.relative(NOON + dt.timedelta(seconds=seconds), now=NOON) == words


def test_a_masked_key_shows_its_last_five_only() -> None:
    assert formatting.masked_key("7F3QK") == "•••••-…-7F3QK"
    assert formatting.masked_key("BCDFG-HJKMP-QRTVW-XY234-67F3QK") == "•••••-…-7F3QK"
    drawn = draw("{{ key|masked_key }}", key="BCDFGHJKMP7F3QK")
    assert "7F3QK" in drawn
    assert "BCDFG" not in drawn


@pytest.mark.parametrize(
    "source",
    [
        "{{ x|money }}",
        "{{ x|number }}",
        "{{ x|day }}",
        "{{ x|mono }}",
        "{{ x|masked_key }}",
        "{% when x %}",
        "{{ x|fact }}",
    ],
)
def test_a_missing_value_is_a_dash_read_as_none(source: str) -> None:
    drawn = draw(source, x=None)
    assert "–" in drawn
    assert ">none<" in drawn


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1284, ">1,284<"),
        (Money(Decimal(3), "EUR"), ">€3.00<"),
        (True, "yes"),
        (dt.date(2026, 12, 5), ">5 Dec 2026<"),
        ("a <b>", "a &lt;b&gt;"),
        (0, ">0<"),
        ("2026-10-01", "1 Oct 2026"),
        ("2026-02-31", "2026-02-31"),
        ("2026-11-21T13:05:30.352219+00:00", ">21 Nov 2026, 14:05<"),
        ("2026-13-45T13:05:30+00:00", "2026-13-45T13:05:30+00:00"),
        ("1140.00 EUR", ">€1,140.00<"),
        ("100000 EUR", ">€100,000.00<"),
        ("1140 EUROS", "1140 EUROS"),
    ],
)
def test_a_fact_is_written_by_its_type(value: object, words: str) -> None:
    assert words in draw("{{ x|fact }}", x=value)


def test_a_status_has_icon_word_colour_and_sentence() -> None:
    drawn = draw('{% status "order" "allocated" %}')
    assert 'class="state tone-success"' in drawn
    assert 'title="All keys are assigned. You can use them now."' in drawn
    assert "#tabler-key" in drawn
    assert "Keys ready" in drawn


def test_an_unknown_icon_becomes_a_point() -> None:
    assert "#tabler-point" in draw('{% icon "no-such-drawing" %}')


def test_a_timeline_groups_by_day_newest_first_and_folds_system_events() -> None:
    events = [
        {"at": NOON - dt.timedelta(days=1), "text": "Placed", "actor": "Anna"},
        {"at": NOON, "text": "Reported"},
        {"at": NOON, "text": "Sealed", "is_system": True},
    ]
    drawn = draw(
        "{% timeline events upcoming %}", events=events, upcoming=[{"text": "Report it", "due": NOON.date()}]
    )
    assert drawn.index("Report it") < drawn.index("22 Nov 2026</time></h3>") < drawn.index("Reported")
    assert (
        drawn.index("Reported")
        < drawn.index("1 system event")
        < drawn.index("Sealed")
        < drawn.index("Placed")
    )


class Sample(forms.Form):
    token = IdempotencyField()
    company = forms.CharField(label="Company", help_text="As registered.")
    note = forms.CharField(label="Note", required=False)
    kind = forms.ChoiceField(label="Kind", widget=forms.RadioSelect, choices=[("a", "A"), ("b", "B")])
    agree = forms.BooleanField(label="We agree")
    files = MultipleFileField(label="Files", accept=".pdf", required=False)


def test_a_field_has_label_above_hint_and_an_optional_mark() -> None:
    drawn = str(Sample())
    assert drawn.index("Company</label>") < drawn.index("As registered.") < drawn.index('name="company"')
    assert drawn.count("(optional)") == 2
    assert "error-summary" not in drawn


def test_an_error_is_in_the_summary_with_a_link_and_above_its_field() -> None:
    drawn = str(Sample({"company": "", "note": "kept"}))
    assert 'href="#id_company"' in drawn
    assert 'href="#id_kind_0"' in drawn
    assert 'id="id_company_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'aria-describedby="id_company_helptext id_company_error"' in drawn
    assert 'value="kept"' in drawn
    summary, fields = drawn.split("</div>", 1)
    assert "Company – This field is required." in summary
    assert fields.index('id="id_company_error"') < fields.index('name="company"')


def test_a_form_carries_a_fresh_token_each_time() -> None:
    first, second = (Sample()["token"].value() for _ in range(2))
    assert first != second


def test_several_files_clean_to_a_list_and_none_to_an_empty_one() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.utils.datastructures import MultiValueDict

    chosen = [SimpleUploadedFile(f"{n}.pdf", b"x") for n in "ab"]
    form = Sample({}, MultiValueDict({"files": chosen}))
    form.full_clean()
    assert [file.name for file in form.cleaned_data["files"]] == ["a.pdf", "b.pdf"]
    empty = Sample({}, MultiValueDict())
    empty.full_clean()
    assert empty.cleaned_data["files"] == []
