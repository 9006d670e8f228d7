"""The lines of docs/how-to/run-in-production.md really open an empty portal."""

import re

import pytest

from core.tenancy import mar_scope
from licensing.models import Price
from partners.models import Invitation, Mar, TermsVersion
from tests.docs.pages import text_of


@pytest.mark.django_db
def test_the_lines_make_mar_product_terms_and_two_invitations() -> None:
    (lines,) = re.findall(r"^```python\n(.*?)^```", text_of("docs/how-to/run-in-production.md"), re.M | re.S)
    exec(compile(lines, "run-in-production.md", "exec"), {})
    with mar_scope():
        assert Mar.objects.get().currency == "EUR"
        assert Price.objects.get().product.family == "commercial"
        assert TermsVersion.objects.count() == 1
        assert sorted(Invitation.objects.values_list("role", flat=True)) == ["mar_admin", "mar_approver"]
