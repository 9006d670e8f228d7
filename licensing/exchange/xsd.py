"""Check a file against the schemas, which are written by hand and never from our writers."""

import re
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lxml import etree

from licensing.exchange.refusals import XmlRefused, sentence
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, XmlLimits, check

SchemaName = Literal["fulfilment", "cbr", "ack", "return_request", "return_ack"]
MAX_ERRORS = 200
# A schema object holds the errors of its last run, so two threads must not use it at once.
_lock = threading.Lock()
_FOLDER = Path(__file__).parent / "schemas"
# libxml2's sentences quote the file's values, so only the name of the element at fault is taken from them,
# and only if the schema knows that name.
_ELEMENT = re.compile(r"^Element '(?:\{[^}]*\})?([^']+)'")
_CODES = {
    "SCHEMAV_ELEMENT_CONTENT": "xsd_unexpected",
    "SCHEMAV_CVC_ELT_1": "xsd_unexpected",
    "SCHEMAV_CVC_IDC": "xsd_twice",
}
_VALUE_KINDS = ("FACET", "PATTERN", "ENUMERATION", "DATATYPE", "LENGTH", "INCLUSIVE")


@dataclass(frozen=True, slots=True)
class XsdError:
    """One place where a file does not follow its schema; `line` counts from 1."""

    line: int
    element: str
    code: str

    @property
    def message(self) -> str:
        return sentence(self.code, {"element": self.element})


def validate(data: bytes, schema_name: SchemaName, *, limits: XmlLimits = MICROSOFT_LIMITS) -> list[XsdError]:
    """Return where the file does not follow the schema, up to 200 places; an empty list is a good file.

    :raises XmlRefused: if the file is not harmless, well-formed XML
    """
    check(data, limits)
    document = _document(data)
    schema = _schema(schema_name)
    with _lock:
        if schema.validate(document):
            return []
        found = list(schema.error_log)[:MAX_ERRORS]
    known = _names(schema_name)
    return [_error(entry, known) for entry in found]


def _document(data: bytes) -> etree._Element:
    """Parse what `check` has passed; libxml2 is stricter here and there, as with names of namespaces."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    # Raised outside the except block: libxml2's sentences quote the file.
    line = None
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno
    raise XmlRefused("xml_broken", line=line)


@cache
def _schema(name: SchemaName) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_FOLDER / f"{name}.xsd"), etree.XMLParser(no_network=True)))


@cache
def _names(name: SchemaName) -> frozenset[str]:
    tree = etree.parse(str(_FOLDER / f"{name}.xsd"))
    return frozenset(str(found) for found in tree.xpath("//@name"))


def _error(entry: etree._LogEntry, known: frozenset[str]) -> XsdError:
    match = _ELEMENT.match(entry.message)
    element = match.group(1) if match and match.group(1) in known else "?"
    kind = str(entry.type_name)
    code = _CODES.get(kind)
    if code is None:
        is_value = any(part in kind for part in _VALUE_KINDS)
        is_attribute = kind.startswith("SCHEMAV_CVC_COMPLEX_TYPE_3")
        code = "xsd_value" if is_value else "xsd_attribute" if is_attribute else "xsd_other"
    if code == "xsd_unexpected" and "Missing child element" in entry.message:
        code = "xsd_missing"
    return XsdError(int(entry.line), element, code)
