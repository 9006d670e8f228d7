import pytest

from reporting.rules.numbering import ReportIdentity, document_name, parse_report_number, report_number


def test_the_original_has_no_revision_in_its_number() -> None:
    assert report_number("2026-10", 1) == "UR-2026-10"


def test_a_correction_carries_its_revision() -> None:
    assert report_number("2026-10", 2) == "UR-2026-10-R2"


@pytest.mark.parametrize("period", ["2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "", "2026-10\n"])
def test_what_is_not_a_month_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        report_number(period, 1)


def test_revision_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        report_number("2026-10", 0)


@pytest.mark.parametrize("revision", [1, 2, 9, 10, 11, 123])
def test_a_number_reads_back_as_month_and_revision(revision: int) -> None:
    number = report_number("2026-10", revision)
    assert parse_report_number(number) == ReportIdentity("2026-10", revision)


@pytest.mark.parametrize(
    "text", ["UR-2026-10-R1", "UR-2026-10-R0", "UR-2026-10-R02", "../UR-2026-10", "UR-2026-1"]
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a report number"):
        parse_report_number(text)


def test_file_names_follow_the_number() -> None:
    assert [
        document_name("UR-2026-10-R2", kind, is_draft=False)
        for kind in ("report", "devices", "summary", "manifest")
    ] == [
        "UR-2026-10-R2.pdf",
        "UR-2026-10-R2-devices.csv",
        "UR-2026-10-R2-summary.csv",
        "UR-2026-10-R2-manifest.json",
    ]


def test_a_draft_says_so_in_its_file_name() -> None:
    assert document_name("UR-2026-10", "report", is_draft=True) == "UR-2026-10-DRAFT.pdf"
