"""XML files that every reader must refuse."""

import random
from collections.abc import Iterator

from tests.licensing.exchange.good_files import CANARY_KEY, MEGABYTE, HostileFile, good_zip, hostile

BODY = f"<Key><ProductKey>{CANARY_KEY}</ProductKey><ProductKeyID>3300000000017</ProductKeyID></Key>"
_DOCTYPES = {
    "billion laughs": '<!DOCTYPE Key [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><Key>&a9;</Key>",
    "quadratic blow-up": f'<!DOCTYPE Key [<!ENTITY a "{"x" * 50_000}">]><Key>{"&a;" * 5_000}</Key>',
    "external entity": '<!DOCTYPE Key [<!ENTITY x SYSTEM "file:///etc/passwd">]><Key>&x;</Key>',
    "external entity by http": '<!DOCTYPE Key [<!ENTITY x SYSTEM "http://192.0.2.1/">]><Key>&x;</Key>',
    "external dtd": f'<!DOCTYPE Key SYSTEM "http://192.0.2.1/oa3.dtd">{BODY}',
    "parameter entity": '<!DOCTYPE Key [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><Key/>',
    "public id": f'<!DOCTYPE Key PUBLIC "-//X//Y" "x.dtd">{BODY}',
    "default attribute": f'<!DOCTYPE Key [<!ATTLIST Key a CDATA "b">]>{BODY}',
    "empty doctype": f"<!DOCTYPE Key>{BODY}",
}


def hostile_xml() -> Iterator[HostileFile]:
    """Yield files that any XML reader of ours must refuse whole, whatever kind it expects."""
    for name, text in _DOCTYPES.items():
        yield hostile(name, text.encode(), "xml_doctype")
        yield hostile(name + ", utf-16", text.encode("utf-16"), "xml_doctype")
    yield from _hostile_sizes()
    yield from _hostile_encodings()
    yield from _hostile_syntax()


def _hostile_sizes() -> Iterator[HostileFile]:
    deep = 200_000
    yield hostile("200,000 deep", lambda: b"<Key>" * deep + b"</Key>" * deep, "xml_too_deep", "xml_too_large")
    yield hostile(
        "200,000 deep, not closed", lambda: b"<Key><a>" + b"<a>" * deep, "xml_too_deep", "xml_too_large"
    )
    yield hostile(
        "30 MB attribute",
        lambda: b'<Key a="' + b"x" * (30 * MEGABYTE) + b'"/>',
        "xml_token_too_long",
        "xml_too_large",
    )
    yield hostile("20 KB attribute", b'<Key a="' + b"x" * 20_480 + b'"/>', "xml_attribute_too_long")
    yield hostile(
        "5,000 attributes",
        lambda: b"<Key " + b" ".join(b'a%d="1"' % n for n in range(5_000)) + b"/>",
        "xml_too_many_attributes",
    )
    yield hostile(
        "30 MB comment",
        lambda: b"<Key><!--" + b"x" * (30 * MEGABYTE) + b"--></Key>",
        "xml_token_too_long",
        "xml_too_large",
    )
    yield hostile("500 KB name", b"<Key><" + b"n" * 500_000 + b"/></Key>", "xml_token_too_long")
    yield hostile("500 KB text", b"<Key>" + b"x" * 500_000 + b"</Key>", "xml_text_too_long")
    yield hostile("500 KB cdata", b"<Key><![CDATA[" + b"x" * 500_000 + b"]]></Key>", "xml_text_too_long")
    yield hostile(
        "1,500,000 elements",
        lambda: b"<Key>" + b"<a/>" * 1_500_000 + b"</Key>",
        "xml_too_many_elements",
        "xml_too_large",
    )
    yield hostile(
        "65 MB", lambda: b"<Key>" + b"<!-- x -->" * 6_900_000 + b"</Key>", "xml_too_large", "xml_wrong_root"
    )


