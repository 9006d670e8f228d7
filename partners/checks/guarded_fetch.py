"""Fetch a page whose address a stranger chose, without being led anywhere inside.

Only http on port 80 and https on port 443. The name is resolved once, every address of the answer must be
a public one, and the connection goes to exactly that address: a name that resolves differently a moment
later changes nothing. Each redirect runs through the same gate. No proxy of the environment is used.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from http.client import parse_headers
from io import BytesIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

MAX_REDIRECTS = 2
MAX_SECONDS = 5.0
MAX_BYTES = 64 * 1024
PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE_BYTES = 8 * 1024
# Addresses that carry another one inside; Python calls some of them global.
_CARRIERS = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
_ALSO_CLOSED = tuple(ipaddress.ip_network(net) for net in ("192.88.99.0/24", "198.18.0.0/15", "fec0::/10"))

Resolve = Callable[[str, int], list[str]]


class FetchRefused(Exception):
    """The address is not fetched. ``reason`` is a code; nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FetchFailed(Exception):
    """The address was tried and gave no page. ``reason`` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the last address answered, and the addresses on the way."""

    status: int
    url: str
    hops: tuple[str, ...]
    content_type: str
    bytes_read: int


def is_public(address: str) -> bool:
    """Return whether an IP address lies in the public net, whatever other address it carries inside."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if any(found in net for net in _CARRIERS) or int(found) < 2**32:
            return False
    if any(found in net for net in _ALSO_CLOSED if net.version == found.version):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_private or found.is_loopback or found.is_link_local or found.is_reserved
        or found.is_unspecified
    )  # fmt: skip


def resolve_public(host: str, port: int, *, within: float = MAX_SECONDS) -> list[str]:
    """Return the addresses of a host name.

    :raises FetchRefused: when any of them is not public.
    :raises FetchFailed: when there is none.
    """
    addresses = _look_up(host, port, within)
    if not all(is_public(address) for address in addresses):
        raise FetchRefused("address_not_public")
    return addresses


def fetch(
    url: str,
    *,
    resolve: Resolve = resolve_public,
    ports: dict[str, int] = PORTS,
    seconds: float = MAX_SECONDS,
) -> Fetched:
    """Return the answer of the address after at most two redirects, within ``seconds`` for all together.

    ``resolve`` and ``ports`` are arguments for the tests: a test's server stands on this very machine.

    :raises FetchRefused, FetchFailed:
    """
    ends = time.monotonic() + seconds
    hops: list[str] = []
    while True:
        parts, port = _checked(url, ports)
        host = parts.hostname or ""
        addresses = resolve(host, port)
        hops.append(url)
        answer = _ask(parts, port, addresses[0], ends)
        status, location = _status_of(answer), _header(answer, "Location")
        if status not in REDIRECTS or not location:
            return Fetched(
                status, url, tuple(hops), _header(answer, "Content-Type").partition(";")[0][:60], len(answer)
            )
        if len(hops) > MAX_REDIRECTS:
            raise FetchFailed("too_many_redirects")
        try:
            url = urljoin(url, location)
        except ValueError:
            raise FetchRefused("address_malformed") from None


def _checked(url: str, ports: dict[str, int]) -> tuple[SplitResult, int]:
    """Return the parts of an address that may be fetched."""
    if len(url) > 500 or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url) or "\\" in url:
        raise FetchRefused("address_malformed")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise FetchRefused("address_malformed") from None
    if parts.scheme not in ports:
        raise FetchRefused("scheme")
    if not host or parts.username is not None or parts.password is not None:
        raise FetchRefused("address_malformed")
    if (port or ports[parts.scheme]) != ports[parts.scheme]:
        raise FetchRefused("port")
    return parts, ports[parts.scheme]


def _look_up(host: str, port: int, within: float) -> list[str]:
    # getaddrinfo knows no timeout; it also reads 2130706433 and 0x7f.1 as addresses, which is why only
    # its answer is judged, never the name.
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        found = pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout=within)
    except FutureTimeout:
        raise FetchFailed("name_slow") from None
    except (OSError, UnicodeError):
        raise FetchFailed("name_unknown") from None
    finally:
        pool.shutdown(wait=False)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise FetchFailed("name_unknown")
    return addresses


def _ask(parts: SplitResult, port: int, address: str, ends: float) -> bytes:
    """Send one request to the pinned address and return what fits under the cap."""
    host = parts.hostname or ""
    try:
        with socket.create_connection((address, port), timeout=_left(ends)) as plain:
            if parts.scheme != "https":
                return _exchange(plain, parts, ends)
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=_ascii(host)) as secure:
                return _exchange(secure, parts, ends)
    except ssl.SSLError:
        raise FetchFailed("certificate") from None
    except TimeoutError:
        raise FetchFailed("slow") from None
    except OSError:
        raise FetchFailed("no_connection") from None


def _exchange(connection: socket.socket, parts: SplitResult, ends: float) -> bytes:
    path = quote(parts.path or "/", safe="/%:=&?~#+!$,;'@()*[]-._") + (
        "?" + quote(parts.query, safe="/%:=&?~+!$,;'@()*[]-._") if parts.query else ""
    )
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {_ascii(parts.hostname or '')}",
        "User-Agent: refurb-licence-portal (checks that an applicant's site answers)",
        "Accept: text/html",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    )
    connection.settimeout(_left(ends))
    connection.sendall("\r\n".join(lines).encode("ascii"))
    answer = b""
    while len(answer) < MAX_BYTES:
        connection.settimeout(_left(ends))
        piece = connection.recv(min(_PIECE_BYTES, MAX_BYTES - len(answer)))
        if not piece:
            break
        answer += piece
    return answer


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _ascii(host: str) -> str:
    try:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        raise FetchRefused("address_malformed") from None
    return f"[{name}]" if ":" in name else name


def _status_of(answer: bytes) -> int:
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit() or len(first[1]) != 3:
        raise FetchFailed("no_http")
    return int(first[1])


def _header(answer: bytes, name: str) -> str:
    head = answer.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2]
    try:
        return str(parse_headers(BytesIO(head + b"\r\n\r\n")).get(name, "")).strip()
    except Exception:  # noqa: BLE001
        return ""
