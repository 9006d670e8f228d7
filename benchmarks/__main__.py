"""Run the benchmarks: all of them, or those named.

python -m benchmarks [orders import pages report applications scale]
"""

import importlib
import sys

BENCHMARKS = {
    "orders": "benchmarks.orders",
    "import": "benchmarks.import_keys",
    "report": "benchmarks.report_month",
    "pages": "benchmarks.pages",
    "applications": "benchmarks.applications",
    "scale": "benchmarks.scale",
}


def main(arguments: list[str]) -> int:
    """Run each named benchmark with the arguments that follow its name; all without a name."""
    if arguments and arguments[0] not in BENCHMARKS:
        print(f"There is no benchmark {arguments[0]}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    if arguments:
        return int(importlib.import_module(BENCHMARKS[arguments[0]]).main(arguments[1:]))
    return max(int(importlib.import_module(module).main([])) for module in BENCHMARKS.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
