import logging
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest

from reporting.renderers import pdf as pdf_module
from reporting.renderers.fonts import FontMissing
from reporting.renderers.pdf import AttachmentMismatch, TooManyPartners, render_usage_report
from reporting.renderers.pdf_context import first_rows
from reporting.renderers.summary_csv import write_summary_csv
from reporting.rules.key_pattern import KeyInDocument, contains_key
from tests.reporting import samples
from tests.reporting.renderers.conftest import FONTS, ReadBack, read_back

KEY = "BCDFG-HJKMP-QRTVW-XY234-6789N"


def render(report: Any, device_csv: bytes | None) -> bytes:
    return render_usage_report(
        report, device_csv=device_csv, summary_csv=b"a\n", fonts_dir=FONTS, created_at=samples.MADE_AT
    ).content


def test_the_cover_says_who_what_when_and_by_whom(original: ReadBack) -> None:
    cover = " ".join(original.pages[0].split())
    for words in (
        "October 2026",
        "Nordlicht Refurb Europe GmbH",
        "sold-to 0001234567",
        "UR-2026-10",
        "APPROVED",
        "reviewed by Marta Kowalska, approved by Jonas Weber",
        "2026-09-30 22:00 UTC",
        "2026-10-31 23:00 UTC",
        "Europe/Berlin",
        "2026-11-01 02:15 UTC",
        original.report.device_file.sha256,
        "40 devices in UR-2026-10-devices.csv",
        "The file is attached to this PDF.",
    ):
        assert words in cover
    assert "DRAFT" not in original.text


def test_every_partner_denied_key_and_adjustment_is_a_row(original: ReadBack) -> None:
    report = original.report
    assert [line.code for line in report.partners if line.code not in original.text] == []
    assert [line.product_key_id for line in report.denied if line.product_key_id not in original.text] == []
    assert [
        line.product_key_id for line in report.unreported if line.product_key_id not in original.text
    ] == []
    assert [
        line.product_key_id for line in report.adjustments if line.product_key_id not in original.text
    ] == []


def test_letters_of_the_extended_alphabet_are_drawn_right(original: ReadBack) -> None:
    assert "Gdańsk Komputery" in original.text
    assert "Ústav pro počítače" in original.text


def test_pages_are_numbered_and_carry_the_report(original: ReadBack) -> None:
    total = len(original.pages)
    assert original.pdf.pages == total
    for number, page in enumerate(original.pages[1:], start=2):
        text = " ".join(page.split())
        assert f"Page {number} of {total}" in text
        assert "Usage report October 2026 · UR-2026-10" in text
        assert "Nordlicht Refurb Europe GmbH" in text


def test_the_contents_point_at_the_right_pages(original: ReadBack) -> None:
    cover = " ".join(original.pages[0].split())
    for title in ("Reconciliation", "Refurbishers", "How this report is made"):
        page = next(
            number for number, text in enumerate(original.pages, start=1) if number > 1 and title in text
        )
        assert f"{title} {page}" in cover


def test_a_draft_says_so_on_every_page_and_attaches_the_summary(draft: ReadBack) -> None:
    assert all("DRAFT" in page for page in draft.pages)
    assert "not for submission" in draft.pages[0]
    assert "APPROVED" not in draft.text
    assert "UR-2026-10-DRAFT-summary.csvisattachedinstead" in "".join(draft.pages[0].split())
    attached = pypdf.PdfReader(BytesIO(draft.pdf.content)).attachments
    assert attached == {"UR-2026-10-DRAFT-summary.csv": [write_summary_csv(draft.report)]}


def test_an_empty_list_is_said_in_words(draft: ReadBack) -> None:
    assert "Microsoft denied no activation in this month." in draft.text
    assert "Every key that was handed over has been reported." in draft.text


def test_a_correction_points_back_and_lists_its_changes(correction: ReadBack) -> None:
    for words in (
        "UR-2026-10-R2",
        "correction, revision 2",
        "Replaces UR-2026-10",
        samples.correction_header().previous_sha256 or "",
        "Fourteen devices were booked to the wrong refurbisher",
        "2 figures changed",
        "TPR-0002 Gdańsk Komputery Sp. z o.o. Enabled 49 63",
    ):
        assert words in correction.text


