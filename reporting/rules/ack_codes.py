"""Microsoft's answers to a computer build report, as the report counts them."""

ENABLED_CODES = ("00", "02")
DENIED_CODES = ("01", "03", "04", "05", "06", "07", "08")
KNOWN_CODES = tuple(sorted(ENABLED_CODES + DENIED_CODES))


def is_enabled(ack_code: str) -> bool:
    """Say whether the answer means that Windows activates."""
    return ack_code in ENABLED_CODES


def is_denied(ack_code: str) -> bool:
    """Say whether the answer is a refusal we know; an unknown code is neither."""
    return ack_code in DENIED_CODES
