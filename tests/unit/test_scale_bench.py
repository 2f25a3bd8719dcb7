"""The bench that times search by the number of passages, on a small one."""

from pathlib import Path

import pytest

from bench import scale, scale_texts
from bench.scale_library import filled
from kb.domain.documents import PAGE_SEPARATOR
from tests.open_apps import opened

TEXTS = ["The harbour bridge is of basalt. Who built it, nobody can say now.", "A larch shed."]


def test_a_knowledge_base_gets_as_many_passages_as_asked_for_and_agrees(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        base = filled(app, TEXTS, 70)
        with app.records.reading() as view:
            documents = view.documents.of(base.id)
            for document in documents:
                whole = PAGE_SEPARATOR.join(page.text for page in view.documents.pages(document.id))
                for passage in view.documents.passages_of(document.id):
                    assert whole[passage.start : passage.end] == passage.text
        assert sum(document.passage_count for document in documents) == 70
        assert [one.agrees for one in app.indexes.check() if one.passages] == [True]
        assert filled(app, TEXTS, 70) == base


def test_texts_are_cut_and_questions_are_the_folders_own_or_its_sentences(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(TEXTS[0], encoding="utf-8")
    passages = scale_texts.passages(tmp_path)
    assert passages == [TEXTS[0]]
    assert set(scale_texts.questions(tmp_path, passages, 9)) == {
        "The harbour bridge is of basalt.",
        "Who built it, nobody can say now.",
    }
    line = '{"question": "Who built the harbour bridge?"}'
    (tmp_path / "questions.jsonl").write_text(line, encoding="utf-8")
    assert scale_texts.questions(tmp_path, passages, 9) == ["Who built the harbour bridge?"]


def test_each_number_has_a_word_of_its_own() -> None:
    assert len({scale_texts.invented(number) for number in range(10_000)}) == 10_000


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        scale.main(["--passages", "10", "--folder", str(tmp_path)])
