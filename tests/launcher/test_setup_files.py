"""Front-end files, copies for root, and the arguments of bin/test."""

import pytest
from launcher import checking, relocate, testing, vendor, wheels
from launcher.errors import LaunchError


@pytest.fixture
def modules(tmp_path):
    for source in vendor.file_list():
        path = tmp_path / "node_modules" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    return tmp_path / "node_modules"


def test_named_files_are_copied_and_nothing_else(modules, tmp_path):
    (modules / "@tabler/core/dist/css/tabler.css").write_text("not named")
    vendor.copy(modules, tmp_path / "vendor")
    copied = {str(path.relative_to(tmp_path / "vendor")) for path in (tmp_path / "vendor").rglob("*.*")}
    assert copied == set(vendor.file_list().values())


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("css/tabler.min.css", b"a{}\n/*# sourceMappingURL=tabler.min.css.map */", b"a{}\n"),
        ("js/tabler.min.js", b"f();\n//# sourceMappingURL=tabler.min.js.map\n", b"f();\n"),
        ("js/tabler.min.js", b"f();", b"f();"),
    ],
)
def test_source_maps_are_not_named_any_more(modules, tmp_path, name, before, after):
    (modules / "@tabler/core/dist" / name).write_bytes(before)
    vendor.copy(modules, tmp_path / "vendor")
    assert (tmp_path / "vendor/tabler" / name.rpartition("/")[2]).read_bytes() == after


def test_package_without_a_named_file_is_refused(modules, tmp_path):
    (modules / "@tabler/icons-sprite/dist/tabler-sprite.svg").unlink()
    with pytest.raises(LaunchError, match=r"hold no @tabler/icons-sprite/dist/tabler-sprite\.svg"):
        vendor.copy(modules, tmp_path / "vendor")


def test_newest_postgres_of_the_package_is_taken(tmp_path):
    for name in ("pginstall", "pginstall18"):
        (tmp_path / name).mkdir()
    assert wheels._newest(tmp_path.glob("pginstall*")).name == "pginstall18"


def test_copy_follows_the_checkout_and_keeps_its_own_data(tmp_path):
    checkout, copy = tmp_path / "checkout", tmp_path / "copy"
    for name in (
        "portal/old.py",
        "portal/urls.py",
        ".venv/own",
        "var/own",
        "static/vendor/own",
        "static/css/a.css",
    ):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("first")
    (checkout / "portal").chmod(0o700)
    (checkout / "portal/urls.py").chmod(0o600)
    relocate.refresh(checkout, copy)
    for name in (".venv/kept", "var/kept", "static/vendor/kept"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("the copy's own")
    (checkout / "portal/old.py").unlink()
    (checkout / "portal/urls.py").write_text("second, longer")
    relocate.refresh(checkout, copy)
    files = {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*") if path.is_file()}
    assert files == {
        "portal/urls.py": "second, longer",
        "static/css/a.css": "first",
        "static/vendor/kept": "the copy's own",
        "var/kept": "the copy's own",
        ".venv/kept": "the copy's own",
    }
    assert (copy / "portal").stat().st_mode & 0o777 == 0o755
    assert (copy / "portal/urls.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("arguments", "parallel"),
    [
        ([], True),
        (["tests"], True),
        (["-k", "some name"], True),
        (["tests/launcher/test_lock.py"], False),
        (["tests/launcher/test_lock.py::test_x"], False),
        (["tests/launcher/test_lock.py", "tests/launcher/test_venv.py"], True),
        (["-n", "4"], False),
        (["-n0"], False),
        (["--numprocesses=3", "tests"], False),
    ],
)
def test_tests_run_side_by_side_unless_one_file_is_asked_for(root, monkeypatch, arguments, parallel):
    monkeypatch.chdir(root)
    assert testing.parallel_options(arguments) == (["-n", "2", "--dist", "loadfile"] if parallel else [])


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (0, "bin/test: all tests passed in 83 s."),
        (1, "bin/test: FAILED, some tests failed, after 83 s."),
        (5, "bin/test: FAILED, no test was found, after 83 s."),
        (-9, "bin/test: FAILED, killed by signal 9, after 83 s."),
    ],
)
def test_last_line_says_how_it_ended(code, line):
    assert testing.verdict(code, 83.2) == line


def test_example_variables_are_read_without_their_comments(tmp_path):
    (tmp_path / "example").write_text("# A=1\nB=2\n\nC=\nD=a=b\n")
    assert checking.example_variables(tmp_path / "example") == {"B": "2", "C": "", "D": "a=b"}
