"""One file for the MAR's contact at Microsoft: cover sheet, the organisation's letter, its evidence."""

import csv
import io
import zipfile
from datetime import datetime

from django.utils.translation import gettext as _

from core import storage
from core.errors import Invalid, NotFound
from licensing.models import QuotaException
from licensing.rules.quota import kind_of
from licensing.rules.quota_package import Cover, cover_text, fields_of
from licensing.selectors.citizenship import citizenship_facts
from partners.models import Document
from partners.rules.countries import country_name
from partners.rules.personal_data import personal_refusals
from partners.selectors.mar import mar_zone, the_mar
from partners.selectors.recipients import class_in_force, evidence_of
from partners.services.documents import open_document

# Of a zip's entries: the oldest day the format knows, so that the same papers give the same bytes.
ZIP_DAY = (1980, 1, 1, 0, 0, 0)


def build_package(exception: QuotaException, *, at: datetime) -> bytes:
    """Return the package: the same papers give the same bytes. Reads in the MAR's scope.

    :raises Invalid: when the cover sheet would name a private person.
    """
    papers = [(f"1-letter{_suffix(exception.letter)}", "letter of the organisation", exception.letter)]
    for number, evidence in enumerate(evidence_of(exception.recipient_id), start=2):
        papers.append(
            (f"{number}-{evidence.kind}{_suffix(evidence.document)}", evidence.kind, evidence.document)
        )
    cover = _cover(exception, [(name, what, paper.sha256) for name, what, paper in papers], at)
    rows = fields_of(cover)
    if found := personal_refusals(
        {label: value for label, value in rows if label in ("Justification", "TPR name")}
    ):
        raise Invalid(*found)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("field", "value"), *rows])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        _add(package, "0-cover.txt", cover_text(cover).encode())
        _add(package, "0-cover.csv", text.getvalue().encode("utf-8-sig"))
        for name, _what, paper in papers:
            _add(package, name, open_document(paper))
    return target.getvalue()


def open_package(exception: QuotaException) -> bytes:
    """Return the package as it was made.

    :raises NotFound: before it is made.
    """
    if not exception.package_path:
        raise NotFound(_("There is no package yet."))
    return storage.read_bytes(exception.package_path, sha256=exception.package_sha256)


def _add(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, ZIP_DAY)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    package.writestr(entry, content)


def _suffix(document: Document) -> str:
    return "." + document.path.rpartition(".")[2]


def _cover(exception: QuotaException, papers: list[tuple[str, str, str]], at: datetime) -> Cover:
    mar, recipient, product = the_mar(), exception.recipient, exception.product
    group = class_in_force(recipient.class_code, at)
    quota = citizenship_facts(
        partner_id=exception.partner_id, product_id=product.pk, kind=kind_of(product.generation), recipient_id=None,
        at=at, zone=mar_zone(),
    ).quota  # fmt: skip
    return Cover(
        reference=exception.reference,
        mar=mar.legal_name if mar else "",
        mar_number=mar.sold_to_id if mar else "",
        refurbisher=exception.partner.name,
        refurbisher_code=exception.partner.code,
        refurbisher_country=exception.partner.country,
        product=product.name,
        part_number=product.lpn,
        quantity=exception.quantity,
        period_start=exception.period_start,
        period_end=exception.period_end,
        justification=exception.justification,
        organisation=recipient.name,
        organisation_class=group.name if group else recipient.class_code,
        terms_reference=group.terms_reference if group else "-",
        organisation_number=recipient.register_id,
        organisation_place=f"{recipient.town}, {country_name(recipient.country)}",
        evidence_until=recipient.evidence_until,
        quota=quota.cap,
        used_this_month=quota.used,
        papers=papers,
    )
