import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.rules.key_pattern import KeyInDocument, KeyScanner, contains_key, refuse_keys

# Five groups of the key alphabet; of no product.
FAKE = "BCDFG-HJKMP-QRTVW-XY234-6789N"


@pytest.mark.parametrize(
    "text",
    [
        FAKE,
        FAKE.lower(),
        FAKE.replace("-", ""),
        FAKE.replace("-", " "),
        FAKE.replace("-", "\u2011"),
        f"serial {FAKE}, sold",
        f'"{FAKE}"',
        f"key:{FAKE}\n",
        f"_{FAKE}_",
    ],
)
def test_a_full_key_is_recognised(text: str) -> None:
    assert contains_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6789N",
        "XXXXX-XXXXX-XXXXX-XXXXX-6789N"[:23],
        "3300000000000",
        "5CG1234ABC",
        FAKE[:-1],
        "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY",
        hashlib.sha256(b"hash").hexdigest(),
        "NIST SP 800-88 Rev. 2",
        FAKE.replace("-", "") + "BCDFG",
    ],
)
def test_other_text_is_let_through(text: str) -> None:
    assert not contains_key(text)


def test_no_sha256_is_taken_for_a_key() -> None:
    assert not any(contains_key(hashlib.sha256(str(n).encode()).hexdigest()) for n in range(5_000))


def test_a_refusal_names_the_place_and_never_the_key() -> None:
    with pytest.raises(KeyInDocument) as refused:
        refuse_keys(f"note {FAKE}", place="device CSV, row 7")
    assert refused.value.place == "device CSV, row 7"
    assert refused.value.refusals[0].facts == {"place": "device CSV, row 7"}
    assert FAKE not in str(refused.value) + repr(refused.value.refusals)


@pytest.mark.parametrize("cut", range(1, len(FAKE) + 7))
def test_a_key_across_the_border_of_two_chunks_is_found(cut: int) -> None:
    stream = f"ab,{FAKE},cd\nrow 2\n".encode()
    scanner = KeyScanner(place="stream")
    scanner.feed(stream[:cut])
    with pytest.raises(KeyInDocument):
        scanner.feed(stream[cut:])


def test_a_key_after_the_last_line_end_is_found_at_the_finish() -> None:
    scanner = KeyScanner(place="stream")
    assert scanner.feed(f"row 1\n{FAKE}".encode()) == f"row 1\n{FAKE}".encode()
    with pytest.raises(KeyInDocument):
        scanner.finish()


def test_a_stream_without_keys_passes_unchanged() -> None:
    scanner, chunks = KeyScanner(place="stream"), [b"Gda\xc5", b"\x84sk\n", b"\n", b"x"]
    assert [scanner.feed(chunk) for chunk in chunks] == chunks
    scanner.finish()


@given(
    st.text("BCDN2x9-\u2011\u2212 AE0,\n\u0144", max_size=12),
    st.sampled_from(["-", " ", "\u2010", "\u2011", "\u2013", "\u2015", "\u2212", ""]),
    st.text("BCDN2x9-\u2011 AE0,\u0144", max_size=12),
)
def test_the_quick_look_at_a_stream_finds_what_the_exact_one_finds(
    before: str, dash: str, after: str
) -> None:
    text = before + FAKE.replace("-", dash) + after
    scanner = KeyScanner(place="stream")
    if contains_key(text):
        with pytest.raises(KeyInDocument):
            scanner.feed(f"{text}\n".encode())
    else:
        assert scanner.feed(f"{text}\n".encode())
