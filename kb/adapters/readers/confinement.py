"""Takes from the reading process what its work does not need, from native code as well.

By what the system offers without privileges, so on Linux; what it refuses is logged and left.
All of it holds for later threads and for programs that are started, and must be set while there
is one thread.
Not covered: what is kept of other documents can be read, and system files; the kernel itself.
"""

import logging
import os
import sys
from pathlib import Path

import kb
from kb.adapters.readers import landlock, seccomp
from kb.adapters.readers.libreoffice import office

MAX_FILE_BYTES = 4 * 1024**3
SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix", "/gnu"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys"),
    *("/sys/devices/system", "/dev/zero", "/dev/random", "/dev/urandom"),
    *("/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice"),
)
OFFICE_LOCKS = Path("/tmp")  # noqa: S108 - LibreOffice has no other place for them

logger = logging.getLogger("kb.readers.confinement")


def confine(readable: Path | None = None, writable: Path | None = None) -> None:
    """Set all of it; without the two folders, every file of the user stays open to it."""
    limit_files()
    forbid_connections()
    if readable is not None and writable is not None:
        forbid_other_files(readable, writable)


def limit_files() -> None:
    """Write no file without end, and none that holds this process's memory after a crash."""
    if sys.platform == "win32":
        return
    import resource

    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, MAX_FILE_BYTES)):
        _, hard = resource.getrlimit(limit)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (wanted, hard))


def forbid_connections() -> None:
    """Reach no other program, by whatever code."""
    if sys.platform != "linux":
        return
    try:
        seccomp.forbid_connections()
    except OSError as error:
        logger.warning("Connections of native code are not refused: %s", error)


def forbid_other_files(readable: Path, writable: Path) -> None:
    """Open nothing but system files, Python's, and what lies under these two."""
    if sys.platform != "linux":
        return
    rules = dict.fromkeys([*map(Path, SYSTEM), *_of_python()], landlock.READ_AND_RUN)
    rules[readable] = landlock.READ
    if office() is not None:
        rules[OFFICE_LOCKS] = landlock.Right.MAKE_SOCKET | landlock.Right.REMOVE_FILE
    rules[Path("/dev/null")] = rules[writable] = landlock.WRITE
    try:
        landlock.restrict(rules)
    except OSError as error:
        logger.warning("Other files of the user are not out of reach: %s", error)


def _of_python() -> set[Path]:
    """Where modules and native libraries come from, but not the folder around our own package."""
    package = Path(str(kb.__file__)).resolve().parent
    searched = [*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)]
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *searched]
    return {package, *(Path(place).resolve() for place in places if place)} - {package.parent}
