"""The bundled model's products in 8-bit numbers."""

import numpy as np
import pytest
import torch

from kb.adapters import products
from kb.adapters.embedding import EmbeddingProcess
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import LAYERS, MiniLM
from kb.adapters.products import fastest, in_steps, matrix_in_steps, plain

pytestmark = pytest.mark.skipif(
    fastest() is not in_steps, reason="This processor has no AVX2, so products are in float32."
)

TEXTS = [
    "How long is the footbridge?",
    "The span measures 84 metres.",
    "longer than the window " * 100,
    "Brücke, 橋, мост 🌉 \x00",
    "",
]


def test_each_product_has_a_range_but_those_after_gelu() -> None:
    parts = ("attention.self", "attention.output.dense", "intermediate.dense")
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
    assert float((in_steps(name, weight, bias)(states) - exact).norm() / exact.norm()) < 0.02


def test_what_gelu_gives_is_taken_in_a_range_for_each_vector() -> None:
    generator = torch.Generator().manual_seed(1)
    name = "encoder.layer.3.output.dense"
    weight = torch.randn(384, 1536, generator=generator) / 40
    bias = torch.ones(384)
    reach = torch.tensor([[0.01], [1.0], [300.0]])
    states = torch.nn.functional.gelu(torch.randn(3, 1536, generator=generator) * reach)
    exact = plain(name, weight, bias)(states)
    found = in_steps(name, weight, bias)(states.clone())
    assert float(((found - exact).norm(dim=1) / exact.norm(dim=1)).max()) < 0.02


def test_a_matrix_is_told_in_steps_that_never_overflow_in_pairs() -> None:
    weight = torch.randn(50, 384, generator=torch.Generator().manual_seed(1))
    weight[0, 10:12] = 9.0
    weight[1, 10:12] = -9.0
    steps, scales = matrix_in_steps(weight, in_pairs=True)
    sums = steps.int().view(50, -1, 2).sum(2).abs()
    assert int(sums.max()) * 255 < 2**15
    assert float((steps * scales[:, None] - weight).abs().max()) <= float(scales.max()) / 2 + 1e-6
    alone, finer = matrix_in_steps(weight, in_pairs=False)
    assert int(alone.abs().max()) == 127
    assert bool((finer <= scales).all())


def test_without_steps_vectors_are_those_of_the_library() -> None:
    exact = MiniLM(bundled_folder(), threads=1, products=plain).embed_passages(TEXTS)
    library = EmbeddingProcess(str(bundled_folder()), threads=1)
    rows = library.embed_passages(TEXTS)
    library.close()
    assert np.sum(rows * exact, axis=1).min() > 0.9998
