"""Structured logs, with a scrubber that lets no product key and no address with a token through."""

import logging.config
import re
from typing import Any

import structlog

# Five groups of five: the shape of every Windows product key, with or without something between the
# groups, be it the quotes and commas of a printed list. Case-insensitive. In an address a blank is + or %20.
_GROUP = "[BCDFGHJKMPQRTVWXY2346789N]{5}"
KEY_PATTERN = re.compile(
    rf"{_GROUP}(?:(?:[^A-Z0-9]{{1,6}}|%20|%2D){_GROUP}){{4}}"
    rf"|(?<![A-Z0-9]){_GROUP}(?:{_GROUP}){{4}}(?![A-Z0-9])",
    re.IGNORECASE,
)
# Whoever reads one of these addresses could use it: an invitation, a new password, a confirmed mail.
TOKEN_PATTERN = re.compile(
    r"(/join/|/apply/open/[0-9a-f-]+/|/password/reset/key/|/confirm-email/|/2fa/reset/)[^/\s?\"']+"
)
MASK = "[product key removed]"


def scrub(value: Any) -> Any:
    """Return the value with every product key and token replaced, in nested containers too."""
    if isinstance(value, str):
        return TOKEN_PATTERN.sub(r"\1[removed]", KEY_PATTERN.sub(MASK, value))
    if isinstance(value, dict):
        return {scrub(name): scrub(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(scrub(inner) for inner in value)
    if isinstance(value, BaseException):
        return scrub(repr(value))
    return value


def scrub_event(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Scrub a structlog event, the rendered traceback included."""
    return {name: scrub(value) for name, value in event.items()}


class ScrubbingFormatter(structlog.stdlib.ProcessorFormatter):
    """Scrub the finished line as well: a traceback is text only here."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line with every product key replaced."""
        return str(scrub(super().format(record)))


def configure() -> None:
    """Send all logs as one JSON line each to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        scrub_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": ScrubbingFormatter,
                    "processor": structlog.processors.JSONRenderer(),
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["console"], "level": "INFO"},
            "loggers": {
                "django.server": {"level": "WARNING"},
                "fontTools": {"level": "WARNING"},
                "weasyprint": {"level": "WARNING"},
            },
        }
    )
