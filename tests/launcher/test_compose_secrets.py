"""bin/portal secrets."""

import base64
import stat

from launcher import compose_secrets


def test_files_are_made_once_in_a_closed_folder(tmp_path):
    folder = tmp_path / "secrets"
    assert compose_secrets.make(folder) == compose_secrets.names()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert compose_secrets.make(folder) == []
    assert {path.name: path.read_text() for path in folder.iterdir()} == first


def test_only_what_is_missing_is_made_and_yours_is_left(tmp_path):
    (tmp_path / "email_password").write_text("the relay's")
    made = compose_secrets.make(tmp_path)
    assert made == [name for name in compose_secrets.names() if name != "email_password"]
    assert (tmp_path / "email_password").read_text() == "the relay's"


def test_each_secret_is_its_own_and_of_the_right_kind(tmp_path):
    compose_secrets.make(tmp_path)
    texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {name for name, text in texts.items() if not text} == set(compose_secrets.GIVEN_BY_YOU)
    filled = [text for text in texts.values() if text]
    assert len(set(filled)) == len(filled)
    assert [len(base64.b64decode(texts[name])) for name in ("master_key", "blind_index_key", "seal_key")] == [
        32,
        32,
        32,
    ]


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    assert compose_secrets.main([str(tmp_path / "taken")], tmp_path) != 0
    assert capsys.readouterr().err.startswith(str(tmp_path / "taken"))
