"""The roads to Microsoft. The setting EXCHANGE_CONNECTOR picks one; there is no live link."""

from licensing.connectors.base import Connector
from licensing.connectors.file_exchange import FileExchange
from licensing.connectors.simulator import Simulator

CONNECTORS: dict[str, type[Connector]] = {FileExchange.name: FileExchange, Simulator.name: Simulator}


def connector_named(name: str) -> Connector:
    """Return the connector of that name.

    :raises ValueError: when the setting names one that does not exist.
    """
    if name not in CONNECTORS:
        raise ValueError(f"EXCHANGE_CONNECTOR is {name!r}; known are {', '.join(sorted(CONNECTORS))}")
    return CONNECTORS[name]()
