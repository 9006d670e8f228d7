"""VAT number in VIES, the European Commission's register of registers, in its REST and its SOAP form.

VIES passes the question on to the member state and is often partly away; that is no answer about the
company, so it raises ``ProviderUnavailable`` and the question is asked again.
Source: ec.europa.eu/taxation_customs/vies, technical information.
"""

import json
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

import requests
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _

from partners.checks.base import ApplicantFacts, CheckAnswer, ProviderUnavailable
from partners.checks.capped_http import AnswerTooLarge, TookTooLong, post
from partners.checks.vat_offline import form_problem
from partners.models.check import CheckResult
from partners.rules.vat_ids import normalise_vat_id

REST_URL = "https://ec.europa.eu/taxation_customs/vies/rest-api/check-vat-number"
SOAP_URL = "https://ec.europa.eu/taxation_customs/vies/services/checkVatService"
TYPES = "urn:ec.europa.eu:taxud:vies:services:checkVat:types"
MAX_ANSWER_BYTES = 64 * 1024
TIMEOUT_SECONDS = 15

# The members of VIES and their prefixes there: Greece is EL. Everybody else is not in it.
_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_PREFIXES = {country: country for country in _MEMBERS.split()} | {"GR": "EL"}

# Not an answer about the number: somebody is away or busy.
_AWAY_CODES = (
    "GLOBAL_MAX_CONCURRENT_REQ GLOBAL_MAX_CONCURRENT_REQ_TIME IP_BLOCKED MS_MAX_CONCURRENT_REQ "
    "MS_MAX_CONCURRENT_REQ_TIME MS_UNAVAILABLE SERVER_BUSY SERVICE_UNAVAILABLE TIMEOUT VAT_BLOCKED"
)
AWAY = frozenset(_AWAY_CODES.split())
_BUSY_WAIT = timedelta(minutes=1)
_BLOCKED_WAIT = timedelta(hours=12)


class _Vies:
    kind = CheckResult.Kind.VAT.value
    name = "VIES"

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url = url
        self._timeout = timeout

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        """Ask VIES, unless the number cannot exist or its country is not in VIES."""
        problem = form_problem(facts)
        if problem is not None:
            return problem
        vat_id = normalise_vat_id(facts.vat_id, country=facts.country)
        prefix = _PREFIXES.get(facts.country)
        if prefix is None:
            text = _(
                "Form and check digit are right. The country is not in VIES: a person asks its register."
            )
            return CheckAnswer(CheckResult.Outcome.ATTENTION, text, {"registration": "not_in_vies"})
        status, body = self._exchange(*self._question(prefix, vat_id.removeprefix(prefix)))
        return _answer(self._read(status, body), facts, raw=body)

    def _exchange(self, content: bytes, headers: dict[str, str]) -> tuple[int, str]:
        try:
            answer = post(
                self._url, content, headers=headers, timeout=self._timeout, max_bytes=MAX_ANSWER_BYTES
            )
        except AnswerTooLarge:
            raise ProviderUnavailable("answer_too_large") from None
        except TookTooLong:
            raise ProviderUnavailable("TIMEOUT") from None
        except requests.Timeout:
            raise ProviderUnavailable("TIMEOUT") from None
        except requests.RequestException as error:
            raise ProviderUnavailable("no_connection", raw=type(error).__name__) from None
        if answer.status == 429 or answer.status in (502, 503, 504):
            raise ProviderUnavailable(
                f"http_{answer.status}", retry_after=answer.retry_after, raw=answer.text[:2000]
            )
        return answer.status, answer.text

    def _question(self, prefix: str, number: str) -> tuple[bytes, dict[str, str]]:
        raise NotImplementedError

    def _read(self, status: int, body: str) -> dict[str, Any]:
        """Return {"valid", "name", "address", "asked_on", "identifier"} or {"error": VIES' code}."""
        raise NotImplementedError


