"""The statement an applicant agrees to before he sends: its text is fixed by version and hash."""

import hashlib

from django.utils.translation import gettext_lazy as _

VERSION = "2026-1"
# The English text is what is agreed to; a translation helps to read it.
TEXT = """1. What I wrote in this application is complete and true, and I may speak for my company.
2. I tell the programme office within 14 days when something of it changes while it is decided, and afterwards.
3. The programme office may check my answers with registers, the VAT service and sanctions lists, and ask me again.
4. I know that a licence is for one eligible PC, that no key is passed on, and that every PC is reported.
5. I know that two people decide, that a refusal gives its reason, and that I may appeal against it once.
6. The terms of the programme are a contract of their own. I sign it after the approval, not here."""
TEXT_SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()

SUMMARY = (
    _("What you wrote is true, and you may speak for your company."),
    _("You tell us when something changes."),
    _("We may check your answers, and ask again."),
    _("One licence, one PC; no key is passed on; every PC is reported."),
    _("Two people decide. A refusal gives its reason, and you may appeal once."),
    _("This is not yet the contract: you sign that after the approval."),
)
