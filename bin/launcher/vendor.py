"""Copy the few files the pages and PDFs use out of the npm packages. Run by set-up and by the Dockerfile:

python -m launcher.vendor NODE_MODULES TARGET
"""

import re
import shutil
import sys
from pathlib import Path

from launcher.errors import LaunchError

_SUBSETS = ("latin", "latin-ext")
# A map is not shipped; a comment that names it would be a broken link in the hashed static files.
_SOURCE_MAP = re.compile(rb"\n?(/\*|//)# sourceMappingURL=[^\n*]*(\*/)?\s*$")


def file_list() -> dict[str, str]:
    """Return target by source, below the target folder and node_modules."""
    files = {
        "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
        "@tabler/core/dist/js/tabler.min.js": "tabler/tabler.min.js",
        "@tabler/icons-sprite/dist/tabler-sprite.svg": "icons/tabler-sprite.svg",
    }
    for subset in _SUBSETS:
        name = f"inter-{subset}-wght-normal.woff2"
        files[f"@fontsource-variable/inter/files/{name}"] = f"inter/{name}"
        for weight in (400, 500, 600, 700):
            name = f"inter-{subset}-{weight}-normal.woff2"
            files[f"@fontsource/inter/files/{name}"] = f"inter-static/{name}"
        for weight in (400, 500, 600):
            name = f"ibm-plex-mono-{subset}-{weight}-normal.woff2"
            files[f"@fontsource/ibm-plex-mono/files/{name}"] = f"plex-mono/{name}"
    return files


def copy(modules: Path, target: Path) -> None:
    """Copy the files; what the target folder held before stays unless it is replaced.

    :raises LaunchError: names the first file a package does not hold.
    """
    for source, name in file_list().items():
        found, wanted = modules / source, target / name
        if not found.exists():
            raise LaunchError(
                f"The front-end packages hold no {source}: package.json and vendor.py disagree."
            )
        wanted.parent.mkdir(parents=True, exist_ok=True)
        half = wanted.with_name(wanted.name + ".new")
        if found.suffix in {".css", ".js"}:
            half.write_bytes(_SOURCE_MAP.sub(b"\n", found.read_bytes()))
        else:
            shutil.copyfile(found, half)
        half.chmod(0o644)
        half.replace(wanted)


if __name__ == "__main__":
    copy(Path(sys.argv[1]), Path(sys.argv[2]))
