"""The process of the checking model, with tiny CrossEncoders made here whose verdicts are known."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kb.adapters.entailment import EntailmentProcess
from kb.domain.conversations import Finished, Support
from kb.domain.errors import ModelMissingError
from tests.adapters.test_embedding import change
from tests.adapters.test_reranking import tiny_cross_encoder
from tests.fake_models import FakeChatModel, FakeModelServer
from tests.open_apps import opened, take_in

PAIRS = [("The span measures 84 metres.", "It is long."), ("A cake.", "It is " + "long " * 900)]
LOGITS = (2.0, 0.0, -1.0)
SHARES = tuple(np.exp(LOGITS) / np.exp(LOGITS).sum())


def tiny_entailment_model(
    folder: Path, labels: Sequence[str], logits: Sequence[float] = LOGITS
) -> Path:
    """One that says the same of every pair: a share for each label, whatever is read."""
    tiny_cross_encoder(folder, len(labels))
    change(folder / "config.json", id2label={str(n): label for n, label in enumerate(labels)})
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = np.zeros_like(weights["classifier.weight"])
    weights["classifier.bias"] = np.array(logits[: len(labels)], dtype=np.float32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture
def processes() -> Iterator[list[EntailmentProcess]]:
    opened: list[EntailmentProcess] = []
    yield opened
    for one in opened:
        one.close()


@pytest.mark.parametrize(
    ("labels", "entailed", "contradicted"),
    [
        (("contradiction", "entailment", "neutral"), 1, 0),
        (("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), 0, 2),
    ],
)
def test_the_order_of_the_labels_is_read_from_the_model(
    tmp_path: Path,
    processes: list[EntailmentProcess],
    labels: Sequence[str],
    entailed: int,
    contradicted: int,
) -> None:
    folder = tiny_entailment_model(tmp_path / "model", labels)
    processes.append(EntailmentProcess(str(folder), threads=1))
    rows = processes[0].probabilities(PAIRS)
    assert rows.shape == (2, 2)
    assert rows[0] == pytest.approx([SHARES[entailed], SHARES[contradicted]], abs=0.01)
    assert rows[1] == pytest.approx(rows[0], abs=0.01)
    assert processes[0].name == str(folder)
    assert processes[0].probabilities([]).shape == (0, 2)


def test_of_two_labels_none_is_contradiction(
    tmp_path: Path, processes: list[EntailmentProcess]
) -> None:
    folder = tiny_entailment_model(tmp_path / "model", ("entailment", "not_entailment"))
    processes.append(EntailmentProcess(str(folder), threads=1))
    share = 1 / (1 + np.exp(-2))
    assert processes[0].probabilities(PAIRS[:1])[0] == pytest.approx([share, 0], abs=0.01)


@pytest.mark.parametrize(
    "labels", [("LABEL_0", "LABEL_1", "LABEL_2"), ("positive", "negative"), ("entailment",)]
)
def test_a_model_with_other_labels_is_refused_in_one_sentence(
    tmp_path: Path, labels: Sequence[str]
) -> None:
    folder = tiny_entailment_model(tmp_path / "model", labels)
    assert refused(str(folder)) == (
        f"The checking model {folder} does not tell entailment: its labels are "
        f"{', '.join(labels)}. Check KB_SUPPORT_MODEL."
    )


def test_a_name_that_was_never_fetched_is_not_fetched() -> None:
    told = refused("nobody/has-this-model")
    assert told == (
        "The checking model nobody/has-this-model could not be loaded. Check KB_SUPPORT_MODEL: "
        "it must be a folder, or a hub name whose model this machine has already."
    )


def refused(model: str) -> str:
    one = EntailmentProcess(model, threads=1)
    try:
        for use in (lambda: one.name, lambda: one.probabilities(PAIRS)):
            with pytest.raises(ModelMissingError) as caught:
                use()
    finally:
        one.close()
    return str(caught.value)


SENTENCE = "By hand of bronze the impeller is made."
PASSAGE = "The impeller is made of bronze by hand."


def test_the_setting_names_the_model_that_checks_answers(tmp_path: Path) -> None:
    labels = ("contradiction", "neutral", "entailment")
    model = tiny_entailment_model(tmp_path / "model", labels, (9.0, 0.0, 0.0))
    with opened(tmp_path / "home", support_model=str(model)) as app:
        process = app.processes.checking
        assert process is not None
        pids = [process.pid]
        answers = app.workspace().answers
        assert answers.checked(SENTENCE, [PASSAGE]).support is Support.UNSUPPORTED
        assert answers.checking_trouble() == ""
        assert app.workspace().models.checking_model() == str(model)
        pids.append(process.pid)
    pids.append(process.pid)
    assert [pid is None for pid in pids] == [True, False, True]
    with opened(tmp_path / "home") as app:
        assert app.workspace().models.checking_model() == ""
        assert app.workspace().answers.checked(SENTENCE, [PASSAGE]).support is Support.SUPPORTED


def test_a_model_that_does_not_load_leaves_answers_as_they_are_and_the_first_says_so(
    tmp_path: Path,
) -> None:
    nowhere = tmp_path / "nowhere"
    trouble = f"The checking model's folder {nowhere} does not exist. Check KB_SUPPORT_MODEL."
    with opened(tmp_path / "home", support_model=str(nowhere)) as app:
        app.model_server = FakeModelServer(model=FakeChatModel(pieces=[SENTENCE]))
        workspace = app.workspace()
        base = workspace.knowledge_bases.first()
        take_in(app, workspace, base.id, "pump.txt", PASSAGE)
        told = []
        for _ in range(2):
            asked = workspace.answers.ask(base.id, "What is the impeller made of?", model="fake")
            told += [event.answer for event in asked if isinstance(event, Finished)]
        assert [len(answer.citations) for answer in told] == [1, 1]
        assert told[0].reason.startswith(trouble)
        assert told[1].reason == ""
