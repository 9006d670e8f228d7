import ast
import re
import string
from pathlib import Path

import pytest

import licensing.exchange
from licensing.exchange.messages import MESSAGES
from licensing.exchange.refusals import ErrorList, ExchangeRefused, FormatError

SOURCE = "\n".join(path.read_text() for path in Path(licensing.exchange.__path__[0]).glob("*.py"))

# What only the catalogue can tell is said by the service that asks it.
SERVICE = Path(licensing.__path__[0], "services", "order_file_rows.py").read_text()


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_message_is_a_sentence_and_used(code: str) -> None:
    text = str(MESSAGES[code])
    assert text[0].isupper() or text.startswith("{")
    assert text.endswith(".")
    uses = len(re.findall(rf'"{code}"', SOURCE + SERVICE))
    assert uses >= 2, "no reader or writer uses this code"


def test_every_code_in_the_source_has_a_message() -> None:
    codes = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id.endswith("Refused")
        ):
            codes |= {argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    assert codes <= set(MESSAGES)
    assert len(codes) > 20


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_message_takes_only_harmless_parameters(code: str) -> None:
    names = {
        name for _text, name, _spec, _conversion in string.Formatter().parse(str(MESSAGES[code])) if name
    }
    harmless = {
        "limit",
        "limit_bytes",
        "limit_seconds",
        "line",
        "found",
        "expected",
        "first_row",
        "entry",
        "columns",
        "field",
        "choices",
        "number",
        "total",
        "element",
    }
    assert names <= harmless


def test_str_of_a_refusal_is_its_code_and_line_only() -> None:
    refusal = ExchangeRefused("xml_broken", line=7)
    assert str(refusal) == "xml_broken (line 7)"
    assert refusal.message.startswith("The file is not well-formed XML")


def test_error_list_keeps_the_first_and_counts_all() -> None:
    errors = ErrorList(limit=2)
    for row in range(5):
        errors.add(row, "product_key", "required")
    assert errors.count == 5
    assert errors.kept == (
        FormatError(0, "product_key", "required"),
        FormatError(1, "product_key", "required"),
    )