def _hostile_encodings() -> Iterator[HostileFile]:
    yield hostile("utf-32 le with bom", BODY.encode("utf-32"), "xml_encoding")
    yield hostile("utf-32 be with bom", b"\0\0\xfe\xff" + BODY.encode("utf-32-be"), "xml_encoding")
    yield hostile("utf-32 le", BODY.encode("utf-32-le"), "xml_encoding")
    yield hostile("utf-32 be", BODY.encode("utf-32-be"), "xml_encoding")
    yield hostile("utf-16 le without bom", BODY.encode("utf-16-le"), "xml_encoding")
    yield hostile("utf-16 be without bom", BODY.encode("utf-16-be"), "xml_encoding")
    yield hostile("utf-7 with bom", b"+/v8-" + BODY.encode("utf-7"), "xml_encoding")
    for name in ("utf-7", "iso-8859-1", "windows-1252", "cp1250", "ascii", "ebcdic-cp-us", "utf-32", "big5"):
        text = f'<?xml version="1.0" encoding="{name}"?>{BODY}'
        yield hostile(f"declares {name}", text.encode(), "xml_encoding")
    wrong = f'<?xml version="1.0" encoding="utf-16"?>{BODY}'
    yield hostile("declares utf-16, is utf-8", wrong.encode(), "xml_encoding_mismatch")
    yield hostile("declares utf-16, is utf-8 with bom", wrong.encode("utf-8-sig"), "xml_encoding_mismatch")
    other = f'<?xml version="1.0" encoding="utf-8"?>{BODY}'
    yield hostile("declares utf-8, is utf-16", other.encode("utf-16"), "xml_encoding_mismatch")
    for name in ("cp1250", "cp1252", "latin-1", "cp437"):
        yield hostile(f"is {name}", f"<Key><Name>Müller</Name>{BODY}</Key>".encode(name), "xml_encoding")
    yield hostile(
        "lone surrogate, utf-16", b"\xff\xfe" + "<Key>".encode("utf-16-le") + b"\0\xd8", "xml_encoding"
    )
    yield hostile("odd number of utf-16 bytes", BODY.encode("utf-16") + b"<", "xml_encoding", "xml_broken")
    yield hostile("overlong utf-8", b"<Key>\xc0\xbcx\xc0\xbe</Key>", "xml_encoding")
    yield hostile("surrogate in utf-8", b"<Key>\xed\xa0\x80</Key>", "xml_encoding")
    yield hostile("nul in text", BODY.encode().replace(b"33000", b"33\x0000"), "xml_nul")
    yield hostile("nul at the end", BODY.encode() + b"\0", "xml_nul")
    yield hostile("nul in utf-16", BODY.replace("33000", "33\x0000").encode("utf-16"), "xml_nul")
    yield hostile("only nul", bytes(100), "xml_encoding", "xml_nul")


def _hostile_syntax() -> Iterator[HostileFile]:
    yield hostile("nothing", b"", "xml_empty")
    yield hostile("only spaces", b" \r\n\t ", "xml_empty")
    yield hostile("only a bom", b"\xef\xbb\xbf", "xml_broken", "xml_empty")
    yield hostile("undeclared entity", f"<Key>{CANARY_KEY}&x;</Key>".encode(), "xml_broken")
    yield hostile("bad character reference", b"<Key>&#0;</Key>", "xml_broken")
    yield hostile("control character reference", b"<Key>&#11;</Key>", "xml_broken")
    yield hostile("two roots", (BODY + BODY).encode(), "xml_broken")
    yield hostile("text after the root", f"{BODY}{CANARY_KEY}".encode(), "xml_broken")
    yield hostile("space before declaration", b' <?xml version="1.0"?><Key/>', "xml_broken")
    yield hostile("attribute twice", b'<Key a="1" a="2"/>', "xml_broken")
    yield hostile("unbound prefix", b"<x:Key/>", "xml_broken")
    yield hostile("crossing tags", b"<Key><a><b></a></b></Key>", "xml_broken")
    yield hostile("html", b"<!doctype html><html></html>", "xml_broken", "xml_doctype")
    yield hostile("json", f'{{"ProductKey": "{CANARY_KEY}"}}'.encode(), "xml_broken")
    yield hostile("zip", good_zip(), "xml_broken", "xml_encoding", "xml_nul")
    yield hostile("random bytes", random.Random(1).randbytes(4_096), "xml_encoding", "xml_broken", "xml_nul")
    yield hostile("xml 1.1", f'<?xml version="1.1"?>{BODY}'.encode(), "xml_broken")
    yield hostile("another root", b"<html><body/></html>", "xml_wrong_root")
