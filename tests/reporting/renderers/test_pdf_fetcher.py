"""The renderer fetches nothing but its own fonts: no network, no files, whatever a document asks for."""

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from weasyprint.urls import FatalURLFetchingError

from reporting.renderers.fonts import read_fonts
from reporting.renderers.pdf import FONT_SCHEME, ResourceRefused, SealedFetcher, render_pdf
from tests.reporting import samples
from tests.reporting.renderers.conftest import FONTS

SECRET = "the-content-of-a-local-file"
INSTALLED = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class Listener:
    """A server on this machine that counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._server.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note every connection any socket of this process tries to make."""
    tried: list[Any] = []

    def note(_self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("refused by the test")

    monkeypatch.setattr(socket.socket, "connect", note)
    monkeypatch.setattr(socket.socket, "connect_ex", note)
    return tried


def page(head: str = "", body: str = "<p>text</p>") -> str:
    return f'<!doctype html><html lang="en"><head><title>t</title>{head}</head><body>{body}</body></html>'


def nested_svg(url: str) -> str:
    inner = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}" width="9" height="9"/></svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(inner.encode()).decode()


VECTORS = {
    "img": lambda url: page(body=f'<img src="{url}" alt="">'),
    "img srcless object": lambda url: page(body=f'<object data="{url}"></object>'),
    "embed": lambda url: page(body=f'<embed src="{url}">'),
    "stylesheet link": lambda url: page(f'<link rel="stylesheet" href="{url}">'),
    "css import": lambda url: page(f'<style>@import "{url}";</style>'),
    "css import url": lambda url: page(f"<style>@import url({url}) print;</style>"),
    "background": lambda url: page(f"<style>p {{ background: url({url}) }}</style>"),
    "inline style": lambda url: page(body=f'<p style="background-image: url({url})">x</p>'),
    "list marker": lambda url: page(
        f"<style>li {{ list-style-image: url({url}) }}</style>", "<ul><li>x</ul>"
    ),
    "content": lambda url: page(f'<style>p::before {{ content: url("{url}") }}</style>'),
    "page margin": lambda url: page(f'<style>@page {{ @top-left {{ content: url("{url}") }} }}</style>'),
    "border image": lambda url: page(
        f"<style>p {{ border: 5px solid; border-image-source: url({url}) }}</style>"
    ),
    "mask border": lambda url: page(f"<style>p {{ mask-border-source: url({url}) }}</style>"),
    "font face": lambda url: page(f'<style>@font-face {{ font-family: X; src: url("{url}") }}</style>'),
    "colour profile": lambda url: page(
        f'<style>@color-profile --p {{ src: url("{url}"); components: r, g, b }}</style>'
    ),
    "attachment link": lambda url: page(f'<link rel="attachment" href="{url}">'),
    "attachment anchor": lambda url: page(body=f'<a rel="attachment" href="{url}">x</a>'),
    "svg image": lambda url: page(
        body=f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}" width="9" height="9"/></svg>'
    ),
    "svg xlink image": lambda url: page(
        body='<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="{url}" width="9" height="9"/></svg>'
    ),
    "svg in data": lambda url: page(body=f'<img src="{nested_svg(url)}" alt="">'),
    "css in data": lambda url: page(f"<link rel=stylesheet href=\"data:text/css,@import '{url}';\">"),
    "base": lambda url: page(f'<base href="{url}/">', '<img src="relative.png" alt="">'),
}


def render(html: str) -> bytes:
    return render_pdf(html, attachments=(), fonts=read_fonts(FONTS), created_at=samples.MADE_AT).content


@pytest.mark.parametrize("vector", VECTORS)
def test_no_connection_is_opened_whatever_asks_for_it(
    vector: str, listener: Listener, connects: list[Any]
) -> None:
    with pytest.raises(ResourceRefused) as refused:
        render(VECTORS[vector](f"{listener.address}/x.png"))
    assert refused.value.addresses[0].startswith(listener.address)
    assert (connects, listener.connections) == ([], 0)


@pytest.mark.parametrize("vector", VECTORS)
def test_no_connection_reaches_a_listening_server(vector: str, listener: Listener) -> None:
    with pytest.raises(ResourceRefused):
        render(VECTORS[vector](f"{listener.address}/x.png"))
    assert listener.connections == 0


@pytest.mark.parametrize("vector", VECTORS)
def test_no_local_file_is_read(vector: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    with pytest.raises(ResourceRefused):
        render(VECTORS[vector](secret.as_uri()))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://example.org/",
        "ftp://example.org/",
        "file:///etc/hostname",
        "FILE:///etc/hostname",
        "gopher://example.org/",
        "jar:file:///x!/y",
        "report:x",
        f"{FONT_SCHEME}../../etc/hostname",
        f"{FONT_SCHEME}inter-static/other.woff2",
        f"{FONT_SCHEME}inter-static/inter-latin-400-normal.woff2?x",
        "report-font:/etc/hostname",
        "inter-static/inter-latin-400-normal.woff2",
        "",
    ],
)
def test_every_other_address_is_fatal_and_remembered(url: str) -> None:
    fetcher = SealedFetcher({"inter-static/inter-latin-400-normal.woff2": b"font"})
    with pytest.raises(FatalURLFetchingError):
        fetcher(url)
    assert fetcher.refused == [url]
    with pytest.raises(ResourceRefused):
        fetcher.check()


def test_named_fonts_and_data_are_given_out() -> None:
    fetcher = SealedFetcher({"a.woff2": b"font"})
    assert fetcher(f"{FONT_SCHEME}a.woff2").read() == b"font"
    assert fetcher("data:text/css,p%20%7B%7D").read() == b"p {}"
    assert fetcher(PIXEL).read().startswith(b"GIF89a")
    fetcher.check()


def test_a_document_with_data_alone_is_rendered(connects: list[Any]) -> None:
    assert render(page(body=f'<img src="{PIXEL}" alt="a dot">')).startswith(b"%PDF")
    assert connects == []


@pytest.mark.skipif(not INSTALLED.exists(), reason="DejaVu Sans is not installed here")
def test_an_installed_font_is_not_read_either() -> None:
    with pytest.raises(ResourceRefused) as refused:
        render(page('<style>@font-face { font-family: X; src: local("DejaVu Sans") }</style>'))
    assert refused.value.addresses == (INSTALLED.as_uri(),)
