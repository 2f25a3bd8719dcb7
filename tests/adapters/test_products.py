"""The bundled model's products in 8-bit numbers."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from kb.adapters import products
from kb.adapters.embedding import EmbeddingProcess
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import LAYERS, MiniLM
from kb.adapters.products import InSteps, fastest, plain

pytestmark = pytest.mark.skipif(
    fastest() is not InSteps, reason="This processor has no AVX2, so products are in float32."
)

TEXTS = [
    "How long is the footbridge?",
    "The span measures 84 metres.",
    "longer than the window " * 100,
    "Brücke, 橋, мост 🌉 \x00",
    "",
]


@pytest.fixture
def without_vnni(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingProcess]:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    embedder = EmbeddingProcess("", threads=1)
    yield embedder
    embedder.close()


def test_there_is_a_range_for_each_product_of_each_layer() -> None:
    parts = ("attention.self", "attention.output.dense", "intermediate.dense", "output.dense")
    names = {f"encoder.layer.{layer}.{part}" for layer in range(LAYERS) for part in parts}
    assert set(products.ranges()) == names


def test_a_product_in_steps_is_near_the_exact_one() -> None:
    name = "encoder.layer.0.attention.self"
    within = products.ranges()[name]
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(64, 384, generator=generator)
    bias = torch.randn(64, generator=generator)
    states = torch.rand(5, 384, generator=generator) * (within.high - within.low) + within.low
    for channel, divisor in within.damped.items():
        states[:, channel] *= divisor
    exact = plain(name, weight, bias)(states)
    assert float((InSteps(name, weight, bias)(states) - exact).norm() / exact.norm()) < 0.02


def test_what_gelu_gives_is_taken_by_the_next_product() -> None:
    generator = torch.Generator().manual_seed(1)
    layer = "encoder.layer.3"
    widening = torch.randn(1536, 384, generator=generator) / 20, torch.zeros(1536)
    narrowing = torch.randn(384, 1536, generator=generator) / 40, torch.ones(384)
    states = torch.randn(7, 384, generator=generator)
    wide, narrow = f"{layer}.intermediate.dense", f"{layer}.output.dense"
    exact = plain(narrow, *narrowing)(plain(wide, *widening, gelu=True)(states))
    steps = InSteps(wide, *widening, gelu=True)(states)
    assert steps.dtype == torch.uint8
    found = InSteps(narrow, *narrowing)(steps)
    assert float((found - exact).norm() / exact.norm()) < 0.05


def test_a_text_has_nearly_the_same_vector_on_a_processor_without_vnni(
    real_embedder: EmbeddingProcess, without_vnni: EmbeddingProcess
) -> None:
    rows = real_embedder.embed_passages(TEXTS)
    assert np.sum(rows * without_vnni.embed_passages(TEXTS), axis=1).min() > 0.99


def test_a_sum_of_steps_never_overflows_without_vnni() -> None:
    weight = torch.full((16, 384), 3.0)
    weight[8:] *= -1
    ends = products.ranges()[name := "encoder.layer.5.output.dense"]
    states = torch.full((4, 384), ends.high)
    found = InSteps(name, weight, torch.zeros(16))(states)
    assert found.numpy() == pytest.approx((states @ weight.T).numpy(), rel=0.02)


def test_without_steps_vectors_are_those_of_the_library() -> None:
    exact = MiniLM(bundled_folder(), threads=1, products=plain).embed_passages(TEXTS)
    library = EmbeddingProcess(str(bundled_folder()), threads=1)
    rows = library.embed_passages(TEXTS)
    library.close()
    assert np.sum(rows * exact, axis=1).min() > 0.9998
