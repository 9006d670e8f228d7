"""One schema for form and API: what it may say, and that it says the same as JSON Schema does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from licensing.rules.required_fields import check_fields, fields_of, schema_faults

LABELS = {"en": "Wipe certificate", "de": "Löschzertifikat"}
PROPERTIES: dict[str, Any] = {
    "certificate": {"type": "string", "minLength": 1, "maxLength": 12, "x-labels": LABELS},
    "standard": {"type": "string", "enum": ["NIST 800-88", "IEEE 2883"], "x-labels": LABELS},
    "devices": {"type": "integer", "minimum": 1, "maximum": 99, "x-labels": LABELS},
    "is_wiped": {"type": "boolean", "x-labels": LABELS},
    "wiped_on": {"type": "string", "format": "date", "x-labels": LABELS},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": PROPERTIES,
    "required": ["certificate", "is_wiped"],
    "additionalProperties": False,
}
GOOD = {
    "certificate": "A-1",
    "standard": "IEEE 2883",
    "devices": 9,
    "is_wiped": True,
    "wiped_on": "2026-11-02",
}


def test_good_details_pass_and_nothing_is_asked_without_a_schema() -> None:
    assert schema_faults(SCHEMA) == schema_faults({}) == []
    assert check_fields(SCHEMA, GOOD) == check_fields({}, {}) == []
    assert [(one.name, one.kind, one.is_required) for one in fields_of(SCHEMA)] == [
        ("certificate", "text", True), ("standard", "choice", False), ("devices", "number", False),
        ("is_wiped", "flag", True), ("wiped_on", "day", False),
    ]  # fmt: skip
    assert fields_of(SCHEMA)[0].label("de") == "Löschzertifikat"
    assert fields_of(SCHEMA)[0].label("pl") == "Wipe certificate"


@pytest.mark.parametrize(
    ("change", "pointer", "what"),
    [
        ({"certificate": ""}, "/certificate", "At least 1 characters."),
        ({"certificate": "x" * 13}, "/certificate", "At most 12 characters."),
        ({"certificate": 7}, "/certificate", "Write it as text."),
        ({"standard": "none"}, "/standard", "Choose one of the list."),
        ({"devices": 0}, "/devices", "At least 1."),
        ({"devices": 100}, "/devices", "At most 99."),
        ({"devices": True}, "/devices", "Write a whole number."),
        ({"is_wiped": "yes"}, "/is_wiped", "Say yes or no."),
        ({"wiped_on": "2026-02-30"}, "/wiped_on", "Name a day, like 2026-12-31."),
        ({"wiped_on": "20261102"}, "/wiped_on", "Name a day, like 2026-12-31."),
        ({"colour": "red"}, "/colour", "This product asks for no such field."),
    ],
)
def test_a_wrong_value_is_named_at_its_field(change: dict[str, Any], pointer: str, what: str) -> None:
    assert [(one.pointer, one.what) for one in check_fields(SCHEMA, GOOD | change)] == [(pointer, what)]


def test_what_is_required_is_asked_for_and_the_rest_is_not() -> None:
    assert [one.pointer for one in check_fields(SCHEMA, {})] == ["/certificate", "/is_wiped"]
    assert [one.pointer for one in check_fields(SCHEMA, ["a"])] == [""]
    assert [one.pointer for one in check_fields({}, {"a": 1})] == ["/a"]


_VALUES = st.one_of(
    st.text("ab -é1", max_size=14), st.integers(-2, 120), st.booleans(), st.none(),
    st.sampled_from(["IEEE 2883", "2026-11-02", "2026-13-01", "20261102"]),
)  # fmt: skip


@given(details=st.dictionaries(st.sampled_from([*PROPERTIES, "colour"]), _VALUES, max_size=6))
def test_it_says_yes_and_no_exactly_where_json_schema_does(details: dict[str, Any]) -> None:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    assert (check_fields(SCHEMA, details) == []) == validator.is_valid(details)


def _with(**changes: Any) -> dict[str, Any]:
    return {**SCHEMA, "properties": {"a": {"type": "string", "x-labels": LABELS} | changes}, "required": []}


@pytest.mark.parametrize(
    "schema",
    [
        [], {"type": "array"}, {**SCHEMA, "$ref": "#"}, {**SCHEMA, "properties": {}},
        {**SCHEMA, "additionalProperties": True}, {**SCHEMA, "required": ["other"]},
        {**SCHEMA, "properties": {f"f{n}": PROPERTIES["is_wiped"] for n in range(13)}, "required": []},
        {**SCHEMA, "properties": {"A b": PROPERTIES["is_wiped"]}, "required": []},
        {**_with(), "required": ["a"]},
        _with(type="object"), _with(pattern="(a+)+$"), _with(**{"x-labels": {}}), _with(**{"x-labels": {"en": "A"}}),
        _with(enum=[]), _with(enum=["a", "a"]), _with(enum=[1]), _with(format="email"), _with(maxLength=201),
        _with(minLength=5, maxLength=4), _with(type="integer", minimum=True), _with(type="integer", maximum=10**10),
    ],
)  # fmt: skip
def test_a_schema_outside_the_small_part_is_refused(schema: Any) -> None:
    assert len(schema_faults(schema)) == 1
