"""A credential is shown once, found by hash, and ends when it is revoked or too old."""

from datetime import timedelta

import pytest

from core.crypto import Secret
from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from partners.models import ApiKey
from partners.rules.api_keys import format_secret, is_well_formed
from partners.selectors.api_keys import api_keys_of, find_active
from partners.services.api_keys import (
    ApiKeyRevoked,
    ScopeNotOfHouse,
    create_api_key,
    note_use,
    revoke_api_key,
)
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return make_partner()


def _create(partner, **changes):
    details = {"name": "Line 3", "scopes": ["keys:claim", "orders:read"], "daily_claims": 50} | changes
    owner = make_member("tpr_owner", partner=partner)
    with partner_scope(partner.pk):
        return create_api_key(partner.pk, by=actor_for(owner, partner=partner), at=AT, **details)


def test_the_text_is_returned_once_and_only_its_hash_is_stored(partner):
    _api_key, secret = _create(partner)
    text = secret.reveal()
    assert isinstance(secret, Secret)
    assert text.startswith("rlp_live_")
    assert len(text) == 9 + 32 + 6
    with mar_scope():
        stored = ApiKey.objects.get()
    assert (stored.prefix, stored.scopes) == (text[:13], ["orders:read", "keys:claim"])
    assert text not in str([getattr(stored, field.name) for field in stored._meta.fields])
    assert audited("partners.api_key.created") == 1


def test_the_credential_is_found_outside_every_scope(partner):
    api_key, secret = _create(partner)
    found = find_active(secret.reveal(), AT)
    assert (found, found.partner) == (api_key, partner)


@pytest.mark.parametrize(
    "text", ["", "rlp_live_", "x" * 47, format_secret(b"x" * 20), format_secret(b"x" * 20)[:-1] + "1"]
)
def test_what_is_not_a_credential_is_not_found(partner, text):
    _create(partner)
    assert find_active(text, AT) is None


def test_a_typing_error_is_seen_without_the_database(partner, django_assert_num_queries):
    _api_key, secret = _create(partner)
    text = secret.reveal()
    typo = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]
    with django_assert_num_queries(0):
        assert find_active(typo, AT) is None
    assert is_well_formed(text)


def test_an_expired_credential_is_not_found(partner):
    _api_key, secret = _create(partner, expires_at=AT + timedelta(days=1))
    assert find_active(secret.reveal(), AT) is not None
    assert find_active(secret.reveal(), AT + timedelta(days=1)) is None


def test_a_revoked_credential_is_not_found_and_not_revoked_twice(partner):
    api_key, secret = _create(partner)
    by = actor_for(make_member("tpr_owner", partner=partner), partner=partner)
    with partner_scope(partner.pk):
        revoke_api_key(api_key.pk, partner_id=partner.pk, by=by, at=AT)
        with pytest.raises(ApiKeyRevoked):
            revoke_api_key(api_key.pk, partner_id=partner.pk, by=by, at=AT)
    assert find_active(secret.reveal(), AT) is None
    assert audited("partners.api_key.revoked") == 1


def test_a_stranger_cannot_revoke_it(partner):
    api_key, secret = _create(partner)
    stranger = make_partner()
    with partner_scope(stranger.pk):
        assert list(api_keys_of(partner.pk)) == []
        with pytest.raises(NotFound):
            revoke_api_key(api_key.pk, partner_id=stranger.pk, by=actor_for(make_member("mar_admin")), at=AT)
    assert find_active(secret.reveal(), AT) is not None


@pytest.mark.parametrize("scopes", [["stock:write"], ["orders:read", "reports:read"], []])
def test_a_partners_credential_carries_only_a_partners_rights(partner, scopes):
    with pytest.raises(ScopeNotOfHouse):
        _create(partner, scopes=scopes)
    with mar_scope():
        assert ApiKey.objects.count() == 0


def test_the_mars_credential_belongs_to_no_partner():
    admin = make_member("mar_admin")
    with mar_scope():
        api_key, _secret = create_api_key(
            None, name="Import", scopes=["stock:write"], daily_claims=0, by=actor_for(admin), at=AT
        )
        assert list(api_keys_of(None)) == [api_key]


def _read(api_key_id):
    with mar_scope():
        return ApiKey.objects.get(pk=api_key_id)


def test_use_is_noted_to_the_minute_as_the_plain_role(partner):
    api_key, _secret = _create(partner)
    for seconds, expected in ((0, 0), (30, 0), (61, 61)):
        note_use(_read(api_key.pk), at=AT + timedelta(seconds=seconds))
        with mar_scope():
            assert ApiKey.objects.get().last_used_at == AT + timedelta(seconds=expected)
