"""Calls of the Linux kernel that Python has no name for."""

import ctypes
import os

_NO_NEW_PRIVILEGES = 38


def system_call(number: int, *arguments: int | bytes | None) -> int:
    """What a system call gives back. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(libc.syscall(ctypes.c_long(number), *words))


def control_process(option: int, *arguments: int | bytes) -> None:
    """Calls prctl, with as many zeros as it wants. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    zeros = [ctypes.c_ulong(0)] * (4 - len(words))
    _checked(libc.prctl(option, *words, *zeros))


def forbid_new_privileges() -> None:
    """Let no program that is started have more rights than this process. Raises OSError."""
    control_process(_NO_NEW_PRIVILEGES, 1)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
