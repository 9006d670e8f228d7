"""Two acts of two people at the same moment, each from a connection of its own."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection


def at_once(
    *acts: Callable[[], object], scope: Callable[[], AbstractContextManager[Any]] = nullcontext
) -> list[str]:
    """Do the acts at once; return how each ended: "done", or the name of what refused it."""
    together = threading.Barrier(len(acts))
    outcomes: list[str] = []

    def run(act: Callable[[], object]) -> None:
        try:
            together.wait(timeout=20)
            with scope():
                act()
            outcomes.append("done")
        except Exception as error:  # noqa: BLE001  (its name is what the test asks for)
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def reading_together(read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a read in place of a lock: of two at once each goes on only when both have read."""
    both_have_read = threading.Barrier(2)

    def read_and_wait(*arguments: Any) -> Any:
        found = read(*arguments)
        if threading.current_thread() is not threading.main_thread():
            both_have_read.wait(timeout=20)
        return found

    return read_and_wait
