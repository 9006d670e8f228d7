"""manage.py forecast_stock says what the page says."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import make_mar, make_product, make_stock


@pytest.mark.django_db
def test_forecast_as_text_and_as_json() -> None:
    make_mar()
    make_stock(make_product(code="PRO"), 3)
    text, machine = StringIO(), StringIO()
    call_command("forecast_stock", stdout=text)
    call_command("forecast_stock", "--json", stdout=machine)
    [row] = json.loads(machine.getvalue())
    assert text.getvalue().startswith("PRO: never, likely -")
    assert (row["product"], row["answer"], row["stock"], row["per_week"]) == ("PRO", "never", 3, "0.00")
