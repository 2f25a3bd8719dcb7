"""A small part of `bench.crash`: kills before random writes, and writes that fail."""

import random
from pathlib import Path

import pytest

from bench.crash import kill_often
from bench.crash_run import Bench, preload
from bench.crash_writes import fail_each_write
from tests.fake_embedder import FakeEmbedder

KILLS = 4
STEP = 17


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    preload()
    return Bench(tmp_path, random.Random(3), FakeEmbedder(), alone=True)


def test_killed_before_random_writes_every_document_is_ready_once_or_clearly_failed(
    bench: Bench,
) -> None:
    kill_often(bench, KILLS)
    assert bench.violations == []
    assert bench.counts["kills before a write"] >= KILLS


def test_a_write_that_fails_damages_nothing_and_is_told_of_in_one_sentence(bench: Bench) -> None:
    fail_each_write(bench, ["report.txt"], STEP)
    assert bench.violations == []
    assert bench.counts["told"] > 0
