"""The OEM hardware report: five facts about a device that Microsoft requires, and four optional fields.

Source: Microsoft DIS interface, docs/formats.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from licensing.exchange.csv_rows import ascii_problem
from licensing.exchange.refusals import FormatError

FORM_FACTORS: dict[str, tuple[str, ...]] = {
    "Desktop": ("Standard", "AIO"),
    "Notebook": ("Standard", "Ultraslim", "Convertible"),
    "Tablet": ("Standard", "Detachable"),
}
TOUCH_SCREENS = ("Touch", "Nontouch")
MAX_SCREEN_INCHES = 200

# Our field: Microsoft's name in OA3.xml. In the CBR the name loses its Z.
FACT_NAMES: dict[str, str] = {
    "form_factor_cl1": "ZFRM_FACTOR_CL1",
    "form_factor_cl2": "ZFRM_FACTOR_CL2",
    "touch_screen": "ZTOUCH_SCREEN",
    "screen_size": "ZSCREEN_SIZE",
    "model_sku": "ZPC_MODEL_SKU",
}
# Optional field: greatest length, digits only. ZPGM_ELIG_VAL is the name in XML files.
OPTIONAL_NAMES: dict[str, tuple[int, bool]] = {
    "ZOEM_EXT_ID": (16, True),
    "ZMANUF_GEO_LOC": (10, True),
    "ZPGM_ELIG_VAL": (48, False),
    "ZCHANNEL_REL_ID": (32, False),
}
_WIDTHS = {"screen_size": 32, "model_sku": 64}


@dataclass(frozen=True, slots=True)
class OhrFacts:
    """The five required facts in Microsoft's own spelling; `screen_size` in inches, as text such as 14.0."""

    form_factor_cl1: str
    form_factor_cl2: str
    touch_screen: str
    screen_size: str
    model_sku: str


@dataclass(frozen=True, slots=True)
class OhrCheck:
    """The facts if all five are there and good, else None with one error per field at fault."""

    facts: OhrFacts | None
    errors: tuple[FormatError, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(error.field for error in self.errors if error.code == "required")


def check_ohr(values: Mapping[str, str], *, row: int = 0) -> OhrCheck:
    """Normalise and check the five facts; `values` are keyed by our names (`FACT_NAMES`)."""
    cleaned = {name: _clean(name, values.get(name, "").strip()) for name in FACT_NAMES}
    errors = []
    for name, text in cleaned.items():
        problem = _problem(name, text, cleaned["form_factor_cl1"])
        if problem:
            code, params = problem
            errors.append(FormatError(row, name, code, params))
    return OhrCheck(None if errors else OhrFacts(**cleaned), tuple(errors))


def facts_from_optional_info(optional_info: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that an OA3.xml carries, normalised, keyed by our names; absent ones are left out."""
    found = {name: optional_info.get(z_name, "").strip() for name, z_name in FACT_NAMES.items()}
    return {name: _clean(name, text) for name, text in found.items() if text}


def check_optional_info(optional_info: Mapping[str, str], *, row: int = 0) -> tuple[FormatError, ...]:
    """Return the errors of the optional fields; Microsoft refuses a name it does not know (code 08).

    The five facts are skipped here: `check_ohr` looks at them.
    """
    errors = []
    for name, text in optional_info.items():
        if name in FACT_NAMES.values():
            continue
        if name not in OPTIONAL_NAMES:
            errors.append(FormatError(row, "optional_info", "field_name"))
            continue
        limit, is_digits = OPTIONAL_NAMES[name]
        code = ascii_problem(text)
        if code:
            errors.append(FormatError(row, name, code))
        elif len(text) > limit:
            errors.append(FormatError(row, name, "too_long", {"limit": limit}))
        elif is_digits and text and not re.fullmatch(r"[0-9]+", text):
            errors.append(FormatError(row, name, "ohr_digits"))
    return tuple(errors)


def normalise_touch(text: str) -> str:
    """Return Touch or Nontouch for any usual way of writing them, else the text as it is."""
    plain = re.sub(r"[\s_-]+", "", text).lower()
    is_touch = {
        "touch": True,
        "yes": True,
        "touchscreen": True,
        "nontouch": False,
        "no": False,
        "notouch": False,
    }
    if plain not in is_touch:
        return text
    return "Touch" if is_touch[plain] else "Nontouch"


def normalise_screen_size(text: str) -> str:
    """Return inches with a point and at least one decimal: `14,0"` and `14` become 14.0; else the text."""
    plain = re.sub(r"(\"|''|″|\s*(inches|inch|in))$", "", text.strip(), flags=re.IGNORECASE)
    if not re.fullmatch(r"[0-9]{1,4}([.,][0-9]{1,4})?", plain, re.ASCII):
        return text
    try:
        size = Decimal(plain.replace(",", ".")).quantize(Decimal("0.01"))
    except InvalidOperation:
        return text
    shown = f"{size:f}"
    return shown[:-1] if shown.endswith("0") else shown


def _clean(name: str, text: str) -> str:
    if name == "touch_screen":
        return normalise_touch(text)
    if name == "screen_size":
        return normalise_screen_size(text)
    if name in ("form_factor_cl1", "form_factor_cl2"):
        choices = {choice.lower(): choice for choice in (*FORM_FACTORS, *sum(FORM_FACTORS.values(), ()))}
        choices |= {"laptop": "Notebook", "all-in-one": "AIO", "all in one": "AIO"}
        return choices.get(text.lower(), text)
    return text


def _problem(name: str, text: str, cl1: str) -> tuple[str, dict[str, str | int]] | None:
    if not text:
        return "required", {}
    code = ascii_problem(text)
    if code:
        return code, {}
    if name in _WIDTHS and len(text) > _WIDTHS[name]:
        return "too_long", {"limit": _WIDTHS[name]}
    if name == "screen_size":
        return None if _is_screen_size(text, cl1) else ("ohr_screen_size", {})
    choices = _choices(name, cl1)
    if choices and text not in choices:
        return "ohr_choice", {"choices": ", ".join(choices)}
    return None


def _choices(name: str, cl1: str) -> tuple[str, ...]:
    if name == "form_factor_cl1":
        return tuple(FORM_FACTORS)
    if name == "form_factor_cl2":
        # With a wrong class every subclass passes: one error, at its cause, is enough.
        return FORM_FACTORS.get(cl1, ())
    return TOUCH_SCREENS if name == "touch_screen" else ()


def _is_screen_size(text: str, cl1: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,2}", text, re.ASCII):
        return False
    size = Decimal(text)
    return size <= MAX_SCREEN_INCHES and (size > 0 or cl1 == "Desktop")
