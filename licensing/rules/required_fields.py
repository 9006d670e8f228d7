"""What a product asks for with each order line: one flat JSON Schema, the same for form, CSV and API.

Only a small part of JSON Schema is allowed, so that every field can be drawn and explained: one object
whose properties are text, a whole number, a choice, a yes or no, or a day. Labels stand beside each
property as ``x-labels``, by language. No patterns: an expression could keep a process busy for minutes.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

MOST_FIELDS = 12
LONGEST = 200
MOST_CHOICES = 40
LARGEST = 1_000_000_000
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Control, format, surrogate, private and unassigned signs: nobody types them, and the database refuses some.
_ODD = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_ALLOWED = {
    "text": {"type", "minLength", "maxLength", "x-labels"},
    "choice": {"type", "enum", "x-labels"},
    "day": {"type", "format", "x-labels"},
    "number": {"type", "minimum", "maximum", "x-labels"},
    "flag": {"type", "x-labels"},
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field, or with all of them when ``name`` is empty."""

    name: str
    what: str

    @property
    def pointer(self) -> str:
        """Return the JSON pointer of the field inside the details."""
        return f"/{self.name}" if self.name else ""


@dataclass(frozen=True, slots=True)
class RequiredField:
    """One field of a schema, as a form draws it. ``kind`` is text, choice, day, number or flag."""

    name: str
    kind: str
    is_required: bool
    labels: Mapping[str, str]
    choices: Sequence[str] = ()
    least: int | None = None
    most: int | None = None

    def label(self, language: str) -> str:
        """Return the label in a language, else in English, else the name."""
        return self.labels.get(language) or self.labels.get("en") or self.name


def fields_of(schema: Mapping[str, Any]) -> list[RequiredField]:
    """Return the fields of a schema that schema_faults finds nothing against, in their order."""
    required = schema.get("required", [])
    return [
        _field(name, prop, name in required) for name, prop in dict(schema.get("properties") or {}).items()
    ]


def check_fields(schema: Mapping[str, Any], values: Any) -> list[FieldProblem]:
    """Return what is wrong with a line's details, nothing when they can stand."""
    if not isinstance(values, Mapping):
        return [FieldProblem("", _("The details are an object of fields."))]
    known = {field.name: field for field in fields_of(schema)}
    problems = [
        FieldProblem(_plain_name(name), _("This product asks for no such field."))
        for name in values
        if name not in known
    ]
    for field in known.values():
        if field.name not in values:
            problems += [FieldProblem(field.name, _("Fill this in."))] if field.is_required else []
        elif what := _value_problem(field, values[field.name]):
            problems.append(FieldProblem(field.name, what))
    return problems


def schema_faults(schema: Any) -> list[str]:
    """Return what is wrong with a product's schema, nothing when its fields can be asked for."""
    if schema == {}:
        return []
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return [_("The schema describes one object.")]
    properties, required = schema.get("properties"), schema.get("required", [])
    if set(schema) - {"type", "properties", "required", "additionalProperties"}:
        return [_("Only type, properties, required and additionalProperties are known.")]
    if not isinstance(properties, Mapping) or not 1 <= len(properties) <= MOST_FIELDS:
        return [_("There are 1 to %(most)s fields.") % {"most": MOST_FIELDS}]
    if schema.get("additionalProperties") is not False:
        return [_("additionalProperties is false: no other field is taken.")]
    if not isinstance(required, list) or not set(map(str, required)) <= set(properties):
        return [_("What is required is one of the fields.")]
    faults = [(name, _property_fault(name, prop)) for name, prop in properties.items()]
    # Without it an empty text would be there and say nothing.
    faults += [
        (name, _("A required text has a minLength of at least 1."))
        for name, prop in properties.items()
        if name in required and _kind_of(prop) == "text" and not prop.get("minLength")
    ]
    return [f"{str(name)[:40]}: {fault}" for name, fault in faults if fault]


