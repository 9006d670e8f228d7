"""What the chooser chooses from: the products on sale with their versions, and the classes of recipients."""

from datetime import datetime

from licensing.rules.chooser import Offer, ReceiverClass
from licensing.selectors.catalogue import products_on_sale
from licensing.selectors.products import versions_at
from partners.rules.recipients import EVIDENCE_KINDS
from partners.selectors.recipients import classes_in_force


def offers_at(at: datetime) -> list[Offer]:
    """Return the products on sale at an instant that may still be installed. Two queries, in any scope."""
    versions = versions_at(at)
    found = []
    for product in products_on_sale(at).exclude(install_before__lte=at):
        version = versions.get(product.pk)
        found.append(
            Offer(
                code=product.code,
                name=product.name,
                family=product.family,
                edition=product.edition,
                generation=product.generation,
                languages=version.languages if version else (),
                countries=version.countries if version else (),
                min_hardware=version.min_hardware if version else {},
                pairs_with=version.pairs_with.name if version and version.pairs_with else "",
                needs_windows_11=product.generation.casefold() == "windows 11",
            )
        )
    return found


def receivers_at(at: datetime) -> list[ReceiverClass]:
    """Return the classes of recipients in force, with their evidence in words."""
    return [
        ReceiverClass(
            one.code, one.name, one.products, [str(EVIDENCE_KINDS.get(kind, kind)) for kind in one.evidence]
        )
        for one in classes_in_force(at)
    ]
