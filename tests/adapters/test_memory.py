"""Memory that was freed goes back to the system."""

import sys

import psutil
import pytest

from kb.adapters import memory


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give memory back")
def test_freed_memory_is_given_back() -> None:
    process = psutil.Process()
    # Small pieces with one that stays after each run of them, so that freeing alone keeps them.
    pieces = [bytes(5000) for _ in range(40_000)]
    kept = pieces[::1000]
    full = process.memory_info().rss
    del pieces
    memory.give_back()
    assert len(kept) == 40
    assert full - process.memory_info().rss > 100_000_000
