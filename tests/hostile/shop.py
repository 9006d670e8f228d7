"""Who knocks at the web's doors, and how to tell that nothing behind them has moved."""

import json
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import Product, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services.hand_over import reveal_key
from licensing.services.orders import OrderRequest, place_order
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests import databases
from tests.factories import actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

KEY = re.compile(r"\b(?:[BCDFGHJKMNPQRTVWXY2-9]{5}-){4}[BCDFGHJKMNPQRTVWXY2-9]{5}\b")
SCOPES = ["orders:read", "orders:write", "keys:claim", "builds:read", "builds:write"]
PC = DeviceIdentity("LENOVO", "20N2S00A00", "PF0ABCDE")
# What every request may leave behind: the note that it was refused, the session, the last use of a credential.
TRACES = frozenset({"core_auditevent", "core_signinsession", "django_session", "partners_apikey"})


@dataclass
class Shop:
    """A partner with two kinds of keys in hand, and clients for everyone who may knock."""

    database: str
    partner: Partner
    product: Product
    held: ProductKey
    assigned: ProductKey
    foreign: ProductKey
    credential: str
    owner: Client
    keeper: Client
    admin: Client
    addresses: int = 0

    def visitor(self) -> Client:
        """Return a stranger from an address of his own: the form counts applications by address."""
        self.addresses += 1
        address = f"198.51.{self.addresses // 250}.{self.addresses % 250 + 1}"
        return Client(raise_request_exception=False, REMOTE_ADDR=address)

    def call(self, path: str, body: bytes, *, content_type: str = "application/json", **headers: str) -> Any:
        """Return the answer of the API to raw bytes."""
        return Client(raise_request_exception=False).generic(
            "POST",
            f"/api/v1/{path}",
            data=body,
            content_type=content_type,
            headers={"Authorization": f"Bearer {self.credential}", "Idempotency-Key": "k1", **headers},
        )

    def upload(self, client: Client, path: str, name: str, *files: tuple[str, bytes]) -> Any:
        """Return the answer to a form with files."""
        sent = [SimpleUploadedFile(file_name, content) for file_name, content in files]
        return client.post(path, {name: sent if len(sent) > 1 else sent[0]})


def open_shop(database: str) -> Shop:
    """Make the shop: two keys in hand, a foreign partner with one, a MAR with its people."""
    make_mar()
    partner, stranger = make_partner(), make_partner()
    product = make_product(code="WIN11-PRO-REF", lpn="ABC-00001")
    make_stock(product, 12)
    owner = make_member("tpr_owner", partner=partner, name="Olga Owner")
    held, assigned = _order(partner, owner, product, 2)
    (foreign,) = _order(stranger, make_member("tpr_owner", partner=stranger), product, 1)
    with partner_scope(partner.pk):
        reveal_key(
            partner_id=partner.pk, product_key_id=held.product_key_id, device=PC, reason="The station is down",
            by=actor_for(owner, partner=partner), at=timezone.now(),
        )  # fmt: skip
        _, secret = create_api_key(
            partner.pk,
            name="Line",
            scopes=SCOPES,
            daily_claims=100,
            by=Actor.system("test"),
            at=timezone.now(),
        )
    return Shop(
        database, partner, product, held, assigned, foreign, secret.reveal(), _browser(owner),
        _browser(make_member("mar_stock")), _browser(make_member("mar_admin")),
    )  # fmt: skip


def _browser(user: Any) -> Client:
    """Return a signed-in browser; a fault of ours is an answer like any other."""
    return sign_in(Client(raise_request_exception=False), user)


def _order(partner: Partner, owner: Any, product: Product, quantity: int) -> list[ProductKey]:
    with partner_scope(partner.pk):
        placed = place_order(
            partner_id=partner.pk,
            request=OrderRequest(product.pk, quantity),
            idempotency_key=f"first-{partner.pk}",
            by=actor_for(owner, partner=partner),
            at=timezone.now(),
        )
    with mar_scope():
        return list(ProductKey.objects.filter(order_line__order_id=placed.order_id).order_by("pk"))


def contents(database: str) -> dict[str, tuple[int, str]]:
    """Return rows and a checksum of every table, as the owner sees them."""
    with databases.owner_connection(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), ''))"
                f' FROM "{table}" AS row'
            )
            found[table] = cursor.fetchone()
    return found


def changed_tables(before: dict[str, tuple[int, str]], database: str) -> set[str]:
    """Return the tables that are not what they were, without the traces every request may leave."""
    after = contents(database)
    return {table for table, facts in after.items() if facts != before[table]} - TRACES


def stored_files() -> list[Path]:
    """Return every file in the portal's storage."""
    return [file for file in Path(default_storage.path("")).rglob("*") if file.is_file()]


def is_plain(response: Any) -> bool:
    """Return whether an answer is a sentence for a person: no fault, no key, nothing of our insides."""
    text = response.content.decode()
    inside = ("Traceback (most", "psycopg2", "DETAIL:", "/site-packages/", "ValueError", "django.")
    return response.status_code < 500 and not KEY.search(text) and not any(word in text for word in inside)


def sentence_of(response: Any) -> str:
    """Return what the answer says: a problem's detail, or the words of the page's own alert."""
    if response.headers["Content-Type"].startswith("application/problem+json"):
        document = json.loads(response.content)
        return str(document.get("detail") or document["title"])
    text = re.sub(r"<(script|template)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    main = re.search(r"<main\b.*?</main>", text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.group() if main else text)).split())
