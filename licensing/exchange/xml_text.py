"""What Microsoft's messages share: namespace, form of a date, how an element is read and written."""

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element

from lxml import etree

from licensing.exchange.refusals import WriteRefused
from licensing.exchange.safe_xml import local_name
from licensing.rules.key_syntax import mask_keys

# Source: Microsoft DIS interface, docs/formats.md
NAMESPACE = "http://schemas.ms.it.oem/digitaldistribution/2010/10"
_TAG = "{" + NAMESPACE + "}"
Fields = Iterable[tuple[str, str | int | None]]


def format_time(at: datetime) -> str:
    """Return the time as yyyy-MM-ddTHH:mm:sszzz.

    :raises WriteRefused: naive_time
    """
    if at.tzinfo is None:
        raise WriteRefused("naive_time")
    return at.isoformat(timespec="seconds")


def visible_text(element: Element, *, limit: int = 1_000) -> str:
    """Return all text inside an element we do not know, shortened, with anything like a key masked."""
    text = " ".join(" ".join(element.itertext()).split())
    # Masked before it is cut: half a key would not be recognised.
    return mask_keys(text[: 64 * limit])[:limit]


def text_of(parent: Element, name: str) -> str:
    """Return the trimmed text of the first child with this local name, or the empty string."""
    for child in parent:
        if local_name(child.tag) == name:
            return (child.text or "").strip()
    return ""


def child_of(parent: Element, name: str) -> Element | None:
    """Return the first child with this local name."""
    return next((child for child in parent if local_name(child.tag) == name), None)


def make(name: str, fields: Fields = ()) -> etree._Element:
    """Return an element of Microsoft's namespace with these children; None leaves a child out."""
    element = etree.Element(_TAG + name, nsmap={None: NAMESPACE})
    for field, value in fields:
        add(element, field, value)
    return element


def add(parent: etree._Element, name: str, value: str | int | None = "") -> etree._Element | None:
    """Append a child with this text and return it; None leaves it out.

    :raises WriteRefused: characters, if XML cannot carry the text
    """
    if value is None:
        return None
    child = etree.SubElement(parent, _TAG + name)
    try:
        child.text = str(value)
    except ValueError:
        child.text = None
        raise WriteRefused("characters", field=name) from None
    return child


def add_group(parent: etree._Element, name: str, fields: Fields = ()) -> etree._Element:
    """Append a child that holds these children and return it."""
    child = etree.SubElement(parent, _TAG + name)
    for field, value in fields:
        add(child, field, value)
    return child


def add_lines(parent: etree._Element, list_name: str, lines: Iterable[etree._Element]) -> None:
    """Append a list of elements, each on a line of its own so that a person can look for one."""
    group = etree.SubElement(parent, _TAG + list_name)
    group.text = "\n"
    for line in lines:
        line.tail = "\n"
        group.append(line)


def to_bytes(root: etree._Element) -> bytes:
    """Return the document as UTF-8; equal trees give equal bytes."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))
