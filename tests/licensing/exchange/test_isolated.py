import time
from dataclasses import replace

import pytest

from licensing.exchange import isolated
from licensing.exchange.ack_xml import read_acks
from licensing.exchange.fulfilment import FulfilmentRow, FulfilmentSummary
from licensing.exchange.isolated import parse_in_subprocess
from licensing.exchange.oa3 import read_oa3
from licensing.exchange.plain import from_plain, to_plain
from licensing.exchange.refusals import CsvRefused, ExchangeRefused, XmlRefused
from licensing.rules.key_syntax import SecretKey
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    HEADER,
    MEGABYTE,
    fulfilment_header,
    fulfilment_rows,
    good_ack,
    good_fulfilment_csv,
    good_fulfilment_xml,
    good_oa3,
)


def test_fulfilment_comes_back_as_it_would_in_our_own_process() -> None:
    *rows, summary = parse_in_subprocess("fulfilment_xml", good_fulfilment_xml(40))
    assert rows == [replace(row, oem_part_number="TPR-W11P") for row in fulfilment_rows(40)]
    assert summary == FulfilmentSummary(40, 0, (), (replace(fulfilment_header(), quantity=40),))


def test_errors_and_options_come_through() -> None:
    data = f"{HEADER}\n17,x,y y\n".encode()
    (summary,) = parse_in_subprocess("fulfilment_csv", data, max_keys=1)
    assert [(error.row, error.field, error.code) for error in summary.errors] == [
        (2, "product_key_id", "product_key_id_syntax"),
        (2, "product_key", "product_key_syntax"),
        (2, "licensable_part_number", "lpn_syntax"),
    ]
    with pytest.raises(CsvRefused) as caught:
        list(parse_in_subprocess("fulfilment_csv", good_fulfilment_csv(2), max_keys=1))
    assert (caught.value.code, caught.value.params) == ("csv_too_many_rows", {"limit": 1})


def test_oa3_and_answers_come_back_equal() -> None:
    assert list(parse_in_subprocess("oa3", good_oa3())) == [read_oa3(good_oa3())]
    assert list(parse_in_subprocess("acks", good_ack())) == read_acks(good_ack())


def test_refusal_comes_through_with_code_and_line() -> None:
    with pytest.raises(XmlRefused) as caught:
        list(parse_in_subprocess("fulfilment_xml", b"<FulfillmentResponse>\n<a></FulfillmentResponse>"))
    assert (caught.value.code, caught.value.line) == ("xml_broken", 2)
    with pytest.raises(XmlRefused) as caught:
        list(parse_in_subprocess("fulfilment_xml", good_oa3()))
    assert (caught.value.code, caught.value.params) == ("xml_wrong_root", {"expected": "FulfillmentResponse"})


def test_endless_reading_ends_with_the_time() -> None:
    started = time.monotonic()
    data = b"<ComputerBuildReportAcks>" + b'<a b="1" c="2">x</a>' * 999_998 + b"</ComputerBuildReportAcks>"
    with pytest.raises(XmlRefused) as caught:
        list(parse_in_subprocess("acks", data, max_seconds=1))
    assert (caught.value.code, caught.value.params) == ("reader_time", {"limit_seconds": 1})
    assert time.monotonic() - started < 10


def test_too_much_memory_ends_the_child_only() -> None:
    data = b"<ComputerBuildReportAcks>" + b"<a/>" * 990_000 + b"</ComputerBuildReportAcks>"
    with pytest.raises(XmlRefused) as caught:
        list(parse_in_subprocess("acks", data, max_memory_bytes=110 * MEGABYTE))
    assert caught.value.code == "reader_memory"


def test_worst_allowed_file_fits_into_the_memory_and_time() -> None:
    data = b"<ComputerBuildReportAcks>" + b"<a/>" * 999_998 + b"</ComputerBuildReportAcks>"
    with pytest.raises(XmlRefused) as caught:
        list(parse_in_subprocess("acks", data))
    assert caught.value.code == "answer_no_lines"


def test_caller_that_stops_early_or_works_slowly_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = isolated._start
    monkeypatch.setattr(isolated, "_start", lambda job: started.append(start(job)) or started[-1])
    rows = parse_in_subprocess("fulfilment_csv", good_fulfilment_csv(5_000), max_seconds=2)
    first = next(rows)
    assert isinstance(first, FulfilmentRow)
    time.sleep(3)
    next(rows)
    rows.close()
    assert [process.returncode for process in started] == [-9]


def test_child_gets_no_environment_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET", "x")
    seen: dict[str, object] = {}

    def start(*_args: object, **options: object) -> object:
        seen.update(options)
        raise OSError("not started")

    monkeypatch.setattr(isolated.subprocess, "Popen", start)
    with pytest.raises(OSError, match="not started"):
        list(parse_in_subprocess("oa3", good_oa3()))
    assert set(seen["env"]) == {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG"}  # type: ignore[call-overload]


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"refused":"X","code":"unheard of"}'])
def test_nonsense_from_the_child_is_a_refusal(line: bytes) -> None:
    try:
        refusal: ExchangeRefused = isolated._refusal(isolated._load(line))
    except ExchangeRefused as raised:
        refusal = raised
    assert refusal.code == "reader_failed"


def test_plain_values_carry_keys_times_and_nothing_but_known_classes() -> None:
    report = read_oa3(good_oa3())
    plain = to_plain(report)
    assert plain["fields"]["product_key"] == {"$key": CANARY_KEY}
    assert from_plain(plain) == report
    assert isinstance(from_plain(plain).product_key, SecretKey)
    with pytest.raises(KeyError):
        from_plain({"$class": "Popen", "fields": {"args": "id"}})
