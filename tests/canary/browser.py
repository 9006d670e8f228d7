"""A person without a browser: cookies, forms and links over plain HTTP, and every answer kept."""

import http.client
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

TEXT_TYPES = {"text", "search", "email", "password", "tel", "url", "number", "textarea"}
NOT_VISITED = ("/static/", "/accounts/logout/", "/demo/sign-in/")


@dataclass(frozen=True)
class Page:
    """One answer."""

    who: str
    method: str
    path: str
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode(errors="replace")

    @property
    def location(self) -> str:
        """Return the path a redirect leads to."""
        return self.headers.get("Location", "")


@dataclass
class Field:
    """One control of a form."""

    name: str
    kind: str
    value: str


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Return the names of the fields a person types into."""
        return [one.name for one in self.fields if one.kind in TEXT_TYPES]


class Reader(HTMLParser):
    """Reads links and forms of a page."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._select: Field | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag brings."""
        got = {name: value or "" for name, value in attrs}
        if tag == "a" and got.get("href", "").startswith(("/", "?")):
            self.links.append(urljoin(self.path, got["href"]).partition("#")[0])
        elif tag == "form":
            self.forms.append(
                Form(urljoin(self.path, got.get("action", "")), got.get("method", "get").upper())
            )
        elif self.forms and tag in ("input", "textarea", "select") and got.get("name"):
            kind = tag if tag != "input" else got.get("type", "text")
            one = Field(got["name"], kind, got.get("value", ""))
            self.forms[-1].fields.append(one)
            self._select = one if tag == "select" else None
        elif tag == "option" and self._select is not None and not self._select.value:
            self._select.value = got.get("value", "")


class Person:
    """Somebody at the portal; the answers of all persons go into one list."""

    def __init__(
        self, who: str, port: int, seen: list[Page], session: Mapping[str, str] | None = None
    ) -> None:
        self.who, self.port, self.seen = who, port, seen
        self.cookies = {"csrftoken": secrets.token_hex(16), **(session or {})}

    def get(self, path: str, **headers: str) -> Page:
        """Fetch a page."""
        return self._send("GET", path, b"", headers)

    def post(
        self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]] = (), **headers: str
    ) -> Page:
        """Send a form."""
        body = urlencode(list(fields.items()) if isinstance(fields, Mapping) else fields).encode()
        return self._send(
            "POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers}
        )

    def upload(self, path: str, name: str, files: Sequence[tuple[str, bytes]], **headers: str) -> Page:
        """Send files as a browser does."""
        border = secrets.token_hex(12)
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
            f"Content-Type: application/octet-stream\r\n\r\n".encode()
            + content
            + b"\r\n"
            for file, content in files
        ]
        body = b"".join(parts) + f"--{border}--\r\n".encode()
        return self._send(
            "POST", path, body, {"Content-Type": f"multipart/form-data; boundary={border}", **headers}
        )

    def api(self, method: str, path: str, body: str, secret: str, **headers: str) -> Page:
        """Call the API with a key."""
        sent = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", **headers}
        return self._send(method, f"/api/v1/{path}", body.encode(), sent)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Page:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {
            "Host": "localhost",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies["csrftoken"],
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        try:
            connection.request(method, quote(path, safe="/?&=%:+,;-_.~"), body=body, headers=sent)
            answer = connection.getresponse()
            page = Page(self.who, method, path, answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()
        self.seen.append(page)
        return page

    def walk(self, start: str, *, most: int) -> Iterator[tuple[Page, Reader]]:
        """Visit every page that can be reached by links, breadth first, one of each kind of list item."""
        waiting, known = [start], {start}
        while waiting and most:
            page = self.get(waiting.pop(0))
            most -= 1
            if page.status == 302 and page.location.startswith("/"):
                found = Reader(page.path, f'<a href="{page.location}">')
            elif "html" in page.headers.get("Content-Type", ""):
                found = Reader(page.path, page.text)
                yield page, found
            else:
                continue
            for link in found.links:
                if link not in known and not urlsplit(link).path.startswith(NOT_VISITED):
                    known.add(link)
                    waiting.append(link)


def filled(form: Form, plain: Mapping[str, Any]) -> dict[str, str]:
    """Return the form filled so that it has a chance to be accepted."""
    return {
        one.name: str(plain.get(one.name, one.value or ("on" if one.kind == "checkbox" else "Plain words")))
        for one in form.fields
        if one.kind not in ("file", "submit", "button") and one.name != "csrfmiddlewaretoken"
    }