def test_the_device_csv_is_attached_byte_for_byte_as_data(original: ReadBack) -> None:
    attached = pypdf.PdfReader(BytesIO(original.pdf.content)).attachments
    assert attached == {"UR-2026-10-devices.csv": [original.device_csv]}
    with original.open() as file:
        related = file.Root.AF
        assert len(related) == 1
        assert related[0].AFRelationship == "/Data"
        assert str(related[0].UF) == "UR-2026-10-devices.csv"
        embedded = related[0].EF.F
        assert embedded.Subtype == "/text/csv"
        assert str(embedded.Params.CreationDate) == "D:20261101021500Z"
        assert str(embedded.Params.ModDate) == "D:20261101021500Z"


def test_the_file_is_tagged_archivable_and_titled(original: ReadBack) -> None:
    with original.open() as file:
        assert file.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in file.Root
        assert str(file.Root.Lang) == "en"
        with file.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["dc:title"] == "Usage report October 2026 · UR-2026-10"
            assert metadata["dc:creator"] == ["Nordlicht Refurb Europe GmbH"]
            assert metadata["xmp:CreateDate"] == "2026-11-01T02:15:00Z"
        assert str(file.docinfo.CreationDate).startswith("D:20261101021500")
        assert file.Root.OutputIntents[0].S == "/GTS_PDFA1"


def structure(element: Any) -> list[str]:
    """Return the tag names below a structure element."""
    found = [str(element.S)] if "/S" in element else []
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and ("/S" in kid or "/K" in kid):
            found += structure(kid)
    return found


def test_tables_headings_and_pictures_are_tagged(original: ReadBack) -> None:
    with original.open() as file:
        tags = structure(file.Root.StructTreeRoot)
        assert {"/H1", "/H2", "/H3", "/Table", "/TR", "/TH", "/TD", "/Figure"} <= set(tags)
        assert tags.count("/Figure") >= 2


def test_pictures_have_words_for_those_who_cannot_see_them(original: ReadBack) -> None:
    with original.open() as file:
        alternatives = [
            str(item.Alt)
            for item in file.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Figure" and "/Alt" in item
        ]
    assert any("keys assigned" in words for words in alternatives)
    assert any("activations enabled" in words for words in alternatives)


def test_only_our_own_fonts_are_used_and_all_are_embedded(original: ReadBack) -> None:
    assert set(original.pdf.fonts) <= {"Inter", "Inter Ext", "Plex Mono", "Plex Mono Ext"}
    with original.open() as file:
        descriptors = [
            item
            for item in file.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"
        ]
        assert descriptors
        assert [
            str(item.FontName)
            for item in descriptors
            if not ({"/FontFile", "/FontFile2", "/FontFile3"} & set(item.keys()))
        ] == []


def test_nothing_in_the_file_can_run_or_leave_it(original: ReadBack) -> None:
    with original.open() as file:
        names = {
            str(value)
            for item in file.objects
            if isinstance(item, pikepdf.Dictionary)
            for key, value in item.items()
            if key in ("/S", "/Subtype") and isinstance(value, pikepdf.Name)
        }
    assert names.isdisjoint({"/JavaScript", "/Launch", "/URI", "/SubmitForm", "/GoToR", "/Widget"})


def test_no_page_and_no_attachment_holds_a_full_key(original: ReadBack, correction: ReadBack) -> None:
    for made in (original, correction):
        assert not contains_key(made.text)
        assert not any(contains_key(page) for page in made.pages)


@pytest.mark.parametrize("field", ["partner_name", "device", "device_serial", "ack_meaning"])
def test_a_full_key_in_a_row_is_refused(field: str) -> None:
    report, csv = samples.make_report(partners=3)
    leaky = replace(report, denied=(replace(report.denied[0], **{field: KEY}), *report.denied[1:]))
    with pytest.raises(KeyInDocument) as refused:
        render(leaky, csv)
    assert refused.value.place == "PDF page"


def test_a_full_key_in_the_attachment_is_refused() -> None:
    report, _csv = samples.make_report(partners=3)
    leaky = f"header\n{KEY}\n".encode()
    named = replace(report, device_file=samples.device_file(leaky, rows=1))
    with pytest.raises(KeyInDocument) as refused:
        render(named, leaky)
    assert refused.value.place == "UR-2026-10-devices.csv"


