"""The paper about an acceptance, as HTML and then PDF/A; no ORM, no clock."""

from pathlib import Path

from reporting.builders.acceptance import AcceptanceFacts
from reporting.renderers.fonts import read_fonts
from reporting.renderers.manifest import Manifest, manifest_bytes
from reporting.renderers.pdf import AttachedFile, RenderedPdf, document_html, render_pdf, visible_text
from reporting.rules.key_pattern import refuse_keys


def render_acceptance(facts: AcceptanceFacts, *, sealed: Manifest, fonts_dir: Path) -> RenderedPdf:
    """Return the paper, with the sealed facts attached; every date in it is the acceptance's own.

    :raises KeyInDocument: a page would show a full product key.
    :raises FontMissing: a font file is not there.
    """
    html = document_html(
        "acceptance.html",
        {"facts": facts, "seal": sealed["signature"]["value"], "key_id": sealed["signature"]["key_id"]},
        created_at=facts.accepted_at,
    )
    refuse_keys(visible_text(html), place="PDF page")
    attached = AttachedFile(
        "acceptance.json", "The facts of this acceptance and their seal", manifest_bytes(sealed), False
    )
    return render_pdf(
        html, attachments=(attached,), fonts=read_fonts(fonts_dir), created_at=facts.accepted_at
    )
