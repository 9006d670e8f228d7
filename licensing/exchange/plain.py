"""Turn what the readers return into plain JSON values and back, to cross the border between two processes.

Only the classes named here are ever made again, so a process led astray by a hostile file can send nothing
but data. Keys cross in clear, in memory only.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from licensing.exchange.ack_xml import AckLine, CbrAckFile
from licensing.exchange.devices_csv import DeviceRow
from licensing.exchange.fulfilment import FulfilmentHeader, FulfilmentRow, FulfilmentSummary
from licensing.exchange.oa3 import Oa3Report
from licensing.exchange.ohr import OhrFacts
from licensing.exchange.refusals import FormatError
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine
from licensing.rules.key_syntax import SecretKey

_CLASSES: dict[str, type] = {
    known.__name__: known
    for known in (
        AckLine,
        CbrAckFile,
        DeviceRow,
        FormatError,
        FulfilmentHeader,
        FulfilmentRow,
        FulfilmentSummary,
        Oa3Report,
        OhrFacts,
        ReturnAckFile,
        ReturnAckLine,
    )
}


def to_plain(value: object) -> Any:
    """Return the value as JSON can write it."""
    if isinstance(value, SecretKey):
        return {"$key": value.reveal()}
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if dataclasses.is_dataclass(value):
        fields = {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"$class": type(value).__name__, "fields": fields}
    if isinstance(value, Mapping):
        return {"$map": {str(key): to_plain(item) for key, item in value.items()}}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(value: Any) -> Any:
    """Return what `to_plain` was given.

    :raises KeyError, TypeError, ValueError: if the value was not made by it
    """
    if isinstance(value, list):
        return tuple(from_plain(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "$key" in value:
        return SecretKey(value["$key"])
    if "$at" in value:
        return datetime.fromisoformat(value["$at"])
    if "$map" in value:
        return {key: from_plain(item) for key, item in value["$map"].items()}
    return _CLASSES[value["$class"]](**{name: from_plain(item) for name, item in value["fields"].items()})
