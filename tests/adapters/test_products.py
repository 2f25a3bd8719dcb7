"""The bundled model's products in 8-bit numbers."""

import numpy as np
import pytest
import torch
from torch import Tensor

from kb.adapters.embedding import EmbeddingProcess
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import LAYERS, MiniLM
from kb.adapters.products import InSteps, Linear, Plain, fastest, matrix_in_steps, ranges

pytestmark = pytest.mark.skipif(
    not isinstance(fastest(), InSteps),
    reason="This processor has no AVX2, so products are in float32.",
)

LAYER = "encoder.layer.3"
TEXTS = [
    "How long is the footbridge?",
    "The span measures 84 metres.",
    "longer than the window " * 100,
    "Brücke, 橋, мост 🌉 \x00",
    "",
]


def linear(outputs: int, inputs: int) -> Linear:
    generator = torch.Generator().manual_seed(outputs)
    weight = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    return Linear(weight, torch.randn(outputs, generator=generator))


def states_within(name: str) -> Tensor:
    """States (5, 384) of the range of this product's inputs."""
    within = ranges()[0][name]
    generator = torch.Generator().manual_seed(1)
    states = torch.rand(5, 384, generator=generator) * (within.high - within.low) + within.low
    for channel, divisor in within.damped.items():
        states[:, channel] *= divisor
    return states


def missed(found: Tensor, exact: Tensor) -> float:
    """The most by which a row is missed, of its length."""
    return float(((found - exact).norm(dim=1) / exact.norm(dim=1)).max())


def test_every_product_and_every_layers_gelu_has_a_range() -> None:
    inputs, gelu = ranges()
    layers = {f"encoder.layer.{layer}" for layer in range(LAYERS)}
    parts = ("attention.self", "attention.output.dense", "intermediate.dense")
    assert set(inputs) == {f"{layer}.{part}" for layer in layers for part in parts}
    assert set(gelu) == layers


def test_a_product_in_steps_is_near_the_exact_one() -> None:
    name = f"{LAYER}.attention.self"
    states, matrix = states_within(name), linear(64, 384)
    exact = Plain().product(name, matrix)(states)
    assert missed(InSteps().product(name, matrix)(states), exact) < 0.02


def test_gelus_channels_that_reach_furthest_are_exact() -> None:
    wide, narrow = linear(1536, 384), linear(384, 1536)
    states = states_within(f"{LAYER}.intermediate.dense") / 4
    far = ranges()[1][LAYER].far
    wide.weight[far] *= 30
    exact = Plain().feed_forward(LAYER, wide, narrow)(states)
    assert missed(InSteps().feed_forward(LAYER, wide, narrow)(states), exact) < 0.04
    near = [channel for channel in range(1536) if channel not in far][: len(far)]
    wide.weight[near] *= 30
    exact = Plain().feed_forward(LAYER, wide, narrow)(states)
    assert missed(InSteps().feed_forward(LAYER, wide, narrow)(states), exact) > 0.1


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
    exact = MiniLM(bundled_folder(), threads=1, products=Plain()).embed_passages(TEXTS)
    library = EmbeddingProcess(str(bundled_folder()), threads=1)
    rows = library.embed_passages(TEXTS)
    library.close()
    assert np.sum(rows * exact, axis=1).min() > 0.9998


def test_in_steps_vectors_are_nearly_the_exact_ones() -> None:
    some = TEXTS[:-1]
    exact = MiniLM(bundled_folder(), threads=1, products=Plain()).embed_passages(some)
    in_steps = MiniLM(bundled_folder(), threads=1, products=InSteps()).embed_passages(some)
    assert np.sum(in_steps * exact, axis=1).min() > 0.995
