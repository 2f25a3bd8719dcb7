"""Lets the process, and all that it starts, connect to nothing, by native code either.

Linux on the processors named here. What stays are the sockets that a program needs to speak with
its own children. The rules hold for this thread and what comes of it; they cannot be undone.
Source: the kernel's documentation, userspace-api/seccomp_filter.
"""

import ctypes
import platform
import socket
import struct
from dataclasses import dataclass
from errno import EPERM

from kb.adapters.readers.kernel import control_process, forbid_new_privileges

_SET_SECCOMP, _BY_FILTER = 22, 2

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | EPERM

# Operations of the kernel's packet filter, on 32-bit words of what it knows of a call.
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _PROCESSOR, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # where they stand
_KIND_OF_SOCKET = 0xF
_X32_CALLS = 0x40000000
"""From here on, x86-64 has all calls a second time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The kernel's name for a processor, and its numbers of the calls that matter here."""

    audit: int
    socket: int
    refused: tuple[int, ...]  # connect, sendmsg, sendmmsg, io_uring_setup


_PROCESSORS = {
    "x86_64": Processor(audit=0xC000003E, socket=41, refused=(42, 46, 307, 425)),
    "aarch64": Processor(audit=0xC00000B7, socket=198, refused=(203, 211, 269, 425)),
}


def forbid_connections() -> None:
    """From now on refuse every way to another program. Raises OSError where that cannot be."""
    processor = _PROCESSORS.get(platform.machine())
    if processor is None:
        raise OSError(f"The calls of {platform.machine()} are not known here.")
    program = _program(processor)
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    forbid_new_privileges()
    control_process(_SET_SECCOMP, _BY_FILTER, described)


def _program(processor: Processor) -> bytes:
    """Each step is (operation, value, steps to pass over if it is so, and if not)."""
    refuse, allow = (_RETURN, _REFUSE, 0, 0), (_RETURN, _ALLOW, 0, 0)
    steps = [(_LOAD, _PROCESSOR, 0, 0), (_IF_EQUAL, processor.audit, 1, 0), refuse]
    steps += [(_LOAD, _NUMBER, 0, 0), (_IF_AT_LEAST, _X32_CALLS, 0, 1), refuse]
    for number in processor.refused:
        steps += [(_IF_EQUAL, number, 0, 1), refuse]
    steps += [(_IF_EQUAL, processor.socket, 1, 0), allow]
    steps += [(_LOAD, _FIRST_ARGUMENT, 0, 0), (_IF_EQUAL, socket.AF_UNIX, 1, 0), refuse]
    steps += [(_LOAD, _SECOND_ARGUMENT, 0, 0), (_AND, _KIND_OF_SOCKET, 0, 0)]
    steps += [(_IF_EQUAL, socket.SOCK_STREAM, 1, 0), refuse, allow]
    return b"".join(
        struct.pack("=HBBI", operation, *jumps, value) for operation, value, *jumps in steps
    )
