"""Products of a batch of vectors and a matrix of the bundled model, in 8-bit numbers.

A product's input is told in steps of its own range, which `products.json` holds for this model and
`python -m bench.ranges` measures; a channel that reaches much further than the others is damped
first, its column of the matrix raised. What GELU gives has a range for each vector, since few reach
far. The matrix is told in 127 steps either side of 0, a row a scale; for a processor without VNNI,
which adds products up in pairs of 16 bits, in so few that no pair overflows.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (2018); Xiao et al., "SmoothQuant" (2023), for the damping.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

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

Activation = tuple[str, list[float], str]
NOTHING: Activation = ("none", [], "")
GELU: Activation = ("gelu", [], "none")
"""What oneDNN does to a product before it gives it out."""

Product = Callable[[Tensor], Tensor]
"""Of states (n, inputs) to (n, outputs)."""


class Products(Protocol):
    """Makes the product of a layer's part: `name` is that of its weights in the model."""

    def __call__(self, name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Product:
        """Of a matrix (outputs, inputs), float32."""
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


def plain(name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Product:
    """A product in float32, for any processor."""
    del name

    def product(states: Tensor) -> Tensor:
        found = f.linear(states, weight, bias)
        return f.gelu(found) if gelu else found

    return product


class InSteps:
    """A product in 8-bit numbers, of inputs whose range is known."""

    def __init__(self, name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        within = ranges()[name]
        divisors = torch.ones(weight.shape[1])
        for channel, divisor in within.damped.items():
            divisors[channel] = divisor
        self._per_state = 1 / (divisors * within.step)
        self._offset = torch.full_like(divisors, within.zero + 0.5)
        self._matrix = _Packed(weight * divisors, bias, within.step, within.zero, gelu=gelu)

    def __call__(self, states: Tensor) -> Tensor:
        """Of (n, inputs), float32."""
        near = torch.addcmul(self._offset, states, self._per_state)
        return self._matrix(near.clamp_(0, INPUT_STEPS))


class InStepsAfterGelu:
    """A product in 8-bit numbers of what GELU gives, a range for each vector."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        # Half a step is added to what is cut off below it.
        self._matrix = _Packed(weight, weight.sum(1) / 2, 1.0, 0)
        self._bias = bias + LEAST_OF_GELU * weight.sum(1)

    def __call__(self, states: Tensor) -> Tensor:
        """Of (n, inputs), float32, which are not kept; none below the least that GELU gives."""
        step = (states.amax(1, keepdim=True) - LEAST_OF_GELU) / INPUT_STEPS
        near = states.mul_(1 / step).add_(-LEAST_OF_GELU / step)
        return torch.addcmul(self._bias, self._matrix(near), step)


class _Packed:
    """A matrix in steps, as oneDNN wants it, with its bias and what a step of its input is."""

    def __init__(
        self, weight: Tensor, bias: Tensor, step: float, zero: int, *, gelu: bool = False
    ) -> None:
        steps, scales = matrix_in_steps(weight, in_pairs=not has_vnni())
        packed = torch.ops.onednn.qlinear_prepack(steps, [BATCH_TOKENS, weight.shape[1]])
        zeros = torch.zeros(len(weight), dtype=torch.int32)
        self._input = step, zero
        self._given = packed, scales, zeros, bias
        self._gives = 1.0, 0, torch.float32, *(GELU if gelu else NOTHING)

    def __call__(self, near: Tensor) -> Tensor:
        """Of numbers from 0 to 255, whose fractions are cut off."""
        # Straight to bytes torch is five times slower.
        steps = near.short().byte()
        # What torch.compile would call, had everyone the compiler that it needs.
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            steps, *self._input, *self._given, *self._gives
        )
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


def in_steps(name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Product:
    """A product in 8-bit numbers; those without a range of their own come after GELU."""
    if name in ranges():
        return InSteps(name, weight, bias, gelu=gelu)
    return InStepsAfterGelu(weight, bias)


def has_vnni() -> bool:
    """Whether the processor adds up products of 8-bit numbers in 32 bits."""
    told = torch.cpu.get_capabilities()
    return bool(told.get("avx512_vnni", False) or told.get("avx_vnni", False))


def fastest() -> Products:
    """The way for this processor."""
    has_avx2 = torch.cpu.get_capabilities().get("avx2", False)
    return in_steps if has_avx2 and torch._C._has_mkldnn else plain


@cache
def ranges() -> Mapping[str, InputRange]:
    """Of the products' inputs by the names of their weights."""
    held: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name(RANGES_FILE).read_text("utf-8")
    )
    return {
        name: InputRange(
            low=one["low"],
            high=one["high"],
            damped={int(channel): divisor for channel, divisor in one["damped"].items()},
        )
        for name, one in held.items()
    }
