"""A first start that did not finish leaves half a demo; the next start begins anew, and only then."""

import pytest
from launcher import portal, setup
from launcher.errors import LaunchError
from launcher.paths import Paths


@pytest.fixture
def checkout(tmp_path):
    paths = Paths(root=tmp_path, var=tmp_path / "var")
    setup.make_var(paths)
    for name in ("postgres/PG_VERSION", "files/report.pdf", "setup/download", "secrets.json", "portal.lock"):
        (paths.var / name).parent.mkdir(exist_ok=True)
        (paths.var / name).touch()
    return paths


def left(paths: Paths) -> set[str]:
    return {str(path.relative_to(paths.var)) for path in paths.var.rglob("*") if path.is_file()}


def test_reset_removes_data_and_secrets_and_keeps_downloads(checkout):
    portal._reset(checkout, None)
    assert left(checkout) == {"setup/download", "portal.lock"}
    assert checkout.log.is_dir()


def test_reset_leaves_the_servers_of_others_alone(checkout):
    before = left(checkout)
    with pytest.raises(LaunchError, match="empty your own servers yourself"):
        portal._reset(checkout, object())
    assert left(checkout) == before


def test_reset_takes_the_mark_of_an_unfinished_first_start_away(checkout):
    setup.first_start(checkout).touch()
    portal._reset(checkout, None)
    assert not setup.first_start(checkout).exists()
