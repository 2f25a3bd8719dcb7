"""The reranking process, with a tiny CrossEncoder made here."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kb.adapters.reranking import RerankingProcess
from kb.domain.errors import ModelCrashedError, ModelMissingError
from tests.adapters.test_embedding import HIDDEN, bundled, change, tiny_model
from tests.open_apps import opened, take_in

QUESTION = "How long is the footbridge?"
LOGIT = 3.0


def tiny_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A BERT of one layer with a random head; its plain files only."""
    tiny_model(folder, {})
    for name in ("modules.json", "config_sentence_transformers.json"):
        (folder / name).unlink()
    change(folder / "config.json", architectures=["BertForSequenceClassification"])
    change(folder / "config.json", id2label={str(label): str(label) for label in range(labels)})
    change(folder / "tokenizer_config.json", model_max_length=100_000)
    weights = {
        f"bert.{name}": rows for name, rows in load_file(folder / "model.safetensors").items()
    }
    head = np.random.default_rng(2).normal(size=(labels, HIDDEN)).astype(np.float32)
    weights["classifier.weight"] = head
    weights["classifier.bias"] = np.full(labels, LOGIT, dtype=np.float32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("reranker") / "model")


@pytest.fixture(scope="module")
def reranker(model: Path) -> Iterator[RerankingProcess]:
    one = RerankingProcess(str(model), threads=1)
    yield one
    one.close()


def test_each_text_has_a_score_of_its_own_in_their_order(
    reranker: RerankingProcess, model: Path
) -> None:
    texts = ["The span measures 84 metres.", *(f"{'long ' * n}{n}" for n in range(10)), ""]
    scores = reranker.scores(QUESTION, texts)
    assert reranker.name == str(model)
    assert scores.shape == (12,)
    assert scores.dtype == np.float32
    assert 0 < scores.min() < scores.max() < 1
    alone = [reranker.scores(QUESTION, [text])[0] for text in texts]
    assert scores == pytest.approx(alone, abs=0.02)
    another = reranker.scores("Who baked the cake?", texts)
    assert scores != pytest.approx(another, abs=1e-3)


def test_no_texts_have_no_scores(reranker: RerankingProcess) -> None:
    assert reranker.scores(QUESTION, []).shape == (0,)


def test_of_long_texts_only_the_beginning_is_read(reranker: RerankingProcess) -> None:
    long = "bridge " * 600
    one, other = reranker.scores(QUESTION, [long, long + "basalt " * 10_000])
    assert one == pytest.approx(other, abs=1e-3)


def test_after_its_process_was_killed_one_call_fails_and_the_next_works(
    reranker: RerankingProcess,
) -> None:
    before = reranker.scores(QUESTION, ["bridge"])
    pid = reranker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(reranker.scores, QUESTION, ["bridge"])
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.5)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ModelCrashedError, match="The reranker's process ended"):
            asked.result()
    assert reranker.scores(QUESTION, ["bridge"]) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("labels", [0, 3])
def test_a_model_that_gives_no_one_score_is_refused(tmp_path: Path, labels: int) -> None:
    folder = tiny_cross_encoder(tmp_path / "model", labels) if labels else bundled().resolve()
    told = refused(str(folder))
    assert told == (
        f"The reranker {folder} is no CrossEncoder that gives each text one score. "
        "Check KB_RERANKER."
    )


def test_a_folder_that_is_no_model_is_named_in_one_sentence(tmp_path: Path) -> None:
    assert refused(str(tmp_path)).startswith(
        f"The reranker {tmp_path} could not be loaded. Check KB_RERANKER: "
    )


def refused(model: str) -> str:
    one = RerankingProcess(model, threads=1)
    for use in (lambda: one.name, lambda: one.scores(QUESTION, ["bridge"])):
        with pytest.raises(ModelMissingError) as caught:
            use()
    one.close()
    return str(caught.value)


def test_the_setting_names_the_model_that_search_asks(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with opened(tmp_path / "home", reranker=str(nowhere)) as app:
        workspace = app.workspace()
        base = workspace.knowledge_bases.first()
        take_in(app, workspace, base.id, "bridge.txt", "The footbridge is 84 metres long.")
        for ask in (
            lambda: workspace.answers.search(base.id, QUESTION),
            lambda: list(workspace.answers.ask(base.id, QUESTION)),
            workspace.models.reranking_model,
        ):
            with pytest.raises(ModelMissingError) as caught:
                ask()
            assert str(caught.value) == (
                f"The reranker's folder {nowhere} does not exist. Check KB_RERANKER."
            )
        process = app.processes.reranking
        assert process is not None
        assert process.pid is not None
    assert process.pid is None


def test_the_models_for_questions_are_loaded_at_the_start_or_known_not_to_be(
    tmp_path: Path, model: Path
) -> None:
    with opened(tmp_path / "home", reranker=str(model)) as app:
        settled = [app.search_settled]
        app._load()
        settled.append(app.search_settled)
        assert settled == [False, True]
        assert app.workspace().models.reranking_model() == str(model)
