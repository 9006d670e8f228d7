"""Objects for tests: the smallest that satisfy the database, made in the MAR's scope where needed.

Every function opens its own scope, so a test may call it anywhere.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import F

from core.actor import Actor, ActorKind
from core.crypto import KeyCipher, blind_index, new_data_key
from core.custody_keys import blind_index_key, master_key
from core.models import User
from core.tenancy import mar_scope
from licensing.models import (
    BatchDataKey,
    DecoyCount,
    FamilyGrant,
    Fulfilment,
    KeyBatch,
    KeySecret,
    LedgerEntry,
    OrderLimit,
    Product,
    ProductKey,
)
from licensing.services.decoys import mark_of
from licensing.services.opening_prices import open_price
from partners.models import (
    Agreement,
    CreditPosition,
    Mar,
    Membership,
    Partner,
    TermsAcceptance,
    TermsText,
    TermsVersion,
)

AT = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)  # a Sunday, 19:00 in Berlin
_numbers = count(1)
SYMBOLS = "BCDFGHJKMPQRTVWXY2346789"


def key_text(number: int) -> str:
    """Return a synthetic product key that satisfies the syntax; each number gives another one."""
    letters = []
    value = number * 7919 + 123_456_789
    for _ in range(25):
        value, place = divmod(value * 31 + 17, len(SYMBOLS))
        value = value % (2**61) + number
        letters.append(SYMBOLS[place])
    text = "".join(letters)
    return "-".join(text[start : start + 5] for start in range(0, 25, 5))


def make_mar(**fields: Any) -> Mar:
    """Return the MAR's row."""
    with mar_scope():
        defaults = {"legal_name": "Nordlicht Refurbishing GmbH", "sold_to_id": "0000123456", "country": "DE"}
        return Mar.objects.update_or_create(id=1, defaults=defaults | fields)[0]


def make_user(name: str = "Person", **fields: Any) -> User:
    """Return a person without a membership."""
    number = next(_numbers)
    return User.objects.create_user(
        fields.pop("email", f"person{number}@example.test"), "correct horse battery", name=name, **fields
    )


def make_member(role: str, *, partner: Partner | None = None, **fields: Any) -> User:
    """Return a person with a role at a partner, or at the MAR."""
    user = make_user(**fields)
    with mar_scope():
        Membership.objects.create(user=user, partner=partner, role=role, created_at=AT)
    return user


def make_agreement(code: str = "TPR", **fields: Any) -> Agreement:
    """Return an agreement, the master when nothing else is said."""
    with mar_scope():
        return Agreement.objects.get_or_create(
            code=code,
            defaults={"kind": "master", "title": "TPR agreement", "created_at": AT - timedelta(days=400)}
            | fields,
        )[0]


def make_terms(version: str = "2026-1", **fields: Any) -> TermsVersion:
    """Return a version of the terms in force, of the master agreement when none is given."""
    text = fields.pop("text", "One licence, one eligible PC. Report every build.")
    agreement = fields.pop("agreement", None) or make_agreement()
    effective_from = fields.pop("effective_from", AT - timedelta(days=400))
    with mar_scope():
        terms, is_new = TermsVersion.objects.get_or_create(
            agreement=agreement,
            version=version,
            defaults={
                "binding_language": "en",
                "announced_at": min(effective_from, AT - timedelta(days=1)),
                "effective_from": effective_from,
                "due_from": effective_from,
            }
            | fields,
        )
        if is_new:
            TermsText.objects.create(
                terms=terms,
                language="en",
                summary="One licence for one eligible PC.",
                text=text,
                sha256=hashlib.sha256(text.encode()).hexdigest(),
            )
    return terms


def hash_of(terms: TermsVersion) -> str:
    """Return the hash of a version's binding text."""
    return str(terms.texts.get(language=terms.binding_language).sha256)


