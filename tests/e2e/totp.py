"""An authenticator app: six digits from a secret, no code given twice."""

import base64
import hashlib
import hmac
import time

STEP_SECONDS = 30
_TOLERATED_STEPS = (
    1  # the portal takes the code before and the code after the present one, for clocks that drift
)


class AuthenticatorApp:
    """Gives codes for one secret; the portal refuses a code it has seen, so each is given once."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._last_step = 0

    def code(self) -> str:
        """Return the next unused code the portal takes now, waiting when all of them are used."""
        # The oldest code dies with the present step: near its end a slow page would bring it too late.
        is_ending = time.time() % STEP_SECONDS > STEP_SECONDS / 2
        oldest = _present_step() - (0 if is_ending else _TOLERATED_STEPS)
        step = max(oldest, self._last_step + 1)
        while step > _present_step() + _TOLERATED_STEPS:
            time.sleep(0.5)
        self._last_step = step
        return _digits(self._secret, step)


def _present_step() -> int:
    return int(time.time() // STEP_SECONDS)


def _digits(secret: bytes, step: int) -> str:
    """Return the six digits of a step (RFC 6238 with SHA-1)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
