import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.key_syntax import (
    KEY_ALPHABET,
    PUBLIC_KEY_ENDINGS,
    SecretKey,
    holds_key,
    is_key,
    is_placeholder,
    is_product_key_id,
    is_synthetic,
    mask_keys,
    normalise_key,
    synthetic_key,
)
from reporting.rules.key_pattern import contains_key

KEY = synthetic_key(seed="test", number=1)


@given(st.integers(min_value=0, max_value=10**9))
def test_synthetic_key_is_a_key_no_placeholder_and_recognised(number: int) -> None:
    key = synthetic_key(seed="any", number=number)
    assert is_key(key)
    assert not is_placeholder(key)
    assert is_synthetic(key)
    assert key == synthetic_key(seed="any", number=number)


def test_synthetic_keys_of_one_seed_are_distinct() -> None:
    assert len({synthetic_key(seed="any", number=number) for number in range(20_000)}) == 20_000


def test_alphabet_has_25_letters_without_vowels_and_look_alikes() -> None:
    assert len(set(KEY_ALPHABET)) == len(KEY_ALPHABET) == 25
    assert not set(KEY_ALPHABET) & set("AEIOULSZ015")


@pytest.mark.parametrize("text", [f" {KEY.lower()} ", KEY, f"\t{KEY}\n"])
def test_normalise_key_forgives_case_and_spaces_around(text: str) -> None:
    assert normalise_key(text) == KEY


@pytest.mark.parametrize(
    "text", ["", KEY + "\n", KEY[:-1], KEY + "B", KEY.replace("-", ""), KEY.replace("-", " "), KEY[:-1] + "A"]
)
def test_is_key_refuses_what_is_none(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize("letter", KEY_ALPHABET)
def test_is_placeholder_finds_one_letter_repeated(letter: str) -> None:
    assert is_placeholder("-".join([letter * 5] * 5))


@pytest.mark.parametrize("ending", sorted(PUBLIC_KEY_ENDINGS))
def test_is_placeholder_finds_public_setup_keys(ending: str) -> None:
    assert is_key("BCDFG-HJKMP-QRTVW-" + ending)
    assert is_placeholder("BCDFG-HJKMP-QRTVW-" + ending)


def test_is_placeholder_passes_a_key_that_only_shares_the_last_group() -> None:
    assert not is_placeholder("BCDFG-HJKMP-QRTVW-XY234-8HVX7")


@pytest.mark.parametrize(
    "text", ["330000000001", "33000000000170", "3300000000017 ", "٣٣٠٠٠٠٠٠٠٠٠١٧", "3.3E+12"]
)
def test_is_product_key_id_refuses_what_is_none(text: str) -> None:
    assert not is_product_key_id(text)


def test_secret_key_shows_its_last_five_only() -> None:
    secret = SecretKey(KEY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>20}",
        f"{secret}",
        repr([secret]),
        repr({"k": secret}),
    ]
    assert all(KEY[-5:] in text for text in shown)
    assert not any(KEY[:-6] in text or KEY[6:17] in text for text in shown)
    assert secret.reveal() == KEY
    assert secret.last5 == KEY[-5:]


def test_secret_key_is_never_pickled_and_has_no_dict() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(SecretKey(KEY))
    assert not hasattr(SecretKey(KEY), "__dict__")


def test_secret_key_equals_by_value() -> None:
    assert SecretKey(KEY) == SecretKey(KEY)
    assert hash(SecretKey(KEY)) == hash(SecretKey(KEY))
    assert SecretKey(KEY) != SecretKey(synthetic_key(seed="test", number=2))
    assert SecretKey(KEY) != KEY


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.lower(),
        KEY.replace("-", ""),
        KEY.replace("-", " "),
        KEY.replace("-", "–"),
        f"x{KEY}x",
        f"({KEY})",
    ],
)
def test_mask_keys_masks_every_way_of_writing_a_key(text: str) -> None:
    masked = mask_keys(f"before {text} after")
    assert KEY[6:11] not in masked.upper()
    assert KEY[18:23] not in masked.upper()


def test_mask_keys_leaves_ids_guids_and_hashes_alone() -> None:
    text = "3300000000017 5b0e7c1e-0000-4000-8000-000000000001 " + "ab12" * 16 + " PF0ABCDE"
    assert mask_keys(text) == text


@given(
    st.lists(st.text("BCDFGHJKMPQRTVWXY2346789Nn", min_size=5, max_size=5), min_size=5, max_size=5),
    st.sampled_from(["-", " ", "", "\u2212", "\u2013", "_", ",", "--"]),
    st.sampled_from(["", "x", "+", " ", "é", "9"]),
)
def test_what_the_report_would_refuse_is_refused_at_the_door(
    groups: list[str], between: str, before: str
) -> None:
    text = before + between.join(groups)
    assert holds_key(text) == contains_key(text)
