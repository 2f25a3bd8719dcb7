"""Measures the inputs of the bundled model's products: `python -m bench.ranges FOLDER [--write]`.

Embeds passages drawn evenly from the folder's files in float32. A channel that reaches further
than 98 in 100 of a product's channels is damped to them. Of what is left the range is chosen
whose 255 steps miss the vectors seen by least, so a rare far number may be cut.
What GELU gives is left out: its range is that of each vector.

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

from bench.embedding import some_passages
from kb.adapters import products
from kb.adapters.embedding_child import bundled_folder
from kb.adapters.minilm import MiniLM
from kb.adapters.products import INPUT_STEPS, RANGES_FILE, InputRange, Product, plain

PASSAGES = 300
VECTORS = 50
"""Of the inputs of a product's batch so many are looked at."""

FAR = 0.98
SHARES = [step / 10 for step in range(3, 11)]
"""How much of the numbers seen a range may span, at either end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row a product."""
    parser = argparse.ArgumentParser(prog="python -m bench.ranges", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of documents")
    parser.add_argument("--write", action="store_true", help="keep the ranges")
    args = parser.parse_args(argv)
    seen = inputs(some_passages(args.folder, PASSAGES))
    found = {name: best_range(states) for name, states in track(seen.items(), "Choosing")}
    table = Table("product", "low", "high", "damped", "missed by")
    for name, one in found.items():
        missed = error(divided(seen[name], one), one)
        ends = (f"{one.low:.2f}", f"{one.high:.2f}")
        table.add_row(name, *ends, str(len(one.damped)), f"{missed:.5f}")
    Console(width=100).print(table)
    if args.write:
        told = {name: asdict(one) for name, one in found.items()}
        path = Path(products.__file__).with_name(RANGES_FILE)
        path.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return 0


def inputs(texts: Sequence[str]) -> dict[str, Tensor]:
    """Some of the vectors that each product takes, (vectors, inputs), by the product's name."""
    seen: dict[str, list[Tensor]] = {}

    def watched(name: str, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Product:
        product = plain(name, weight, bias, gelu=gelu)
        if "attention" not in name and not gelu:
            return product
        of_product = seen.setdefault(name, [])

        def watch(states: Tensor) -> Tensor:
            of_product.append(states[torch.randperm(len(states))[:VECTORS]])
            return product(states)

        return watch

    torch.manual_seed(1)
    MiniLM(bundled_folder(), threads=1, products=watched).embed_passages(texts)
    return {name: torch.cat(parts) for name, parts in seen.items()}


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
