"""Tables of the core."""

from core.models.audit import AuditEvent
from core.models.idempotency import IdempotencyKey
from core.models.outbox import OutboxItem
from core.models.seal import SealBlock, SealedRow
from core.models.sign_in import SignInSession
from core.models.user import User

__all__ = ["AuditEvent", "IdempotencyKey", "OutboxItem", "SealBlock", "SealedRow", "SignInSession", "User"]
