"""Receive files in memory only: nothing uploaded ever touches a disk in clear."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler

MAX_UPLOAD_BYTES = 64 * 1024 * 1024


class CappedMemoryUploadHandler(MemoryFileUploadHandler):
    """Keep files in memory and stop reading when a request brings more than the cap.

    Django would spool a large file to a temporary file; a fulfilment holds product keys in clear.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803  (the handler's own name for it)
        content_length: int,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Refuse by the announced length; the count of received bytes decides in any case."""
        self.received = 0
        self.activated = True
        if content_length > MAX_UPLOAD_BYTES + 1024 * 1024:
            raise RequestDataTooBig("The upload is larger than the portal accepts.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Count what was received over all files of the request."""
        self.received += len(raw_data)
        if self.received > MAX_UPLOAD_BYTES:
            raise RequestDataTooBig("The upload is larger than the portal accepts.")
        return super().receive_data_chunk(raw_data, start)
