"""Products of a batch of vectors and the matrices of the bundled model, in 8-bit numbers.

A product's input is told in steps of its own range, which `products.json` holds for this model and
`python -m bench.ranges` measures; a channel that reaches much further than the others is damped
first, its column of the matrix raised. Of what GELU gives the channels that reach furthest are
computed exactly instead, since nothing could damp them before it. A matrix is told in 127 steps
either side of 0, a row a scale; for a processor without VNNI, which adds products up in pairs of
16 bits, in so few that no pair overflows.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018); Xiao et al., "SmoothQuant" (2023), for the damping;
Dettmers et al., "LLM.int8()" (2022), for the exact channels.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as f

BATCH_TOKENS = 1024
"""Tokens computed together: what lies between two layers still fits the processor's cache."""

WEIGHT_STEPS = 127
INPUT_STEPS = 255
LEAST_OF_GELU = -0.17
"""GELU's least value is -0.16997, whatever it is given."""

RANGES_FILE = "products.json"

Product = Callable[[Tensor], Tensor]
"""Of states (n, inputs) to (n, outputs)."""

Gives = tuple[float, int, torch.dtype, str, list[float], str]
"""What oneDNN is to give: a step, the step of 0, of which type, and after which function."""
NUMBERS: Gives = (1.0, 0, torch.float32, "none", [], "")


class Linear(NamedTuple):
    """A matrix (outputs, inputs) and a bias (outputs,), float32."""

    weight: Tensor
    bias: Tensor


class Products(Protocol):
    """Makes the products of a layer; `name` is that of the weights in the model."""

    def product(self, name: str, linear: Linear) -> Product:
        """One matrix."""
        ...

    def feed_forward(self, name: str, wide: Linear, narrow: Linear) -> Product:
        """Two with GELU between; `name` is that of the layer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRange:
    """Between which numbers a product's input lies once each channel of `damped` is divided."""

    low: float
    high: float
    damped: Mapping[int, float]

    @property
    def step(self) -> float:
        """What one step stands for."""
        return (self.high - self.low) / INPUT_STEPS

    @property
    def zero(self) -> int:
        """The step that stands for 0."""
        return round(-self.low / self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeluRange:
    """How far the channels that GELU gives reach, but for those of `far`."""

    high: float
    far: Sequence[int]

    @property
    def range(self) -> InputRange:
        """Of the product that takes them."""
        return InputRange(low=LEAST_OF_GELU, high=self.high, damped={})


class Plain:
    """Products in float32, for any processor."""

    def product(self, name: str, linear: Linear) -> Product:
        """One matrix."""
        del name
        return lambda states: f.linear(states, *linear)

    def feed_forward(self, name: str, wide: Linear, narrow: Linear) -> Product:
        """Two with GELU between."""
        del name
        return lambda states: f.linear(f.gelu(f.linear(states, *wide)), *narrow)


class InSteps:
    """Products in 8-bit numbers, for a processor with AVX2."""

    def __init__(self) -> None:
        self._inputs, self._gelu = ranges()

    def product(self, name: str, linear: Linear) -> Product:
        """One matrix."""
        steps = _Steps(self._inputs[name], linear.weight.shape[1])
        matrix = _Packed(steps.taken(linear), self._inputs[name])
        return lambda states: matrix(steps(states))

    def feed_forward(self, name: str, wide: Linear, narrow: Linear) -> Product:
        """Two with GELU between."""
        within, given = self._inputs[f"{name}.intermediate.dense"], self._gelu[name]
        steps = _Steps(within, wide.weight.shape[1])
        far = torch.tensor(given.far)
        near = torch.ones(len(wide.weight), dtype=torch.bool)
        near[far] = False
        gives: Gives = (given.range.step, given.range.zero, torch.uint8, "gelu", [], "none")
        widen = _Packed(steps.taken(Linear(wide.weight[near], wide.bias[near])), within, gives)
        narrowed = _Packed(Linear(narrow.weight[:, near], narrow.bias), given.range)
        exact = Linear(wide.weight[far], wide.bias[far])
        back = narrow.weight[:, far].T.contiguous()

        def product(states: Tensor) -> Tensor:
            found = narrowed(widen(steps(states)))
            return found.addmm_(f.gelu(f.linear(states, *exact)), back)

        return product


class _Steps:
    """Tells vectors in steps of a range."""

    def __init__(self, within: InputRange, channels: int) -> None:
        self._divisors = torch.ones(channels)
        for channel, divisor in within.damped.items():
            self._divisors[channel] = divisor
        self._per_state = 1 / (self._divisors * within.step)
        # What is cut off below a step is half a step in the mean.
        self._offset = torch.full((channels,), within.zero + 0.5)

    def taken(self, linear: Linear) -> Linear:
        """The matrix that takes damped channels."""
        return Linear(linear.weight * self._divisors, linear.bias)

    def __call__(self, states: Tensor) -> Tensor:
        """Of (n, channels), float32, to uint8."""
        near = torch.addcmul(self._offset, states, self._per_state)
        # Straight to bytes torch is five times slower.
        return near.clamp_(0, INPUT_STEPS).short().byte()


class _Packed:
    """A matrix in steps, as oneDNN wants it, of an input in steps of `within`."""

    def __init__(self, linear: Linear, within: InputRange, gives: Gives = NUMBERS) -> None:
        steps, scales = matrix_in_steps(linear.weight, in_pairs=not has_vnni())
        packed = torch.ops.onednn.qlinear_prepack(steps, [BATCH_TOKENS, linear.weight.shape[1]])
        zeros = torch.zeros(len(scales), dtype=torch.int32)
        self._given = within.step, within.zero, packed, scales, zeros, linear.bias, *gives

    def __call__(self, steps: Tensor) -> Tensor:
        """Of (n, inputs), uint8."""
        # What torch.compile would call, had everyone the compiler that it needs.
        product: Tensor = torch.ops.onednn.qlinear_pointwise(steps, *self._given)
        return product


def matrix_in_steps(weight: Tensor, *, in_pairs: bool) -> tuple[Tensor, Tensor]:
    """A matrix (outputs, inputs) in steps, int8, and what a step is in each row, (outputs,).

    `in_pairs` keeps the products of two neighbours with any inputs within 16 bits.
    """
    bounded = weight
    if in_pairs:
        bounded = torch.cat([weight, weight.view(len(weight), -1, 2).sum(2)], 1)
    scales = bounded.abs().amax(1) / WEIGHT_STEPS
    return (weight / scales[:, None]).round().to(torch.int8), scales


def has_vnni() -> bool:
    """Whether the processor adds up products of 8-bit numbers in 32 bits."""
    told = torch.cpu.get_capabilities()
    return bool(told.get("avx512_vnni", False) or told.get("avx_vnni", False))


def fastest() -> Products:
    """The way for this processor."""
    has_avx2 = torch.cpu.get_capabilities().get("avx2", False)
    return InSteps() if has_avx2 and torch._C._has_mkldnn else Plain()


def ranges() -> tuple[Mapping[str, InputRange], Mapping[str, GeluRange]]:
    """Of the products' inputs by the names of their weights, and of GELU by that of its layer."""
    held: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name(RANGES_FILE).read_text("utf-8")
    )
    inputs = {
        name: InputRange(
            low=one["low"],
            high=one["high"],
            damped={int(channel): divisor for channel, divisor in one["damped"].items()},
        )
        for name, one in held["inputs"].items()
    }
    return inputs, {name: GeluRange(**one) for name, one in held["gelu"].items()}