def test_a_device_csv_that_is_not_the_printed_one_is_refused() -> None:
    report, csv = samples.make_report(partners=3)
    with pytest.raises(AttachmentMismatch):
        render(report, csv + b"more\n")


def test_a_device_csv_above_the_limit_is_left_beside_the_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    report, csv = samples.make_report(partners=3)
    monkeypatch.setattr(pdf_module, "ATTACHMENT_LIMIT", len(csv))
    assert list(pypdf.PdfReader(BytesIO(render(report, csv))).attachments) == ["UR-2026-10-devices.csv"]
    monkeypatch.setattr(pdf_module, "ATTACHMENT_LIMIT", len(csv) - 1)
    content = render(report, csv)
    reader = pypdf.PdfReader(BytesIO(content))
    assert list(reader.attachments) == ["UR-2026-10-summary.csv"]
    assert report.device_file.sha256 in reader.pages[0].extract_text()


@pytest.mark.parametrize(("rows", "printed", "is_cut"), [(0, 0, False), (200, 200, False), (201, 200, True)])
def test_a_list_is_cut_above_two_hundred_rows(rows: int, printed: int, is_cut: bool) -> None:
    shown = first_rows(list(range(rows)))
    assert (len(shown.rows), shown.total, shown.is_cut) == (printed, rows, is_cut)


def test_lists_print_two_hundred_rows_and_the_total() -> None:
    made = read_back(*samples.make_report(partners=4, denied=201, unreported=4, adjustments=0))
    assert "201 answers of the month refused" in made.text
    assert "The first 200 of 201 rows are printed" in made.text
    assert made.text.count("rows are printed") == 1
    denied = made.report.denied
    assert denied[199].product_key_id in made.text
    assert denied[200].product_key_id not in made.text


def test_words_of_others_cannot_become_markup() -> None:
    report, csv = samples.make_report(partners=3)
    name = '<img src="http://127.0.0.1:9/x"><b>&amp;</b>'
    named = replace(
        report,
        partners=(replace(report.partners[0], name=name), *report.partners[1:]),
        header=replace(report.header, mar_name='A "B" </style><script>1</script> & Söhne'),
    )
    made = read_back(named, csv)
    assert "<script>1</script>" in made.text
    assert "".join(name.split()) in "".join(made.text.split())


def test_a_name_outside_our_alphabets_is_still_printed() -> None:
    report, csv = samples.make_report(partners=3)
    named = replace(report, partners=(replace(report.partners[0], name="Ανακύκλωση"), *report.partners[1:]))
    made = read_back(named, csv)
    assert made.pdf.pages == len(made.pages)


def test_the_language_of_the_reader_changes_nothing(original: ReadBack) -> None:
    from django.utils import translation

    with translation.override("de"):
        again = render_usage_report(
            original.report,
            device_csv=original.device_csv,
            summary_csv=write_summary_csv(original.report),
            fonts_dir=FONTS,
            created_at=samples.MADE_AT,
        )
    assert again.content == original.pdf.content


def test_more_partners_than_one_document_carries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    report, csv = samples.make_report(partners=3)
    monkeypatch.setattr(pdf_module, "PARTNER_LIMIT", 2)
    with pytest.raises(TooManyPartners):
        render(report, csv)


def test_a_missing_font_file_is_named(tmp_path: Any) -> None:
    report, csv = samples.make_report(partners=3)
    with pytest.raises(FontMissing, match="inter-latin-400-normal"):
        render_usage_report(
            report, device_csv=csv, summary_csv=b"", fonts_dir=tmp_path, created_at=samples.MADE_AT
        )


def test_the_renderer_has_nothing_to_complain_about(caplog: pytest.LogCaptureFixture) -> None:
    report, csv = samples.make_report(partners=3)
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        render(report, csv)
    assert caplog.messages == []


def test_only_one_module_of_the_product_knows_the_renderer() -> None:
    root = Path(__file__).resolve().parents[3]
    importers = {
        path.relative_to(root).as_posix()
        for package in ("core", "partners", "licensing", "reporting", "portal")
        for path in (root / package).rglob("*.py")
        if re.search(r"^\s*(from|import) weasyprint", path.read_text(), re.MULTILINE)
    }
    assert importers == {"reporting/renderers/pdf.py"}
