"""Render a sample report in a process of its own; arguments are its kind and the file to write."""

import json
import sys
import time
from pathlib import Path

import django
from django.conf import settings

FONTS = Path(__file__).resolve().parents[3] / "static" / "vendor"


def main(kind: str, out: Path) -> None:
    """Write the PDF of a kind of report and print its pages, fonts, processor seconds and peak MB."""
    settings.configure(USE_I18N=True)
    django.setup()
    from reporting.renderers.pdf import render_usage_report
    from reporting.renderers.summary_csv import write_summary_csv
    from tests.reporting import samples

    shapes = {"small": {}, "large": {"partners": 500, "denied": 300, "unreported": 2000, "adjustments": 150}}
    report, csv = samples.make_report(**shapes[kind])  # type: ignore[arg-type]
    start = time.process_time()
    pdf = render_usage_report(
        report,
        device_csv=csv,
        summary_csv=write_summary_csv(report),
        fonts_dir=FONTS,
        created_at=samples.MADE_AT,
    )
    seconds = time.process_time() - start
    out.write_bytes(pdf.content)
    peak = peak_mb()
    print(json.dumps({"pages": pdf.pages, "fonts": pdf.fonts, "seconds": seconds, "peak_mb": peak}))


def peak_mb() -> int:
    """Return this program's own peak memory.

    getrusage would not do: its peak survives exec, so a child of a large pytest process counts the parent.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("this system does not tell a process's peak memory")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
