"""VIES over real sockets: every kind of answer, in both its forms."""

import json
from datetime import timedelta

import pytest

from partners.checks.base import ProviderUnavailable
from partners.checks.vat_vies import AWAY, TYPES, ViesRest, ViesSoap
from tests.partners.checks.servers import answering, closed_port, facts_of, in_drops, silent

REGISTERED = {
    "countryCode": "DE",
    "vatNumber": "136695976",
    "requestDate": "2026-11-20T09:12:00.000Z",
    "valid": True,
    "requestIdentifier": "WAPIAAAAW",
    "name": "KREISLAUF PC GMBH",
    "address": "HAUPTSTR. 5\n10115 BERLIN",
}


def envelope(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<env:Header/><env:Body>{inside}</env:Body></env:Envelope>"
    ).encode()


def soap_answer(valid: str, name: str = "KREISLAUF PC GMBH") -> bytes:
    return envelope(
        f'<ns2:checkVatResponse xmlns:ns2="{TYPES}"><ns2:countryCode>DE</ns2:countryCode>'
        f"<ns2:vatNumber>136695976</ns2:vatNumber><ns2:requestDate>2026-11-20+01:00</ns2:requestDate>"
        f"<ns2:valid>{valid}</ns2:valid><ns2:name>{name}</ns2:name><ns2:address>---</ns2:address>"
        "</ns2:checkVatResponse>"
    )


def soap_fault(code: str) -> bytes:
    return envelope(
        f"<env:Fault><faultcode>env:Server</faultcode><faultstring>{code}</faultstring></env:Fault>"
    )


def rest_error(code: str) -> bytes:
    return json.dumps({"actionSucceed": False, "errorWrappers": [{"error": code}]}).encode()


def test_rest_asks_for_country_and_number_and_tells_for_whom_it_is_registered():
    with answering(json.dumps(REGISTERED).encode()) as server:
        answer = ViesRest(server.url).run(facts_of())
    method, _path, headers, content = server.requests[0]
    assert (method, json.loads(content)) == ("POST", {"countryCode": "DE", "vatNumber": "136695976"})
    assert headers["Content-Type"] == "application/json"
    assert (answer.outcome, answer.summary) == ("clear", "Registered for KREISLAUF PC GMBH.")
    assert answer.facts == {
        "registration": "registered",
        "name": "KREISLAUF PC GMBH",
        "address": "HAUPTSTR. 5 10115 BERLIN",
        "asked_on": "2026-11-20T09:12:00.000Z",
        "identifier": "WAPIAAAAW",
    }
    assert json.loads(answer.raw) == REGISTERED


def test_soap_asks_by_check_vat_and_tells_for_whom_it_is_registered():
    with answering(soap_answer("true"), headers={"Content-Type": "text/xml"}) as server:
        answer = ViesSoap(server.url).run(facts_of())
    content = server.requests[0][3].decode()
    assert (
        f'<checkVat xmlns="{TYPES}"><countryCode>DE</countryCode><vatNumber>136695976</vatNumber>' in content
    )
    assert (answer.outcome, answer.facts) == (
        "clear",
        {"registration": "registered", "name": "KREISLAUF PC GMBH", "asked_on": "2026-11-20+01:00"},
    )


@pytest.mark.parametrize(
    ("vies", "body"),
    [
        (ViesRest, json.dumps({**REGISTERED, "valid": False, "name": "---", "address": "---"}).encode()),
        (ViesSoap, soap_answer("false", "---")),
    ],
)
def test_a_number_nobody_has_is_not_in_order(vies, body):
    with answering(body) as server:
        answer = vies(server.url).run(facts_of())
    assert (answer.outcome, answer.facts["registration"]) == ("failed", "not_registered")


@pytest.mark.parametrize(
    ("vies", "body"),
    [
        (ViesRest, json.dumps({**REGISTERED, "name": "---", "address": "---"}).encode()),
        (ViesSoap, soap_answer("true", "---")),
    ],
)
def test_a_member_state_that_keeps_the_name_to_itself_still_counts(vies, body):
    with answering(body) as server:
        answer = vies(server.url).run(facts_of())
    assert (answer.outcome, answer.summary) == (
        "clear",
        "Registered. The member state does not say for whom.",
    )
    assert "name" not in answer.facts


@pytest.mark.parametrize("code", sorted(AWAY))
@pytest.mark.parametrize(
    ("vies", "error", "status"), [(ViesRest, rest_error, 200), (ViesSoap, soap_fault, 500)]
)
def test_a_service_that_is_away_is_no_answer(vies, error, status, code):
    with answering(error(code), status=status) as server, pytest.raises(ProviderUnavailable) as away:
        vies(server.url).run(facts_of())
    assert away.value.reason == code
    assert code in away.value.raw
    is_blocked = code in ("IP_BLOCKED", "VAT_BLOCKED")
    assert away.value.retry_after == (timedelta(hours=12) if is_blocked else timedelta(minutes=1))


