"""The child of `isolated`: limit yourself, read one file from standard input, write JSON lines."""

import json
import resource
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

EXIT_MEMORY = 3


def main(job: dict[str, Any]) -> int:
    """Do the job and return the exit code."""
    _limit(job["max_seconds"], job["max_memory_bytes"])
    # Imported after the limits, so that they cover the libraries too.
    from licensing.exchange.plain import to_plain
    from licensing.exchange.refusals import ExchangeRefused

    try:
        data = sys.stdin.buffer.read()
        for found in _readers()[job["reader"]](data, job["options"]):
            _say({"found": to_plain(found)})
    except ExchangeRefused as refusal:
        _say(
            {
                "refused": type(refusal).__name__,
                "code": refusal.code,
                "line": refusal.line,
                "params": refusal.params,
            }
        )
    except MemoryError:
        return EXIT_MEMORY
    else:
        _say({"done": True})
    sys.stdout.flush()
    return 0


def _limit(max_seconds: int, max_memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold keys
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (max_memory_bytes, max_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (max_seconds, max_seconds + 1))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=True) + "\n")


def _readers() -> dict[str, Callable[[bytes, dict[str, Any]], Iterator[object]]]:
    from licensing.exchange.ack_xml import read_acks
    from licensing.exchange.fulfilment_csv import read_fulfilment_csv
    from licensing.exchange.fulfilment_xml import read_fulfilment_xml
    from licensing.exchange.oa3 import read_oa3
    from licensing.exchange.return_xml import read_return_acks

    def rows_of(
        make: Callable[..., Any],
    ) -> Callable[[bytes, dict[str, Any]], Iterator[object]]:
        def read(data: bytes, options: dict[str, Any]) -> Iterator[object]:
            reader = make(BytesIO(data), **options)
            yield from reader
            yield reader.summary

        return read

    return {
        "fulfilment_xml": rows_of(read_fulfilment_xml),
        "fulfilment_csv": rows_of(read_fulfilment_csv),
        "oa3": lambda data, options: iter([read_oa3(data, **options)]),
        "acks": lambda data, options: iter(read_acks(data, **options)),
        "return_acks": lambda data, options: iter(read_return_acks(data, **options)),
    }


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