def make_partner(
    *,
    credit: str = "100000.00",
    monthly_quantity: int = 100_000,
    families: tuple[str, ...] = ("commercial",),
    accepts_terms: bool = True,
    **fields: Any,
) -> Partner:
    """Return an active partner with credit, limit, families and accepted terms."""
    number = next(_numbers)
    terms = make_terms()
    with mar_scope():
        partner = Partner.objects.create(
            **{
                "code": f"TPR-{number:04d}",
                "name": f"Refurbisher {number}",
                "country": "DE",
                "state": "active",
                "state_since": AT - timedelta(days=300),
                "created_at": AT - timedelta(days=300),
            }
            | fields
        )
        CreditPosition.objects.create(partner=partner, limit=Decimal(credit), currency="EUR")
        OrderLimit.objects.create(partner=partner, monthly_quantity=monthly_quantity)
        for family in families:
            FamilyGrant.objects.create(partner=partner, family=family, valid_from=AT - timedelta(days=300))
    if accepts_terms:
        owner = make_member("tpr_owner", partner=partner, name="Owner")
        with mar_scope():
            TermsAcceptance.objects.create(
                partner=partner,
                terms=terms,
                user=owner,
                role="tpr_owner",
                accepted_at=AT - timedelta(days=299),
                language="en",
                text_sha256=hash_of(terms),
            )
    return partner


def make_product(*, price: str | None = "40.00", **fields: Any) -> Product:
    """Return a product on sale, with a price in EUR."""
    number = next(_numbers)
    with mar_scope():
        product = Product.objects.create(
            **{
                "code": f"WIN11-PRO-{number}",
                "name": f"Windows 11 Pro ({number})",
                "lpn": f"ABC-{number:05d}",
                "family": "commercial",
                "edition": "Pro",
                "generation": "Windows 11",
                "order_from": AT - timedelta(days=400),
            }
            | fields
        )
        if price is not None:
            open_price(
                product,
                amount=Decimal(price),
                currency="EUR",
                by=Actor.system("test"),
                at=AT - timedelta(days=400),
            )
    return product


def make_stock(
    product: Product, quantity: int, *, at: datetime = AT - timedelta(days=30)
) -> list[ProductKey]:
    """Return released keys of a product: encrypted, indexed, in the ledger."""
    number = next(_numbers)
    data_key = new_data_key()
    cipher = KeyCipher(data_key)
    keeper, releaser = make_member("mar_stock"), make_member("mar_approver")
    with mar_scope():
        batch = KeyBatch.objects.create(
            file_name=f"delivery-{number}.xml", file_format="xml", file_size=1, file_sha256="0" * 64,
            state="released", keys_done=quantity, keys_total=quantity, uploaded_by=keeper, uploaded_at=at,
            released_by=releaser, released_at=at,
        )  # fmt: skip
        BatchDataKey.objects.create(
            batch=batch,
            master_key_id=master_key().id,
            wrapped=master_key().wrap(data_key, context=str(batch.id)),
        )
        fulfilment = Fulfilment.objects.create(
            number=f"F{number:08d}", batch=batch, product=product, sold_to_id="0000123456", quantity=quantity,
            received_at=at,
        )  # fmt: skip
        keys, secrets = [], []
        for _ in range(quantity):
            serial = next(_numbers)
            text = key_text(serial)
            key = ProductKey(
                product_key_id=f"33{serial:011d}", last5=text[-5:], product=product,
                batch=batch, fulfilment=fulfilment, state=1, state_since=at, position=serial,
            )  # fmt: skip
            keys.append(key)
            sealed = cipher.encrypt(text, identity=f"{batch.id}:{key.product_key_id}")
            secrets.append(
                KeySecret(key=key, sealed=sealed, blind_index=blind_index(blind_index_key(), text))
            )
        ProductKey.objects.bulk_create(keys)
        KeySecret.objects.bulk_create(secrets)
        LedgerEntry.objects.bulk_create(
            LedgerEntry(
                key=key, product=product, to_state=1, reason="fulfilment.released", actor_kind="system",
                actor_id="system", actor_label="test", recorded_at=at,
            )
            for key in keys
        )  # fmt: skip
    return keys


def make_decoy(key: ProductKey) -> None:
    """Turn a released key into a decoy, as a release makes one: marked, and left out of its fulfilment's quantity."""
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT licensing_add_decoys(%s)", [[mark_of(0), mark_of(key.pk)]])
        DecoyCount.objects.create(
            fulfilment_id=key.fulfilment_id, product_id=key.product_id, free=1, released_at=key.state_since
        )
        Fulfilment.objects.filter(pk=key.fulfilment_id).update(quantity=F("quantity") - 1)


def actor_for(user: User, *, partner: Partner | None = None) -> Actor:
    """Return the actor a signed-in person is."""
    return Actor(
        ActorKind.USER, str(user.pk), user.name, partner_id=partner.pk if partner else None, user_id=user.pk
    )
