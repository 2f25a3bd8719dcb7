"""Lets the process, and all that it starts, open only what lies under given folders.

Linux from 5.13. The rules hold for this thread and what comes of it; they cannot be undone.
Not covered: looking at names, sizes and dates of files.
Source: the kernel's documentation, userspace-api/landlock.
"""

import os
import struct
from collections.abc import Mapping
from enum import IntFlag
from pathlib import Path
from stat import S_ISDIR

from kb.adapters.readers.kernel import forbid_new_privileges, system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; the same numbers on every processor."""

_TELL_VERSION = 1
_UNDER_A_PATH = 1


class Right(IntFlag):
    """What may be done under a path."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_FOLDER = 1 << 3
    REMOVE_FOLDER = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHARACTER_DEVICE = 1 << 6
    MAKE_FOLDER = 1 << 7
    MAKE_FILE = 1 << 8
    MAKE_SOCKET = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK_DEVICE = 1 << 11
    MAKE_LINK = 1 << 12
    MOVE = 1 << 13
    TRUNCATE = 1 << 14
    CONTROL_DEVICE = 1 << 15


READ = Right.READ_FILE | Right.READ_FOLDER
READ_AND_RUN = READ | Right.EXECUTE
WRITE = (
    READ
    | Right.WRITE_FILE
    | Right.TRUNCATE
    | Right.MAKE_FILE
    | Right.MAKE_FOLDER
    | Right.MAKE_SOCKET
    | Right.MAKE_FIFO
    | Right.REMOVE_FILE
    | Right.REMOVE_FOLDER
    | Right.MOVE
)
"""Not to execute what was written, nor to make links that lead others elsewhere."""

_OF_FILES = Right.EXECUTE | Right.READ_FILE | Right.WRITE_FILE | Right.TRUNCATE
_NEWER = {Right.MOVE: 2, Right.TRUNCATE: 3, Right.CONTROL_DEVICE: 5}
"""The version of Landlock that brought a right; the others came with the first."""


def version() -> int:
    """What the kernel knows of Landlock; 0 for nothing."""
    try:
        return system_call(_CREATE_RULESET, None, 0, _TELL_VERSION)
    except OSError:
        return 0


def restrict(rules: Mapping[Path, Right]) -> None:
    """From now on open nothing else; a path that is not there is passed over. Raises OSError."""
    known = _known(version())
    # Beside files: no TCP from version 4, no signals and abstract sockets to others from 6.
    network = 0b11 if version() >= 4 else 0
    scope = 0b11 if version() >= 6 else 0
    attributes = struct.pack("=QQQ", known, network, scope)
    ruleset = system_call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path, rights in rules.items():
            _allow(ruleset, path, rights & known)
        forbid_new_privileges()
        system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _known(landlock: int) -> Right:
    known = Right(0)
    for right in Right:
        if _NEWER.get(right, 1) <= landlock:
            known |= right
    return known


def _allow(ruleset: int, path: Path, rights: Right) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        system_call(_ADD_RULE, ruleset, _UNDER_A_PATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)
