"""A fault in the very moment a key is in clear shows it to nobody: not on the page, in no log, in no mail."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import crypto
from core.actor import Actor
from core.crypto import Secret
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyHandOver
from licensing.services.orders import OrderRequest, place_order
from partners.services.api_keys import create_api_key
from portal.api import key_views
from portal.web.tpr import keys as key_pages
from tests import factories
from tests.canary.canaries import Search, new_canaries
from tests.factories import actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
(KEY,) = new_canaries(1)
DEVICE = {"manufacturer": "LENOVO", "model": "T490", "serial": "PF0FAULT"}
MARKER = "the fault that was planted"


class Shop:
    """A refurbisher with one key, which is the canary."""

    def __init__(self) -> None:
        make_mar()
        self.product, partner = make_product(), make_partner()
        (key,) = make_stock(self.product, 1)
        self.name, owner = key.product_key_id, make_member("tpr_owner", partner=partner)
        by = actor_for(owner, partner=partner)
        with partner_scope(partner.pk):
            place_order(
                partner_id=partner.pk, request=OrderRequest(self.product.pk, 1), idempotency_key="o", by=by,
                at=timezone.now(),
            )  # fmt: skip
        with mar_scope():
            _, secret = create_api_key(
                partner.pk, name="Line 1", daily_claims=5, by=Actor.system("test"), at=timezone.now(),
                scopes=["keys:claim"],
            )  # fmt: skip
        self.browser = sign_in(Client(raise_request_exception=False), owner)
        self.station = Client(
            raise_request_exception=False, headers={"Authorization": f"Bearer {secret.reveal()}"}
        )

    def reveal(self) -> Any:
        return self.browser.post(f"/tpr/keys/{self.name}/reveal/", {**DEVICE, "reason": "Station is down"})

    def claim(self) -> Any:
        body = json.dumps({"product": self.product.code, "device": DEVICE})
        return self.station.post(
            "/api/v1/keys:claim", body, content_type="application/json", headers={"Idempotency-Key": "pc 1"}
        )


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(factories, "key_text", lambda _number: KEY)
    return Shop()


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[StringIO]:
    """Write down what the portal's own handler writes to standard error."""
    (console,) = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    written = StringIO()
    before = console.setStream(written)
    yield written
    console.setStream(before or sys.stderr)


def _in_the_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break off where the plaintext is a local variable, and say it in the message."""

    def broken(text: str) -> Secret:
        raise RuntimeError(f"{MARKER}: {text!r}")

    monkeypatch.setattr(crypto, "Secret", broken)


def _on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break off while the page or the answer is made, and say all that it was made of."""

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{MARKER}: {args[1:]!r} {kwargs!r} {args[-1]!r}")

    monkeypatch.setattr(key_pages, "render", broken)
    monkeypatch.setattr(key_views, "Response", broken)


FAULTS = {"in the cipher": _in_the_cipher, "on the page": _on_the_page}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("door", ["reveal", "claim"])
def test_a_fault_while_a_key_is_in_clear_shows_it_to_nobody(
    shop: Shop, logs: StringIO, monkeypatch: pytest.MonkeyPatch, door: str, fault: str
) -> None:
    FAULTS[fault](monkeypatch)
    answer = getattr(shop, door)()
    assert answer.status_code == 500
    assert MARKER in logs.getvalue()
    left = {
        "page": answer.content,
        "head": repr(answer.headers).encode(),
        "logs": logs.getvalue().encode(),
        "mails": "".join(message.message().as_string() for message in mail.outbox).encode(),
        "tables": _tables(),
        "cache": repr([cache.get(name) for name in ("portal", "sessions")]).encode(),
    }
    search = Search([KEY])
    assert [str(hit) for place, content in left.items() for hit in search.in_bytes(content, place)] == []
    assert MARKER.encode() not in answer.content
    with mar_scope():
        assert KeyHandOver.objects.count() == 0, "what failed has handed nothing over"


def test_without_a_fault_the_search_finds_the_key_in_the_answer(shop: Shop) -> None:
    """The control: it is this very key that would have been shown."""
    assert Search([KEY]).in_bytes(shop.reveal().content, "page") != []


def _tables() -> bytes:
    """Return what a request of this kind writes, as text."""
    found = []
    with mar_scope(), connection.cursor() as cursor:
        for table in ("core_auditevent", "core_outboxitem", "core_idempotencykey", "licensing_ledgerentry"):
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(t)::text, E'\\n'), '') FROM {table} t")
            found.append(cursor.fetchone()[0])
    return "\n".join(found).encode()
