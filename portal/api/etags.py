"""Answers that are not sent again to whoever has them."""

import hashlib
import json
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder


def answer_with_etag(request: Request, body: Any) -> Response:
    """Return a body with its hash as ETag, or 304 without one where the caller has it already."""
    text = json.dumps(body, cls=JSONEncoder, sort_keys=True)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    return Response(status=304, headers=headers) if etag in known else Response(body, headers=headers)