def _property_fault(name: Any, prop: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return _("A field’s name has small letters, digits and underscores.")
    kind = _kind_of(prop)
    if kind is None:
        return _("A field is text, a whole number, a choice, a yes or no, or a day.")
    if set(prop) - _ALLOWED[kind]:
        return _("“%(word)s” is not known here.") % {"word": sorted(set(prop) - _ALLOWED[kind])[0]}
    labels = prop.get("x-labels")
    if not isinstance(labels, Mapping) or not all(
        isinstance(one, str) and one.strip() for one in labels.values()
    ):
        return _("A field has a label in each language it has one in.")
    if not {"en", "de"} <= set(labels):
        return _("A field has at least an English and a German label.")
    return _bounds_fault(kind, prop)


def _bounds_fault(kind: str, prop: Mapping[str, Any]) -> str:
    if kind == "choice":
        choices = prop["enum"]
        is_sound = (
            isinstance(choices, list)
            and 1 <= len(choices) <= MOST_CHOICES
            and len(set(map(str, choices))) == len(choices)
            and all(isinstance(one, str) and 1 <= len(one) <= LONGEST for one in choices)
        )
        return "" if is_sound else _("A choice has 1 to %(most)s different words.") % {"most": MOST_CHOICES}
    names, ends = {
        "text": (("minLength", "maxLength"), (0, LONGEST)),
        "number": (("minimum", "maximum"), (-LARGEST, LARGEST)),
    }.get(kind, ((), (0, 0)))
    bounds = [prop[name] for name in names if name in prop]
    if any(isinstance(one, bool) or not isinstance(one, int) for one in bounds):
        return _("A bound is a whole number.")
    if any(not ends[0] <= one <= ends[1] for one in bounds) or bounds != sorted(bounds):
        return _("The bounds do not fit.")
    return ""


def _kind_of(prop: Any) -> str | None:
    if not isinstance(prop, Mapping):
        return None
    match prop.get("type"):
        case "string" if "enum" in prop:
            return "choice"
        case "string" if "format" in prop:
            return "day" if prop["format"] == "date" else None
        case "string":
            return "text"
        case "integer":
            return "number"
        case "boolean":
            return "flag"
    return None


def _field(name: str, prop: Mapping[str, Any], is_required: bool) -> RequiredField:
    kind = _kind_of(prop) or "text"
    low, high = ("minLength", "maxLength") if kind == "text" else ("minimum", "maximum")
    return RequiredField(
        name=name,
        kind=kind,
        is_required=is_required,
        labels=prop.get("x-labels", {}),
        choices=tuple(prop.get("enum", ())),
        least=prop.get(low),
        most=prop.get(high, LONGEST if kind == "text" else None),
    )


def from_text(schema: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return details that came as text as a form or the API would send them; what does not fit stays text."""
    kinds = {field.name: field.kind for field in fields_of(schema)}
    return {name: _from_text(kinds.get(name, ""), text) for name, text in values.items()}


def _from_text(kind: str, text: str) -> Any:
    if kind == "flag":
        return {"yes": True, "no": False}.get(text.casefold(), text)
    if kind == "number" and re.fullmatch(r"-?[0-9]{1,12}", text):
        return int(text)
    return text


def _plain_name(name: Any) -> str:
    """Return a name that came from outside as far as it can be one, to be said back."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else "?"


def _value_problem(field: RequiredField, value: Any) -> str:
    match field.kind:
        case "flag":
            return "" if isinstance(value, bool) else _("Say yes or no.")
        case "number":
            return _number_problem(field, value)
        case "choice":
            return "" if isinstance(value, str) and value in field.choices else _("Choose one of the list.")
        case "day":
            return "" if isinstance(value, str) and _is_day(value) else _("Name a day, like 2026-12-31.")
    if not isinstance(value, str):
        return _("Write it as text.")
    if any(unicodedata.category(sign) in _ODD for sign in value):
        return _("Leave out invisible characters and line breaks.")
    if len(value) < (field.least or 0):
        return _("At least %(least)s characters.") % {"least": field.least}
    return (
        ""
        if len(value) <= (field.most or LONGEST)
        else _("At most %(most)s characters.") % {"most": field.most}
    )


def _number_problem(field: RequiredField, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return _("Write a whole number.")
    if field.least is not None and value < field.least:
        return _("At least %(least)s.") % {"least": field.least}
    most = LARGEST if field.most is None else field.most
    return "" if value <= most else _("At most %(most)s.") % {"most": most}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
