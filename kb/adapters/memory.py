"""Gives memory back that was freed: the C library keeps it for later else."""

import contextlib
import ctypes
import gc
import sys


def give_back() -> None:
    """Let the system have what is free; nothing happens where the C library cannot."""
    gc.collect()
    if sys.platform == "linux":
        # Other C libraries than glibc lack it, and need it less.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
