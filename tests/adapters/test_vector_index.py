"""Dense search over a real Chroma folder."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.errors import InternalError

from kb.adapters.chroma import BATCH, ChromaIndex
from kb.domain.documents import EmbeddingSpaceId, KnowledgeBaseId, PassageId
from kb.domain.errors import DamagedIndexError, DiskFullError
from tests.adapters.record_maker import some_vectors

BASE, SPACE = KnowledgeBaseId("base1"), EmbeddingSpaceId("space1")
OTHER = KnowledgeBaseId("base2")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ChromaIndex]:
    one = ChromaIndex(tmp_path / "chroma")
    yield one
    one.close()


def named(count: int) -> list[PassageId]:
    return [PassageId(f"p{number}") for number in range(count)]


def test_the_nearest_come_first_with_their_cosine(index: ChromaIndex) -> None:
    rows = some_vectors(50)
    index.upsert(BASE, SPACE, named(50), rows)
    hits = index.search(BASE, SPACE, rows[7], 5)
    cosines = rows @ rows[7]
    assert [id for id, _ in hits] == [f"p{i}" for i in np.argsort(-cosines)[:5]]
    assert [score for _, score in hits] == pytest.approx(
        sorted(cosines, reverse=True)[:5], abs=1e-5
    )
    assert len(index.search(BASE, SPACE, rows[7], 500)) == 50
    assert index.search(BASE, SPACE, rows[7], 0) == []


def test_repeating_replaces_and_deleting_forgets(index: ChromaIndex) -> None:
    rows = some_vectors(2)
    index.upsert(BASE, SPACE, named(2), rows)
    index.upsert(BASE, SPACE, named(1), rows[1:])
    assert index.ids(BASE, SPACE) == {"p0", "p1"}
    assert [score for _, score in index.search(BASE, SPACE, rows[1], 2)] == pytest.approx([1, 1])
    index.delete(BASE, SPACE, [PassageId("p0"), PassageId("unknown")])
    assert index.ids(BASE, SPACE) == {"p1"}
    assert [id for id, _ in index.search(BASE, SPACE, rows[0], 2)] == ["p1"]


def test_more_than_one_batch_is_kept_and_forgotten(index: ChromaIndex) -> None:
    count = 2 * BATCH + 1
    index.upsert(BASE, SPACE, named(count), some_vectors(count, 2))
    assert len(index.ids(BASE, SPACE)) == count
    index.delete(BASE, SPACE, named(count - 1))
    assert index.ids(BASE, SPACE) == {f"p{count - 1}"}


def test_knowledge_bases_and_spaces_are_apart(index: ChromaIndex) -> None:
    row = some_vectors(1)
    index.upsert(BASE, SPACE, [PassageId("mine")], row)
    index.upsert(OTHER, SPACE, [PassageId("yours")], row)
    assert index.collections() == {(BASE, SPACE), (OTHER, SPACE)}
    assert [id for id, _ in index.search(BASE, SPACE, row[0], 9)] == ["mine"]
    index.drop(OTHER, SPACE)
    assert index.collections() == {(BASE, SPACE)}
    assert index.ids(BASE, SPACE) == {"mine"}


def test_what_is_not_there_is_empty(index: ChromaIndex) -> None:
    assert index.search(BASE, SPACE, some_vectors(1)[0], 5) == []
    assert index.ids(BASE, SPACE) == set()
    assert index.collections() == set()
    index.delete(BASE, SPACE, [PassageId("p0")])
    index.drop(BASE, SPACE)


def test_it_opens_again_with_all_that_was_kept(index: ChromaIndex) -> None:
    rows = some_vectors(3)
    index.upsert(BASE, SPACE, named(3), rows)
    index.close()
    assert index.ids(BASE, SPACE) == set(named(3))
    assert index.search(BASE, SPACE, rows[2], 1)[0][0] == "p2"


def test_many_threads_add_and_search_at_once(index: ChromaIndex) -> None:
    rows = some_vectors(80)

    def work(number: int) -> None:
        mine = slice(number * 10, number * 10 + 10)
        index.upsert(BASE, SPACE, named(80)[mine], rows[mine])
        assert index.search(BASE, SPACE, rows[number * 10], 1)[0][0] == f"p{number * 10}"

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert index.ids(BASE, SPACE) == set(named(80))


def test_a_folder_that_cannot_be_opened_is_made_anew(index: ChromaIndex, tmp_path: Path) -> None:
    rows = some_vectors(3)
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    assert index.collections() == set()
    index.upsert(BASE, SPACE, named(3), rows)
    assert index.search(BASE, SPACE, rows[2], 1)[0][0] == "p2"


def test_a_damaged_index_is_told_of_and_can_be_forgotten(
    index: ChromaIndex, tmp_path: Path
) -> None:
    # Chroma writes the graph's files after a thousand rows.
    rows = some_vectors(1500)
    index.upsert(BASE, SPACE, named(1500), rows)
    index.close()
    graphs = list((tmp_path / "chroma").rglob("*.bin"))
    assert graphs
    for graph in graphs:
        graph.write_bytes(b"garbage" * 10)
    with pytest.raises(DamagedIndexError):
        index.ids(BASE, SPACE)
    with pytest.raises(DamagedIndexError):
        index.search(BASE, SPACE, rows[0], 1)
    index.reset()
    assert index.collections() == set()
    index.upsert(BASE, SPACE, named(3), rows[:3])
    assert index.search(BASE, SPACE, rows[2], 1)[0][0] == "p2"


def test_a_full_disk_is_told_of_and_the_index_stays(
    index: ChromaIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.upsert(BASE, SPACE, named(1), some_vectors(1))

    def fail(*_: object, **__: object) -> None:
        raise InternalError("error returned from database: (code: 13) database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(chromadb.Collection, "upsert", fail)
        with pytest.raises(DiskFullError):
            index.upsert(BASE, SPACE, named(2), some_vectors(2))
        index.close()
        patch.setattr(chromadb, "PersistentClient", fail)
        with pytest.raises(DiskFullError):
            index.ids(BASE, SPACE)
    again = ChromaIndex(tmp_path / "chroma")
    assert again.ids(BASE, SPACE) == {"p0"}
    again.close()
