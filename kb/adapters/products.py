"""Products of a batch of vectors and a matrix of the bundled model, in 8-bit numbers.

A product's input is told in steps of its own range, which `products.json` holds for this model and
`python -m bench.ranges` measures; a channel that reaches much further than the others is damped
first, its column of the matrix raised. The matrix is told in at most 127 steps either side of 0, a
row a scale, and in so few that neighbours' products always fit the 16 bits in which a processor
without VNNI adds them up. So vectors do not depend on which of the two has computed them.

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
RANGES_FILE = "products.json"

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
    """A product in 8-bit numbers; where GELU follows, it gives the steps the next one takes."""

    def __init__(self, name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        self._range = ranges()[name]
        divisors = torch.ones(weight.shape[1])
        for channel, divisor in self._range.damped.items():
            divisors[channel] = divisor
        self._per_state = 1 / (divisors * self._range.step)
        self._offset = torch.full_like(divisors, self._range.zero + 0.5)
        raised = weight * divisors
        in_pairs = raised.view(len(raised), -1, 2).sum(2)
        self._scales = torch.cat([raised, in_pairs], 1).abs().amax(1) / WEIGHT_STEPS
        steps = (raised / self._scales[:, None]).round().to(torch.int8)
        shape = [BATCH_TOKENS, weight.shape[1]]
        self._packed = torch.ops.onednn.qlinear_prepack(steps, shape)
        self._zeros = torch.zeros(len(weight), dtype=torch.int32)
        self._bias = bias
        self._gives: tuple[float, int, torch.dtype, str, list[float], str]
        self._gives = (1.0, 0, torch.float32, "none", [], "")
        if gelu:
            takes = ranges()[name.replace("intermediate", "output")]
            self._gives = (takes.step, takes.zero, torch.uint8, "gelu", [], "none")

    def __call__(self, states: Tensor) -> Tensor:
        """Of float32, or of steps as a product with GELU gives them; gives float32 or steps."""
        if states.dtype != torch.uint8:
            # Straight to bytes torch is five times slower.
            near = torch.addcmul(self._offset, states, self._per_state)
            states = near.clamp_(0, INPUT_STEPS).int().byte()
        # What torch.compile would call, had everyone the compiler that it needs.
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            *(states, self._range.step, self._range.zero),
            *(self._packed, self._scales, self._zeros, self._bias),
            *self._gives,
        )
        return product


def fastest() -> Products:
    """The way for this processor."""
    has_avx2 = torch.cpu.get_capabilities().get("avx2", False)
    return InSteps if has_avx2 and torch._C._has_mkldnn else plain


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
