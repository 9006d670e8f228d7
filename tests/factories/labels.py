"""Labels in the hands of a partner."""

from itertools import count

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import LabelIssue
from licensing.services.labels import issue_labels, receive_labels
from partners.models import Partner
from tests.factories import AT

BY = Actor.system("test")
_rolls = count(1)


def make_labels(partner: Partner, quantity: int = 10) -> LabelIssue:
    """Receive a roll of 1,000 labels and issue its first ones to the partner."""
    begin = next(_rolls) * 10_000
    with mar_scope():
        receive_labels(first=f"T{begin}", last=f"T{begin + 999}", reference="", by=BY, at=AT)
        return issue_labels(partner.pk, first=f"T{begin}", last=f"T{begin + quantity - 1}", by=BY, at=AT)
