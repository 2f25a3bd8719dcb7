"""One process owns a data folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb.adapters.home_lock import HomeLock
from kb.domain.errors import HomeInUseError, StorageError

HOLD = "import sys, pathlib; from kb.adapters.home_lock import HomeLock; \
lock = HomeLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def test_a_second_holder_is_refused_with_the_firsts_name(tmp_path: Path) -> None:
    first = HomeLock(tmp_path / "new" / "home")
    with pytest.raises(HomeInUseError) as caught:
        HomeLock(tmp_path / "new" / "home")
    first.release()
    told = str(caught.value)
    assert told.startswith(f"The data folder {tmp_path / 'new' / 'home'} is in use by `")
    assert f"(process {os.getpid()}, since " in told
    assert told.endswith("choose another folder with --home.")


def test_a_released_folder_can_be_held_again(tmp_path: Path) -> None:
    HomeLock(tmp_path).release()
    HomeLock(tmp_path).release()
    assert not (tmp_path / "holder.json").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", "\0"])
def test_an_unreadable_holder_is_just_another_process(tmp_path: Path, content: str) -> None:
    first = HomeLock(tmp_path)
    (tmp_path / "holder.json").write_text(content)
    with pytest.raises(HomeInUseError, match="in use by another process"):
        HomeLock(tmp_path)
    first.release()


def test_another_process_is_named_and_its_death_frees_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(HomeInUseError, match=f"process {other.pid}, since"):
            HomeLock(tmp_path)
        other.kill()
    assert json.loads((tmp_path / "holder.json").read_text())["pid"] == other.pid
    HomeLock(tmp_path).release()


def test_a_folder_that_cannot_be_made_is_told_of_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError) as caught:
        HomeLock(tmp_path / "file")
    assert str(caught.value).startswith(f"The data folder {tmp_path / 'file'} cannot be used: ")


def test_a_holder_that_cannot_be_written_leaves_the_folder_free(tmp_path: Path) -> None:
    (tmp_path / "holder.json").mkdir()
    with pytest.raises(StorageError, match="cannot be used"):
        HomeLock(tmp_path)
    (tmp_path / "holder.json").rmdir()
    HomeLock(tmp_path).release()
