"""One form for what names a company, so that two spellings of it compare as equal. Pure text, no look-up."""

import re
import unicodedata

# Letters that Unicode does not take apart, and the alphabets of Bulgaria, Greece and Cyprus.
_LETTERS = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th",
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
        "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
        "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ы": "y", "ь": "", "э": "e",
        "ю": "yu", "я": "ya", "і": "i", "ї": "i", "є": "e", "ґ": "g",
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
        "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
        "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
    }
)  # fmt: skip

_LEGAL_FORMS = (
    "ab ag ans as asbl aps bv bvba co company corp cv cvba dd doo ead eeig eg eirl ek ood eood eurl ev fop gbr "
    "ges gesmbh ggmbh gie gmbh haftungsbeschrankt inc ivs jsc kft kg kgaa ks ky kda lda limited llc llp lp ltd mbh "
    "mvba nv oe ohg ohmg oo oy oyj osauhing ou partg plc pjsc rt sa sagl sarl sas sasu sca scop scs se sia snc "
    "sp spa spk spolka srl srls sro stg tapi tov ug uab unipessoal vof vzw zo zoo zrt z zs"
)
_LEGAL_ENDINGS = frozenset(_LEGAL_FORMS.split())
_LEGAL_BEGINNINGS = frozenset({"sia", "uab", "firma", "spolka"})
_STREET_WORDS = (
    (re.compile(r"(?<=[a-z])strasse\b|(?<=[a-z])str\b"), "str"),
    (re.compile(r"\b(strasse|street|straat|str)\b"), "str"),
    (re.compile(r"\b(ulica|ul|ulitsa)\b"), ""),
    (re.compile(r"\b(avenue|av|ave)\b"), "av"),
    (re.compile(r"\b(boulevard|bvd|blvd|bd)\b"), "bd"),
    (re.compile(r"\b(road|rd)\b"), "rd"),
    (re.compile(r"(?<=[a-z])platz\b|(?<=[a-z])pl\b"), "pl"),
)
_SINGLE_LETTERS = re.compile(r"\b[a-z](?: [a-z]\b)+")
_NO_WORD = re.compile(r"[^\w]+|_")
# How much of a national number is the company's own; the rest names a branch or a tax unit.
_VAT_ROOTS = {
    "CHE": slice(0, 9), "FR": slice(-9, None), "GB": slice(0, 9), "NL": slice(0, 9), "NO": slice(0, 9),
    "SE": slice(0, 10),
}  # fmt: skip
_PREFIX_OF_COUNTRY = {"GR": "EL", "CH": "CHE"}
PHONE_DIGITS = 9


def plain_name(name: str) -> str:
    """Return a name in lower case Latin letters, without accents and punctuation, with single blanks."""
    folded = name.casefold().translate(_LETTERS)
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(letter)
    ).translate(_LETTERS)
    # "B.V." and "B. V." are one word, "Müller-Meier" two.
    words = " ".join(_NO_WORD.sub(" ", re.sub(r"[.'’`]", "", bare)).split())
    return _SINGLE_LETTERS.sub(lambda run: run[0].replace(" ", ""), words)


def company_norm(name: str) -> str:
    """Return a company's name as ``plain_name`` does, its legal form taken off.

    A name that consists of nothing but legal forms stays as it is.
    """
    words = plain_name(name).split()
    rest = list(words)
    while rest and rest[-1] in _LEGAL_ENDINGS:
        rest.pop()
        while rest and rest[-1] in {"and", "und", "et", "en"} and len(rest) > 1:
            rest.pop()
    while len(rest) > 1 and rest[0] in _LEGAL_BEGINNINGS:
        rest.pop(0)
    return " ".join(rest or words)[:120]


def vat_root(vat_id: str, *, country: str) -> str:
    """Return what two VAT ids of one company share: "NL:123456789" of NL123456789B01; empty for none."""
    bare = re.sub(r"[^A-Z0-9]", "", vat_id.upper())
    prefix = _PREFIX_OF_COUNTRY.get(country, country)
    bare = bare.removeprefix(prefix)
    if not any(letter.isdigit() for letter in bare):
        return ""
    return f"{country}:{bare[_VAT_ROOTS.get(prefix, slice(0, None))]}"[:24]


def address_norm(street: str, postcode: str, *, country: str) -> str:
    """Return street, number and postcode as one word of a country; empty unless both are given."""
    words, code = plain_name(street), plain_name(postcode).replace(" ", "")
    for pattern, short in _STREET_WORDS:
        words = pattern.sub(short, words)
    if not words.strip() or not code:
        return ""
    return f"{country}:{code}:{words.replace(' ', '')}"[:120]


def iban_norm(iban: str) -> str:
    """Return the IBAN in upper case without blanks."""
    return re.sub(r"[^A-Z0-9]", "", iban.upper())[:34]


def phone_norm(phone: str) -> str:
    """Return the last nine digits: with or without country code and zero they are the same.

    Fewer than seven digits name no line of one company.
    """
    digits = re.sub(r"\D", "", phone)
    return digits[-PHONE_DIGITS:] if len(digits) >= 7 else ""
