"""One calm line per step: what is done, and how many seconds it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

NAME_WIDTH = 46


class Progress:
    """Print steps to a stream; `bin/portal manage` keeps standard output free for the command's own words."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self._open = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show the step's name at once and its seconds when it has ended well."""
        started = time.monotonic()
        self._write(f"  {name} ".ljust(NAME_WIDTH, "."))
        self._open = True
        try:
            yield
        except BaseException:
            self.end_line()
            raise
        took = f"{time.monotonic() - started:6.1f} s\n"
        self._write(f" {took}" if self._open else f"  {name} ".ljust(NAME_WIDTH, ".") + f" {took}")
        self._open = False

    def note(self, sentence: str) -> None:
        """Print a sentence on its own line, also in the middle of a step."""
        self.end_line()
        self._write(f"  {sentence}\n")

    def end_line(self) -> None:
        """Close a step's unfinished line so that other output starts at the margin."""
        if self._open:
            self._write("\n")
            self._open = False

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