@pytest.mark.parametrize(
    ("vies", "error", "status"), [(ViesRest, rest_error, 200), (ViesSoap, soap_fault, 500)]
)
def test_input_that_vies_does_not_take_is_not_in_order(vies, error, status):
    with answering(error("INVALID_INPUT"), status=status) as server:
        answer = vies(server.url).run(facts_of())
    assert (answer.outcome, answer.facts) == ("failed", {"registration": "invalid_input"})


@pytest.mark.parametrize(
    ("vies", "error", "status"), [(ViesRest, rest_error, 200), (ViesSoap, soap_fault, 500)]
)
def test_an_error_we_do_not_know_decides_nothing(vies, error, status):
    with (
        answering(error("SOMETHING_NEW"), status=status) as server,
        pytest.raises(ProviderUnavailable) as away,
    ):
        vies(server.url).run(facts_of())
    assert away.value.reason == "vies_SOMETHING_NEW"


BROKEN = [
    b"",
    b"<html>down for maintenance</html>",
    b"{",
    b"[]",
    b"null",
    b'{"valid": "perhaps"}',
    b"[" * 50_000,
    b'{"errorWrappers": [3], "valid": 1}',
    soap_answer("perhaps"),
    envelope("<nothing/>"),
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b"<a>" * 15_000,
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("vies", [ViesRest, ViesSoap])
@pytest.mark.parametrize("status", [200, 500])
def test_a_broken_answer_is_no_answer(vies, body, status):
    with answering(body, status=status) as server, pytest.raises(ProviderUnavailable):
        vies(server.url).run(facts_of())


@pytest.mark.parametrize("vies", [ViesRest, ViesSoap])
def test_a_huge_answer_is_cut_off(vies):
    with answering(b" " * 3_000_000) as server, pytest.raises(ProviderUnavailable) as away:
        vies(server.url).run(facts_of())
    assert away.value.reason == "answer_too_large"


@pytest.mark.parametrize("vies", [ViesRest, ViesSoap])
@pytest.mark.parametrize("speaker", [silent, in_drops])
def test_a_slow_answer_is_not_waited_for(vies, speaker):
    with answering(speaker) as server, pytest.raises(ProviderUnavailable) as away:
        vies(server.url, timeout=0.3).run(facts_of())
    assert away.value.reason == "TIMEOUT"


def test_nobody_there_is_no_answer():
    with pytest.raises(ProviderUnavailable) as away:
        ViesRest(f"http://127.0.0.1:{closed_port()}/").run(facts_of())
    assert (away.value.reason, away.value.raw) == ("no_connection", "ConnectionError")


@pytest.mark.parametrize(("status", "wait"), [(429, "120"), (503, "120"), (502, ""), (504, "soon")])
def test_a_busy_gateway_is_obeyed(status, wait):
    headers = {"Retry-After": wait} if wait else {}
    with (
        answering(b"busy", status=status, headers=headers) as server,
        pytest.raises(ProviderUnavailable) as away,
    ):
        ViesRest(server.url).run(facts_of())
    assert away.value.reason == f"http_{status}"
    assert away.value.retry_after == (timedelta(seconds=120) if wait == "120" else None)


def test_a_redirect_is_not_followed():
    with answering(json.dumps(REGISTERED).encode()) as other:
        headers = {"Location": other.url}
        with answering(b"", status=302, headers=headers) as server, pytest.raises(ProviderUnavailable):
            ViesRest(server.url).run(facts_of())
    assert other.requests == []


@pytest.mark.parametrize(
    ("country", "vat_id", "asked"),
    [("GR", "EL094259216", ("EL", "094259216")), ("NL", "NL004495445B01", ("NL", "004495445B01"))],
)
def test_each_country_is_asked_under_its_prefix(country, vat_id, asked):
    with answering(json.dumps(REGISTERED).encode()) as server:
        ViesRest(server.url).run(facts_of(country=country, vat_id=vat_id))
    content = json.loads(server.requests[0][3])
    assert (content["countryCode"], content["vatNumber"]) == asked


@pytest.mark.parametrize(
    ("country", "vat_id", "outcome", "said"),
    [
        ("DE", "DE136695977", "failed", {"form": "check_digit", "registration": "not_asked"}),
        ("DE", "", "skipped", {}),
        ("CH", "CHE-107.787.577 IVA", "attention", {"registration": "not_in_vies"}),
    ],
)
def test_what_vies_cannot_know_is_not_asked(country, vat_id, outcome, said):
    with answering(b"{}") as server:
        answer = ViesRest(server.url).run(facts_of(country=country, vat_id=vat_id))
    assert (answer.outcome, answer.facts) == (outcome, said)
    assert server.requests == []
