"""The launcher runs before any package is installed."""

import ast
import sys


def imported_packages(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_launcher_imports_the_standard_library_and_itself(root):
    files = [
        *(root / "bin" / "launcher").glob("*.py"),
        *(root / "bin" / name for name in ("portal", "test", "check")),
    ]
    foreign = {
        (file.name, name)
        for file in files
        for name in imported_packages(file.read_text())
        if name not in sys.stdlib_module_names and name != "launcher"
    }
    assert foreign == set()
