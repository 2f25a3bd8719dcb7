"""Old formats made new by LibreOffice, where it is installed.

It runs for one file, in a folder and with a profile of its own that end with it: no macros, no
updated links, a limit on time. `confinement` holds it as it holds the process that starts it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from kb.domain.errors import DamagedFileError, LimitError, UnsupportedFileError

SECONDS = 180
SECONDS_TO_END = 5

PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
)
PROFILE = Path(__file__).with_name("libreoffice_profile.xcu")
NOWHERE = "http://127.0.0.1:9"


@contextmanager
def converted(path: Path, what: str, ending: str, target: str) -> Iterator[Path]:
    """The same document in another format, as a file that is there for the while.

    `what` is what people call it, `ending` and `target` are like "doc" and "odt".
    Raises UnsupportedFileError without LibreOffice, DamagedFileError or LimitError.
    """
    program = office()
    if program is None:
        raise UnsupportedFileError(
            f"Reading an {what} (.{ending}) needs LibreOffice.", advice="Install it and try again."
        )
    with TemporaryDirectory(prefix="office-") as name:
        folder = Path(name)
        source = folder / f"source.{ending}"
        shutil.copyfile(path, source)
        _run([*_timer(), program, *_options(folder, target), str(source)], folder)
        made = folder / "made" / f"source.{target}"
        if not made.is_file():
            raise DamagedFileError(f"LibreOffice could not open the {what}.")
        yield made


def office() -> str | None:
    """Where LibreOffice is; None where it is not installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return found or next((place for place in PLACES if Path(place).is_file()), None)


def _options(folder: Path, target: str) -> list[str]:
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    shutil.copyfile(PROFILE, profile / "user" / "registrymodifications.xcu")
    return [
        f"-env:UserInstallation={profile.as_uri()}",
        *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
        *("--convert-to", target, "--outdir", str(folder / "made")),
    ]


def _timer() -> list[str]:
    """What ends the program even if we are ended first, where the system has it."""
    seconds = str(SECONDS + SECONDS_TO_END)
    return ["timeout", f"--kill-after={SECONDS_TO_END}", seconds] if shutil.which("timeout") else []


def _run(command: list[str], folder: Path) -> None:
    """Wait for a program; it and all that it started are ended in any case."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    try:
        child.wait(SECONDS)
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"LibreOffice took longer than {SECONDS // 60} minutes.") from error
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait(SECONDS_TO_END)


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours, and a proxy that is none."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"), NOWHERE)
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "XDG_RUNTIME_DIR"), str(folder))
    return own | proxies | places | {"LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"}
