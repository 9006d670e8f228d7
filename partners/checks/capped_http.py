"""Post one question to a service the operator has named, and read no more of its answer than a cap."""

import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

_PIECE_BYTES = 8 * 1024
_LONGEST_OBEYED_WAIT = timedelta(days=1)


class AnswerTooLarge(Exception):
    """The answer is longer than the cap."""


class TookTooLong(Exception):
    """The answer came in drops and was not complete in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    retry_after: timedelta | None


def post(url: str, content: bytes, *, headers: dict[str, str], timeout: float, max_bytes: int) -> Answer:
    """Return the answer. No redirect is followed: a service that has moved is a setting to change.

    ``timeout`` holds for connecting, for each silence and for the whole exchange, in seconds.

    :raises AnswerTooLarge, TookTooLong, requests.RequestException:
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise requests.exceptions.InvalidURL("http or https only")
    ends = time.monotonic() + timeout
    with requests.Session() as session:
        answer = session.post(
            url,
            data=content,
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=timeout,
            stream=True,
            allow_redirects=False,
        )
        with answer:
            body = _read(answer, ends=ends, max_bytes=max_bytes)
            return Answer(
                answer.status_code, body.decode("utf-8", "replace").replace("\0", ""), _retry_after(answer)
            )


def _read(answer: requests.Response, *, ends: float, max_bytes: int) -> bytes:
    """Return the bytes as they came: nothing is unpacked, so nothing can swell."""
    body = b""
    while True:
        try:
            piece = answer.raw.read1(_PIECE_BYTES, decode_content=False)
        except HTTPError as error:
            raise requests.ConnectionError(type(error).__name__) from None
        if not piece:
            return body
        body += piece
        if len(body) > max_bytes:
            raise AnswerTooLarge
        if time.monotonic() > ends:
            raise TookTooLong


def _retry_after(answer: requests.Response) -> timedelta | None:
    seconds = answer.headers.get("Retry-After", "")
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 9:
        return None
    return min(timedelta(seconds=int(seconds)), _LONGEST_OBEYED_WAIT)
