"""Measures what the bundled model's products take: `python -m bench.ranges FOLDER [--write]`.

Embeds passages drawn evenly from the folder's files in float32. A channel that reaches further
than 98 in 100 of a product's channels is damped to them; of what GELU gives, the channels that
reach furthest are to be computed exactly. Of what is left the range is chosen whose 255 steps miss
the vectors seen by least, so a rare far number may be cut.

Prints the ranges and by how much of a vector's square the steps miss it, in the mean. With
--write they are kept in `kb/adapters/products.json`.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product as pairs
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor
from torch.nn import functional as f

from bench.embedding import some_passages
from kb.adapters import products
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import MiniLM
from kb.adapters.products import (
    INPUT_STEPS,
    RANGES_FILE,
    GeluRange,
    InputRange,
    Linear,
    Plain,
    Product,
)

PASSAGES = 300
VECTORS = 50
"""Of the inputs of a product's batch so many are looked at."""

FAR = 0.98
EXACT = 32
"""Channels of what GELU gives, a forty-eighth of them."""

SHARES = [step / 10 for step in range(3, 11)]
"""How much of the numbers seen a range may span, at either end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row a product."""
    parser = argparse.ArgumentParser(prog="python -m bench.ranges", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of documents")
    parser.add_argument("--write", action="store_true", help="keep the ranges")
    args = parser.parse_args(argv)
    inputs, gelu = seen(some_passages(args.folder, PASSAGES))
    table = Table("what", "low", "high", "damped or exact", "missed by")
    found: dict[str, dict[str, InputRange | GeluRange]] = {"inputs": {}, "gelu": {}}
    for name, states in track(inputs.items(), "Inputs"):
        one = best_range(states)
        found["inputs"][name] = one
        missed = error(divided(states, one), one)
        table.add_row(
            name, f"{one.low:.2f}", f"{one.high:.2f}", str(len(one.damped)), f"{missed:.5f}"
        )
    for name, states in track(gelu.items(), "GELU"):
        given = best_gelu_range(states)
        found["gelu"][name] = given
        missed = error(without(states, given.far), given.range)
        table.add_row(
            f"{name}, GELU",
            f"{given.range.low:.2f}",
            f"{given.high:.2f}",
            str(len(given.far)),
            f"{missed:.5f}",
        )
    Console(width=100).print(table)
    if args.write:
        told = {
            kind: {name: asdict(one) for name, one in ranges.items()}
            for kind, ranges in found.items()
        }
        path = Path(products.__file__).with_name(RANGES_FILE)
        path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return 0


class Seen(Plain):
    """Products that keep some of the vectors they take, (vectors, channels), by name."""

    def __init__(self) -> None:
        self.inputs: dict[str, list[Tensor]] = {}
        self.gelu: dict[str, list[Tensor]] = {}

    def product(self, name: str, linear: Linear) -> Product:
        """One matrix."""
        product = super().product(name, linear)

        def watch(states: Tensor) -> Tensor:
            self.inputs.setdefault(name, []).append(_some(states))
            return product(states)

        return watch

    def feed_forward(self, name: str, wide: Linear, narrow: Linear) -> Product:
        """Two with GELU between."""
        widen = self.product(f"{name}.intermediate.dense", wide)

        def watch(states: Tensor) -> Tensor:
            given = f.gelu(widen(states))
            self.gelu.setdefault(name, []).append(_some(given))
            return f.linear(given, *narrow)

        return watch


def _some(states: Tensor) -> Tensor:
    return states[torch.randperm(len(states))[:VECTORS]].clone()


def seen(texts: Sequence[str]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Some of the vectors that each product takes and that each layer's GELU gives."""
    torch.manual_seed(1)
    watched = Seen()
    MiniLM(bundled_folder(), threads=1, products=watched).embed_passages(texts)
    inputs, gelu = (
        {name: torch.cat(parts) for name, parts in kept.items()}
        for kept in (watched.inputs, watched.gelu)
    )
    return inputs, gelu


def best_gelu_range(given: Tensor) -> GeluRange:
    """The channels that reach furthest, and the range that misses the others by least."""
    far = sorted(given.amax(0).topk(EXACT).indices.tolist())
    rest = without(given, far)
    high = float(rest.max())
    tried = [GeluRange(high=round(high * share, 3), far=far) for share in SHARES]
    return min(tried, key=lambda one: float(error(rest, one.range)))


def without(states: Tensor, channels: Sequence[int]) -> Tensor:
    """These channels 0."""
    states = states.clone()
    states[:, list(channels)] = 0
    return states


def best_range(states: Tensor) -> InputRange:
    """The range that misses the vectors by least."""
    reach = states.abs().amax(0)
    usual = reach.quantile(FAR)
    damped = {
        int(channel): round(float(reach[channel] / usual), 3)
        for channel in (reach > usual).nonzero()
    }
    whole = InputRange(low=0.0, high=1.0, damped=damped)
    states = divided(states, whole)
    low, high = float(states.min()), float(states.max())
    tried = [
        InputRange(low=round(low * below, 3), high=round(high * above, 3), damped=damped)
        for below, above in pairs(SHARES, SHARES)
    ]
    return min(tried, key=lambda one: float(error(states, one)))


def divided(states: Tensor, within: InputRange) -> Tensor:
    """The damped channels divided."""
    states = states.clone()
    for channel, divisor in within.damped.items():
        states[:, channel] /= divisor
    return states


def error(states: Tensor, within: InputRange) -> Tensor:
    """By how much of a vector's square the steps miss it, in the mean."""
    steps = (states / within.step + within.zero).round().clamp(0, INPUT_STEPS)
    missed = ((steps - within.zero) * within.step - states).square().sum(1)
    return (missed / states.square().sum(1)).mean()


if __name__ == "__main__":
    raise SystemExit(main())
