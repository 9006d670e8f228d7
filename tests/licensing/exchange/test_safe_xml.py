import io
import resource
import time

import pytest

from licensing.exchange.refusals import XmlRefused
from licensing.exchange.safe_xml import (
    MICROSOFT_LIMITS,
    OA3_LIMITS,
    XmlLimits,
    check,
    iter_subtrees,
    parse,
    parse_within,
)
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    MEGABYTE,
    HostileFile,
    good_ack,
    good_cbr,
    good_fulfilment_xml,
    good_oa3,
    hostile_xml,
    truncations,
)

HOSTILE = list(hostile_xml())


def assert_no_key_in(refusal: XmlRefused) -> None:
    shown = f"{refusal} {refusal!r} {refusal.message} {refusal.params} {refusal.args}"
    assert not any(group in shown for group in CANARY_KEY.split("-"))
    # An exception's context would carry the file's bytes into every traceback.
    assert refusal.__context__ is None
    assert refusal.__cause__ is None


@pytest.mark.parametrize("file", HOSTILE, ids=str)
def test_hostile_file_is_refused_as_oa3(file: HostileFile) -> None:
    with pytest.raises(XmlRefused) as caught:
        parse_within(file.make(), OA3_LIMITS, roots=("Key",))
    assert caught.value.code in file.codes
    assert_no_key_in(caught.value)


@pytest.mark.parametrize("file", HOSTILE, ids=str)
def test_hostile_file_is_refused_under_the_wide_limits_of_microsofts_files(file: HostileFile) -> None:
    started = time.monotonic()
    with pytest.raises(XmlRefused) as caught:
        check(file.make(), MICROSOFT_LIMITS) if "xml_wrong_root" not in file.codes else parse_within(
            file.make(), MICROSOFT_LIMITS, roots=("Key",)
        )
    assert caught.value.code in file.codes
    assert_no_key_in(caught.value)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "data",
    [good_oa3(), good_fulfilment_xml(), good_cbr(), good_ack()],
    ids=["oa3", "fulfilment", "cbr", "ack"],
)
def test_file_cut_off_anywhere_is_refused(data: bytes) -> None:
    for file in truncations(data):
        with pytest.raises(XmlRefused) as caught:
            check(file.make(), MICROSOFT_LIMITS)
        assert caught.value.code in file.codes, file.name
        assert_no_key_in(caught.value)


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16"])
def test_allowed_encodings_give_the_same_tree(name: str) -> None:
    root = parse("<Key><Name>Müller 漢字 😀</Name></Key>".encode(name), max_bytes=MEGABYTE)
    assert root[0].text == "Müller 漢字 😀"


def test_utf_16_big_endian_is_read() -> None:
    data = b"\xfe\xff" + '<?xml version="1.0" encoding="UTF-16"?><Key>ü</Key>'.encode("utf-16-be")
    assert parse(data, max_bytes=MEGABYTE).text == "ü"


def test_character_split_between_two_pieces_is_read() -> None:
    text = "é" * 40_000
    assert parse(f"<Key>{text}</Key>".encode(), max_bytes=MEGABYTE).text == text


def test_namespace_stays_in_names_and_leaves_attributes() -> None:
    root = parse(b'<a xmlns="urn:x" xmlns:i="urn:i" i:nil="true"><b/></a>', max_bytes=MEGABYTE)
    assert root.tag == "{urn:x}a"
    assert root[0].tag == "{urn:x}b"
    assert root.attrib == {"nil": "true"}


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (b"<a>" * 5 + b"</a>" * 5, XmlLimits(MEGABYTE, max_depth=4), "xml_too_deep"),
        (b"<a><b/><b/></a>", XmlLimits(MEGABYTE, max_elements=2), "xml_too_many_elements"),
        (b'<a b="1" c="2"/>', XmlLimits(MEGABYTE, max_attributes=1), "xml_too_many_attributes"),
        (b'<a b="12345"/>', XmlLimits(MEGABYTE, max_attribute_bytes=5), "xml_attribute_too_long"),
        (b"<a>12345</a>", XmlLimits(MEGABYTE, max_text_bytes=4), "xml_text_too_long"),
        (b"<a>12345</a>", XmlLimits(11), "xml_too_large"),
    ],
)
def test_each_limit_refuses_one_beyond_and_passes_the_limit_itself(
    data: bytes, limits: XmlLimits, code: str
) -> None:
    with pytest.raises(XmlRefused) as caught:
        parse_within(data, limits)
    assert caught.value.code == code
    assert parse_within(data, XmlLimits(12 if code == "xml_too_large" else MEGABYTE)).tag == "a"


def test_many_small_texts_in_one_element_count_together() -> None:
    data = b"<a>" + b"x<b/>" * 1_000 + b"</a>"
    with pytest.raises(XmlRefused) as caught:
        parse_within(data, XmlLimits(MEGABYTE, max_text_bytes=999))
    assert caught.value.code == "xml_text_too_long"


def test_refusal_names_the_line() -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(b"<a>\n\n<b></a>", max_bytes=MEGABYTE)
    assert (caught.value.code, caught.value.line) == ("xml_broken", 3)


def test_iter_subtrees_gives_each_element_with_its_ancestors_and_forgets_it() -> None:
    source = io.BytesIO(b"<r><h>1</h><k>a</k><k>b</k></r>")
    found = [
        (tree.element.text, [outer.tag for outer in tree.ancestors], len(tree.ancestors[0]))
        for tree in iter_subtrees(source, wanted=frozenset({"k"}), roots=("r",), limits=OA3_LIMITS)
    ]
    assert found == [("a", ["r"], 1), ("b", ["r"], 1)]


def test_iter_subtrees_refuses_another_root_before_anything_is_read() -> None:
    with pytest.raises(XmlRefused) as caught:
        list(iter_subtrees(io.BytesIO(b"<x>"), wanted=frozenset({"k"}), roots=("r",), limits=OA3_LIMITS))
    assert (caught.value.code, caught.value.params) == ("xml_wrong_root", {"expected": "r"})


def test_memory_stays_below_512_mb_for_the_whole_corpus() -> None:
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1024 * 1024  # kilobytes; pytest included
