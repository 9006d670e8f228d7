"""Addresses by neighbourhood: a person keeps his network longer than his address."""

from ipaddress import ip_address, ip_network

UNKNOWN = "unknown"


def network_of(address: str | None) -> str:
    """Return the /24 or /64 an address lies in, "unknown" for none."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return UNKNOWN
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        found = mapped
    return str(ip_network(f"{found}/{24 if found.version == 4 else 64}", strict=False))