class ViesRest(_Vies):
    """Ask by JSON. Errors come with status 200 as well, in ``errorWrappers``."""

    name = "VIES (REST)"

    def _question(self, prefix: str, number: str) -> tuple[bytes, dict[str, str]]:
        question = json.dumps({"countryCode": prefix, "vatNumber": number})
        return question.encode(), {"Content-Type": "application/json", "Accept": "application/json"}

    def _read(self, status: int, body: str) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise ProviderUnavailable("no_answer", raw=body) from None
        if not isinstance(answer, dict):
            raise ProviderUnavailable("no_answer", raw=body)
        wrappers = answer.get("errorWrappers")
        if wrappers and isinstance(wrappers, list):
            first = wrappers[0] if isinstance(wrappers[0], dict) else {}
            return {"error": str(first.get("error", "no_answer"))}
        valid = answer.get("valid")
        if status != 200 or not isinstance(valid, bool):
            raise ProviderUnavailable(f"http_{status}" if status != 200 else "no_answer", raw=body)
        return {
            "valid": valid,
            "name": answer.get("name"),
            "address": answer.get("address"),
            "asked_on": answer.get("requestDate"),
            "identifier": answer.get("requestIdentifier"),
        }


class ViesSoap(_Vies):
    """Ask by checkVat. Errors come as a SOAP fault, usually with status 500."""

    name = "VIES (SOAP)"

    def _question(self, prefix: str, number: str) -> tuple[bytes, dict[str, str]]:
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
            f'<soapenv:Header/><soapenv:Body><checkVat xmlns="{TYPES}">'
            f"<countryCode>{escape(prefix)}</countryCode><vatNumber>{escape(number)}</vatNumber>"
            "</checkVat></soapenv:Body></soapenv:Envelope>"
        )
        return envelope.encode(), {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}

    def _read(self, status: int, body: str) -> dict[str, Any]:
        try:
            root = ElementTree.fromstring(body.encode(), forbid_dtd=True)
        except (ElementTree.ParseError, DefusedXmlException, ValueError):
            raise ProviderUnavailable("no_answer", raw=body) from None
        fault = next((element for element in root.iter() if element.tag.endswith("}Fault")), None)
        if fault is not None:
            return {"error": (fault.findtext("faultstring") or "no_answer").strip()}
        found = root.find(f".//{{{TYPES}}}checkVatResponse")
        valid = found.findtext(f"{{{TYPES}}}valid") if found is not None else None
        if found is None or status != 200 or valid not in ("true", "false"):
            raise ProviderUnavailable(f"http_{status}" if status != 200 else "no_answer", raw=body)
        return {
            "valid": valid == "true",
            "name": found.findtext(f"{{{TYPES}}}name"),
            "address": found.findtext(f"{{{TYPES}}}address"),
            "asked_on": found.findtext(f"{{{TYPES}}}requestDate"),
            "identifier": None,
        }


def _answer(said: dict[str, Any], facts: ApplicantFacts, *, raw: str) -> CheckAnswer:
    error = said.get("error")
    if error == "INVALID_INPUT":
        text = _("VIES does not take the number: it cannot exist in that country.")
        return CheckAnswer(CheckResult.Outcome.FAILED, text, {"registration": "invalid_input"}, raw)
    if error:
        raise _unavailable(error, raw)
    known = {"name": _said(said["name"]), "address": _said(said["address"])}
    proof = {"asked_on": str(said["asked_on"] or "")[:40], "identifier": str(said["identifier"] or "")[:60]}
    shown = {key: value for key, value in {**known, **proof}.items() if value}
    if not said["valid"]:
        text = _("VIES knows no such registration.")
        return CheckAnswer(CheckResult.Outcome.FAILED, text, {"registration": "not_registered", **shown}, raw)
    if not known["name"]:
        text = _("Registered. The member state does not say for whom.")
        return CheckAnswer(CheckResult.Outcome.CLEAR, text, {"registration": "registered", **shown}, raw)
    text = _("Registered for %(name)s.") % {"name": known["name"][:200]}
    return CheckAnswer(CheckResult.Outcome.CLEAR, text, {"registration": "registered", **shown}, raw)


def _unavailable(error: str, raw: str) -> ProviderUnavailable:
    """Every other code is no answer either: nothing is decided by an error we do not know."""
    code = error if error in AWAY else f"vies_{error}"[:60]
    wait = _BLOCKED_WAIT if error in ("IP_BLOCKED", "VAT_BLOCKED") else _BUSY_WAIT
    return ProviderUnavailable(code, retry_after=wait, raw=raw)


def _said(value: Any) -> str:
    """Return a text of VIES; three dashes mean that the member state keeps it to itself."""
    text = " ".join(str(value or "").split())
    return "" if text.strip("-") == "" else text[:500]
