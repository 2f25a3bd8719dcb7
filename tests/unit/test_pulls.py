"""A download goes on by itself, and everybody sees the same."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.bootstrap import App
from kb.domain.errors import InvalidInputError, ModelError
from kb.domain.models import Pull, PullProgress, PullState
from kb.services.pulls import Pulls
from tests.fake_models import FakeModelStore
from tests.open_apps import ALICE, opened

BEGUN = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def store() -> FakeModelStore:
    return FakeModelStore()


@pytest.fixture
def pulls(store: FakeModelStore) -> Iterator[Pulls]:
    one = Pulls(store, clock=lambda: BEGUN)
    yield one
    one.close()


def awaited(pulls: Pulls, wanted: Callable[[Pull], bool]) -> Pull:
    """The download, once it is as wanted."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if pulls.last and wanted(pulls.last):
            return pulls.last
        time.sleep(0.005)
    raise AssertionError(f"It came to this: {pulls.last}")


def ended(pulls: Pulls) -> Pull:
    return awaited(pulls, lambda pull: pull.state is not PullState.RUNNING)


def test_a_download_tells_how_far_it_is_until_it_is_done(
    pulls: Pulls, store: FakeModelStore
) -> None:
    assert pulls.last is None
    pulls.start("small:1b")
    store.pulls[0].tell(0, 200)
    store.pulls[0].tell(50, 200)
    store.pulls[0].tell(100, 200)
    pull = awaited(pulls, lambda pull: pull.progress.done_bytes == 100)
    assert (pull.name, pull.progress.share, pull.first_bytes) == ("small:1b", 0.5, 50)
    assert pull.seconds_left(BEGUN + timedelta(seconds=10)) == 20
    store.pulls[0].end()
    assert ended(pulls).state is PullState.DONE


def test_how_long_it_takes_is_not_told_before_anything_came() -> None:
    told = PullProgress(done_bytes=50, total_bytes=100)
    pull = Pull(name="x", progress=told, begun_at=BEGUN, first_bytes=50)
    assert pull.seconds_left(BEGUN + timedelta(seconds=10)) is None
    assert Pull(name="x").seconds_left(BEGUN) is None


@pytest.mark.parametrize("written", ["small:1b", " small:1b\n", "ollama pull small:1b"])
def test_a_name_is_taken_as_people_paste_it(
    pulls: Pulls, store: FakeModelStore, written: str
) -> None:
    pulls.start(written)
    assert store.names == ["small:1b"]


def test_one_model_is_downloaded_at_a_time(pulls: Pulls, store: FakeModelStore) -> None:
    pulls.start("small:1b")
    with pytest.raises(InvalidInputError, match=r"small:1b is being downloaded\. Wait for it"):
        pulls.start("other:1b")
    assert store.names == ["small:1b"]


def test_a_cancelled_download_is_closed_and_another_can_begin(
    pulls: Pulls, store: FakeModelStore
) -> None:
    pulls.start("small:1b")
    pulls.cancel()
    assert store.pulls[0].closed.is_set()
    assert ended(pulls).state is PullState.CANCELLED
    pulls.start("other:1b")
    store.pulls[1].tell(1, 2)
    assert awaited(pulls, lambda pull: pull.progress.done_bytes == 1).name == "other:1b"


def test_a_failure_is_kept_until_it_is_forgotten(pulls: Pulls, store: FakeModelStore) -> None:
    pulls.start("small:1b")
    store.pulls[0].fail(ModelError("It stopped.", advice="Do it again."))
    pull = ended(pulls)
    assert (pull.state, pull.error) == (PullState.FAILED, "It stopped. Do it again.")
    pulls.forget()
    assert pulls.last is None


def test_a_download_under_way_is_not_forgotten(pulls: Pulls) -> None:
    pulls.start("small:1b")
    pulls.forget()
    assert pulls.last is not None


def test_what_cannot_begin_leaves_no_download_behind(pulls: Pulls, store: FakeModelStore) -> None:
    store.trouble = InvalidInputError("No name.")
    with pytest.raises(InvalidInputError):
        pulls.start("?")
    assert pulls.last is None


def test_a_download_goes_on_when_whoever_began_it_is_gone_and_ends_with_the_app(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "home") as app:
        store = app.pulls.store
        assert isinstance(store, FakeModelStore)
        app.workspace(ALICE).models.pull("small:1b")
        store.pulls[0].tell(1, 2)
        awaited(app.pulls, lambda pull: pull.progress.done_bytes == 1)
        seen = app.workspace(ALICE).models.last_pull()
        assert seen is not None
        assert seen.state is PullState.RUNNING
    assert store.pulls[0].closed.is_set()


def test_deleting_the_chosen_model_lets_another_write(app: App) -> None:
    models = app.workspace(ALICE).models
    models.choose("small:1b")
    models.delete("other:1b")
    assert app.chat_model == "small:1b"
    models.delete("small:1b")
    assert app.chat_model == ""
    assert app.pulls.store.deleted == ["other:1b", "small:1b"]  # type: ignore[attr-defined]
