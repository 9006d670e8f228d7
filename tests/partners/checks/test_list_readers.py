"""Sanctions lists as they are published, and as nobody should publish them."""

from datetime import date
from io import BytesIO

import pytest

from partners.checks import eu_list_xml, opensanctions_csv
from partners.checks.eu_list_xml import EuListReader
from partners.checks.list_entries import ListEntry
from partners.checks.list_refusals import MOST_ERRORS_KEPT, ListRefused, RowErrors, in_words
from partners.checks.opensanctions_csv import OpenSanctionsReader
from tests.partners.checks.lists import entity, eu_list, row, simple_csv


def read(reader_class, content: bytes):
    errors = RowErrors()
    reader = reader_class(BytesIO(content), errors)
    return list(reader.entries()), reader.published_on, errors


def refusal(reader_class, content: bytes) -> ListRefused:
    with pytest.raises(ListRefused) as refused:
        read(reader_class, content)
    return refused.value


# -- the EU's XML ----------------------------------------------------------------------------------------


def test_an_eu_list_is_read_with_its_date_names_kind_programme_and_countries():
    address = '<address city="X" countryIso2Code="YY"/><address countryIso2Code="00"/>'
    content = eu_list(
        entity(1, "Xaver Quendelfink", "X. Quendelfink", extra=address),
        entity(2, "Obskura Handels GmbH", kind="enterprise", programme="UKR"),
        entity(3, "MV Nebelhorn", kind="vessel"),
    )
    entries, published_on, errors = read(EuListReader, content)
    assert published_on == date(2026, 11, 10)
    assert errors.count == 0
    assert entries == [
        ListEntry("EU.1.1", ("Xaver Quendelfink", "X. Quendelfink"), "person", "INV", "ZZ, YY"),
        ListEntry("EU.2.1", ("Obskura Handels GmbH",), "organisation", "UKR", "ZZ"),
        ListEntry("EU.3.1", ("MV Nebelhorn",), "other", "INV", "ZZ"),
    ]


def test_an_organisation_is_compared_without_its_legal_form_and_a_person_with_all_of_his_name():
    entries, _date, _errors = read(
        EuListReader, eu_list(entity(1, "Obskura SA", kind="enterprise"), entity(2, "José da Silva Sá"))
    )
    assert [entry.norms for entry in entries] == [("obskura",), ("jose da silva sa",)]


def test_the_first_strong_name_is_the_one_to_show():
    weak_first = entity(1, "Kurz").replace('strong="true"', 'strong="false"')
    strong = '<nameAlias wholeName="Langer Name" strong="true"/>'
    content = eu_list(weak_first.replace("<citizenship", f"{strong}<citizenship"))
    assert read(EuListReader, content)[0][0].names == ("Langer Name", "Kurz")


def test_a_name_in_parts_is_put_together():
    parts = (
        entity(1, "")
        .replace('firstName=""', 'firstName="Xaver"')
        .replace('lastName=""', 'lastName="Quendelfink"')
    )
    assert read(EuListReader, eu_list(parts))[0][0].names == ("Xaver Quendelfink",)


def test_wrong_entities_are_numbered_and_the_others_still_read():
    content = eu_list(
        entity(1, "Erster"), entity(2, ""), entity(1, "Wieder"), entity(4, "x" * 501), entity(5, "Letzter")
    )
    entries, _date, errors = read(EuListReader, content)
    assert [entry.reference for entry in entries] == ["EU.1.1", "EU.5.1"]
    assert [(error["row"], error["code"]) for error in errors.kept] == [
        (2, "no_name"),
        (3, "twice"),
        (4, "name_too_long"),
    ]


def test_an_entity_without_a_number_is_wrong():
    nameless = entity(1, "Erster").replace('euReferenceNumber="EU.1.1"', "").replace('logicalId="1"', "", 1)
    assert [error["code"] for error in read(EuListReader, eu_list(nameless))[2].kept] == ["no_reference"]


def test_only_the_first_errors_are_kept_and_all_are_counted():
    _entries, _date, errors = read(
        EuListReader, eu_list(*[entity(n, "") for n in range(MOST_ERRORS_KEPT + 50)])
    )
    assert (len(errors.kept), errors.count) == (MOST_ERRORS_KEPT, MOST_ERRORS_KEPT + 50)


BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE export [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><export>&b;</export>'
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE export SYSTEM "file:///etc/passwd"><export/>'
HEAD = b'<export generationDate="2026-11-10">'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"hello", "not_xml"),
        (b"id,name\n1,x\n", "not_xml"),
        (b"\xff\xfe\x00\x00", "not_xml"),
        (b'<?xml version="1.0" encoding="no-such"?><export/>', "not_xml"),
        (BILLION, "doctype"),
        (OUTSIDE, "doctype"),
        (b"<html></html>", "wrong_root"),
        (b"<export/>", "no_date"),
        (b'<export generationDate="soon"/>', "no_date"),
        (HEAD + b"<a>" * 40, "too_deep"),
        (HEAD + b'<sanctionEntity a="' + b"x" * 40_000 + b'"/></export>', "too_long"),
        (HEAD + b"<a " + b" ".join(b'a%d="1"' % n for n in range(60)) + b"/></export>", "too_long"),
        (HEAD + b'<sanctionEntity a="' + b"x" * 900_000, "too_long"),
        (HEAD + b"<sanctionEntity>", "not_xml"),
        (HEAD + b"</export><export/>", "not_xml"),
        (eu_list(entity(1, "Erster"))[:-20], "not_xml"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_as_a_whole(content, code):
    assert refusal(EuListReader, content).code == code


def test_the_caps_of_the_xml_hold(monkeypatch):
    monkeypatch.setattr(eu_list_xml, "MAX_ELEMENTS", 10)
    assert refusal(EuListReader, eu_list(entity(1, "Erster"), entity(2, "Zweiter"))).code == "too_many"
    monkeypatch.setattr(eu_list_xml, "MAX_BYTES", 1000)
    assert refusal(EuListReader, eu_list(*[entity(n, "N") for n in range(9)])).code == "too_large"


# -- OpenSanctions' CSV ----------------------------------------------------------------------------------


def test_an_opensanctions_file_is_read_with_the_newest_date():
    content = simple_csv(
        row(aliases="X. Quendelfink;Ксавер", program_ids="EU-INV;ZZ-INV", sanctions="2020-01-01"),
        row(
            id="NK-2",
            schema="Company",
            name="Obskura Ltd",
            countries="zz;yy",
            last_seen="2026-11-14T01:00:00",
        ),
        row(id="NK-3", schema="Vessel", name="Nebelhorn", sanctions="Regulation 1;Regulation 2"),
    )
    entries, published_on, errors = read(OpenSanctionsReader, content)
    assert (published_on, errors.count) == (date(2026, 11, 14), 0)
    assert entries == [
        ListEntry(
            "NK-1", ("Xaver Quendelfink", "X. Quendelfink", "Ксавер"), "person", "EU-INV, ZZ-INV", "ZZ"
        ),
        ListEntry("NK-2", ("Obskura Ltd",), "organisation", "Invented list", "ZZ, YY"),
        ListEntry("NK-3", ("Nebelhorn",), "other", "Regulation 1, Regulation 2", "ZZ"),
    ]


def test_the_older_form_without_the_programmes_is_read_too():
    content = simple_csv(row()).replace(b'"program_ids",', b"").replace(b'"","Invented', b'"Invented')
    assert len(read(OpenSanctionsReader, content)[0]) == 1


def test_wrong_rows_are_numbered_as_a_spreadsheet_does():
    content = (
        simple_csv(row(), row(id=""), row(), row(id="NK-4", name=" "), row(id="NK-5", name="x" * 501))
        + b"a,b\n"
    )
    entries, _date, errors = read(OpenSanctionsReader, content)
    assert len(entries) == 1
    assert [(error["row"], error["code"]) for error in errors.kept] == [
        (3, "no_reference"),
        (4, "twice"),
        (5, "no_name"),
        (6, "name_too_long"),
        (7, "columns"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n", "header"),
        (b"id,name\n1,x\n", "header"),
        (b"<export/>", "header"),
        (b"PK\x03\x04" + bytes(200), "nul"),
        (simple_csv(row()) + b"\xff\xfe\n", "encoding"),
        (simple_csv(row()) + b'"open', "quotes"),
        (simple_csv(row()) + b'"a"b,c\n', "quotes"),
        (simple_csv(row(last_seen="", id="NK-9")), "no_date"),
        (simple_csv(row()) + b"x" * 600_000, "too_long"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused_as_a_whole(content, code):
    assert refusal(OpenSanctionsReader, content).code == code


def test_the_caps_of_the_csv_hold(monkeypatch):
    monkeypatch.setattr(opensanctions_csv, "MAX_ROWS", 2)
    assert refusal(OpenSanctionsReader, simple_csv(row(), row(id="NK-2"))).code == "too_many_rows"
    monkeypatch.setattr(opensanctions_csv, "MAX_BYTES", 300)
    assert refusal(OpenSanctionsReader, simple_csv(row(), row(id="NK-2"))).code == "too_large"


def test_every_code_has_a_sentence_without_a_gap():
    from partners.checks.list_refusals import FILE_MESSAGES, ROW_MESSAGES

    params = {"limit_mb": 64, "limit": 5, "columns": "id", "theirs": "2026-01-01", "ours": "2026-02-01"}
    sentences = [in_words({"code": code, "params": params}) for code in [*FILE_MESSAGES, *ROW_MESSAGES]]
    assert [sentence for sentence in sentences if "{" in sentence or not sentence.endswith(".")] == []
