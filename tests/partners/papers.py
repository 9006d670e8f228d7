"""Papers for tests, made here: plain ones, and PDFs that do more than show."""

from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(64) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
EXE = b"MZ\x90\x00" + bytes(200)


def make_pdf(**catalogue: object) -> bytes:
    """Return a PDF of one empty page, with further entries in its catalogue."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    for name, value in catalogue.items():
        writer._root_object[NameObject(f"/{name}")] = value
    return _bytes(writer)


def pdf_with_script() -> bytes:
    """Return a PDF with a script in its name tree."""
    named = ArrayObject([TextStringObject("a"), _action("/JavaScript", JS=TextStringObject("app.alert(1)"))])
    tree = DictionaryObject({NameObject("/Names"): named})
    return make_pdf(Names=DictionaryObject({NameObject("/JavaScript"): tree}))


def pdf_with_open_script() -> bytes:
    return make_pdf(OpenAction=_action("/JavaScript", JS=TextStringObject("app.alert(1)")))


def pdf_with_hidden_name() -> bytes:
    """Return a PDF whose script action is spelled with escapes, as nobody but an attacker does."""
    return pdf_with_open_script().replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS ", b"/#4a#53 ")


def pdf_with_launch() -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(width=200, height=200)
    link = DictionaryObject(
        {NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): _action("/Launch")}
    )
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(link)])
    return _bytes(writer)


def pdf_with_page_action() -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(width=200, height=200)
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): _action("/URI")})
    return _bytes(writer)


def pdf_with_file() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.add_attachment("inner.exe", EXE)
    return _bytes(writer)


def pdf_with_orphan_script() -> bytes:
    """Return a PDF whose script no page and no catalogue leads to."""
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer._add_object(_action("/JavaScript", JS=TextStringObject("app.alert(1)")))
    return _bytes(writer)


def pdf_in_object_streams() -> bytes:
    """Return a PDF whose script action stands inside a compressed object stream."""
    import pikepdf

    with pikepdf.open(BytesIO(pdf_with_open_script())) as pdf:
        pdf.Root.OpenAction = pdf.make_indirect(pdf.Root.OpenAction)
        out = BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in out.getvalue()
    return out.getvalue()


def pdf_with_password() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(make_pdf())))
    writer.encrypt("secret")
    return _bytes(writer)


def _action(kind: str, **entries: object) -> DictionaryObject:
    return DictionaryObject(
        {NameObject("/S"): NameObject(kind)}
        | {NameObject(f"/{name}"): value for name, value in entries.items()}
    )


def _bytes(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
