import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.exchange.ohr import FACT_NAMES, FORM_FACTORS, OhrFacts, check_ohr, check_optional_info

GOOD = {
    "form_factor_cl1": "Notebook",
    "form_factor_cl2": "Standard",
    "touch_screen": "Nontouch",
    "screen_size": "14.0",
    "model_sku": "20N2S00A00",
}


def errors_of(**changes: str) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in check_ohr({**GOOD, **changes}).errors]


def test_complete_facts_pass() -> None:
    assert check_ohr(GOOD).facts == OhrFacts(**GOOD)
    assert check_ohr(GOOD).errors == ()


@pytest.mark.parametrize("name", FACT_NAMES)
def test_each_fact_is_required(name: str) -> None:
    for value in ("", "  "):
        assert errors_of(**{name: value}) == [(name, "required")]
    assert check_ohr({key: value for key, value in GOOD.items() if key != name}).missing == (name,)


@pytest.mark.parametrize(
    ("cl1", "cl2"), [(cl1, cl2) for cl1, choices in FORM_FACTORS.items() for cl2 in choices]
)
def test_every_offered_form_factor_passes(cl1: str, cl2: str) -> None:
    facts = check_ohr({**GOOD, "form_factor_cl1": cl1.lower(), "form_factor_cl2": cl2.upper()}).facts
    assert facts is not None
    assert (facts.form_factor_cl1, facts.form_factor_cl2) == (cl1, cl2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"form_factor_cl1": "Toaster"}, [("form_factor_cl1", "ohr_choice")]),
        ({"form_factor_cl2": "AIO"}, [("form_factor_cl2", "ohr_choice")]),
        ({"form_factor_cl1": "Desktop", "form_factor_cl2": "Ultraslim"}, [("form_factor_cl2", "ohr_choice")]),
        ({"touch_screen": "perhaps"}, [("touch_screen", "ohr_choice")]),
        ({"screen_size": "big"}, [("screen_size", "ohr_screen_size")]),
        ({"screen_size": "0"}, [("screen_size", "ohr_screen_size")]),
        ({"screen_size": "201"}, [("screen_size", "ohr_screen_size")]),
        ({"screen_size": "-14"}, [("screen_size", "formula")]),
        ({"screen_size": "1e1"}, [("screen_size", "ohr_screen_size")]),
        ({"model_sku": "x" * 65}, [("model_sku", "too_long")]),
        ({"model_sku": "=A1"}, [("model_sku", "formula")]),
        ({"model_sku": "20N2\u200b"}, [("model_sku", "characters")]),
        ({"model_sku": "20N2Ѕ"}, [("model_sku", "characters")]),
    ],
)
def test_wrong_fact_is_named_in_plain_words(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert errors_of(**changes) == expected
    assert all(error.message.endswith(".") for error in check_ohr({**GOOD, **changes}).errors)


def test_desktop_may_have_no_screen() -> None:
    facts = check_ohr({**GOOD, "form_factor_cl1": "Desktop", "screen_size": "0"}).facts
    assert facts is not None
    assert facts.screen_size == "0.0"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("14", "14.0"),
        ("14,0", "14.0"),
        ("13.3", "13.3"),
        ("15,60", "15.6"),
        ('14.0"', "14.0"),
        ("11.6 inch", "11.6"),
        ("10.25", "10.25"),
        ("10.256", "10.26"),
    ],
)
def test_screen_size_is_normalised(written: str, normal: str) -> None:
    facts = check_ohr({**GOOD, "screen_size": written}).facts
    assert facts is not None
    assert facts.screen_size == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Non-Touch", "Nontouch"),
        ("Non touch", "Nontouch"),
        ("NONTOUCH", "Nontouch"),
        ("no", "Nontouch"),
        ("touch", "Touch"),
        ("Touch screen", "Touch"),
    ],
)
def test_touch_is_normalised(written: str, normal: str) -> None:
    facts = check_ohr({**GOOD, "touch_screen": written}).facts
    assert facts is not None
    assert facts.touch_screen == normal


@given(st.dictionaries(st.sampled_from(sorted(FACT_NAMES)), st.text(max_size=80)))
def test_any_text_gives_facts_or_errors_and_good_facts_stay_good(values: dict[str, str]) -> None:
    result = check_ohr({**GOOD, **values})
    assert (result.facts is None) == bool(result.errors)
    if result.facts:
        again = check_ohr({name: getattr(result.facts, name) for name in FACT_NAMES})
        assert again.facts == result.facts


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ZUNKNOWN", "1", "field_name"),
        ("ZOEM_EXT_ID", "12a", "ohr_digits"),
        ("ZOEM_EXT_ID", "1" * 17, "too_long"),
        ("ZMANUF_GEO_LOC", "x", "ohr_digits"),
        ("ZPGM_ELIG_VAL", "x" * 49, "too_long"),
        ("ZPGM_ELIG_VALUES", "a", "field_name"),
        ("ZCHANNEL_REL_ID", "=1", "formula"),
    ],
)
def test_wrong_optional_field_is_named(name: str, value: str, code: str) -> None:
    assert [error.code for error in check_optional_info({name: value})] == [code]


def test_good_optional_fields_pass() -> None:
    good = {"ZOEM_EXT_ID": "1" * 16, "ZMANUF_GEO_LOC": "276", "ZPGM_ELIG_VAL": "A,B", "ZCHANNEL_REL_ID": "c"}
    assert check_optional_info({**good, "ZPC_MODEL_SKU": "anything"}) == ()
