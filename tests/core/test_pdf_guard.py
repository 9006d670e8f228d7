"""A PDF is read in a process of its own; what a viewer might run is found wherever it hides."""

import pytest

from core.pdf_guard import pdf_findings
from tests.partners import papers


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (papers.make_pdf(), []),
        (papers.pdf_with_script(), ["script"]),
        (papers.pdf_with_open_script(), ["script"]),
        (papers.pdf_with_hidden_name(), ["script"]),
        (papers.pdf_with_orphan_script(), ["script"]),
        (papers.pdf_in_object_streams(), ["script"]),
        (papers.pdf_with_launch(), ["action"]),
        (papers.pdf_with_page_action(), ["action"]),
        (papers.pdf_with_file(), ["file"]),
        (papers.pdf_with_password(), ["encrypted"]),
        (papers.make_pdf()[:200], ["unreadable"]),
        (b"%PDF-1.7\n" + bytes(1000), ["unreadable"]),
    ],
    ids=[
        "plain", "script", "at opening", "escaped name", "orphan", "object stream", "launch", "page action",
        "inner file", "password", "cut short", "zeros",
    ],
)  # fmt: skip
def test_each_kind_is_found(content, found):
    assert pdf_findings(content) == found


def test_a_child_that_runs_out_of_memory_is_an_unreadable_file():
    long = papers.make_pdf() + b"%" + b"x" * 40 * 1024 * 1024 + papers.make_pdf()
    assert pdf_findings(long, max_memory_bytes=60 * 1024 * 1024) == ["unreadable"]
    assert pdf_findings(papers.make_pdf(), max_memory_bytes=60 * 1024 * 1024) == []


def test_a_child_that_runs_out_of_time_is_an_unreadable_file():
    assert pdf_findings(papers.make_pdf(), max_seconds=0) == ["unreadable"]
