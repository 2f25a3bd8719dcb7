"""Breaks real files and has them read: `python -m bench.fuzz FOLDER [--runs 2000] [--seed 1]`.

Each run takes a file of the folder, changes bytes of it (or of one member, where it is a zip),
and reads it as the app does: detection, then the reading process with its limits. A run is right
if it ends within the limit with a document or an error that says why. Prints how the runs ended by
kind of error, and each run that was wrong; its file is kept.
"""

import argparse
import io
import random
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from kb.adapters.readers.sandbox import ReadingProcess
from kb.domain.errors import QuireError
from kb.ingestion.detection import detect

LARGEST = 4 * 1024**2
LIMIT_SECONDS = 60.0
SLACK_SECONDS = 10.0
"""For the end of a child that was killed, and the start of the next one."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print how the runs ended; 1 if any was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the files of wrong runs")
    args = parser.parse_args(argv)
    chance = random.Random(args.seed)
    paths = [path for path in sorted(args.folder.rglob("*")) if path.is_file()]
    originals = [path for path in paths if 0 < path.stat().st_size <= LARGEST]
    ends: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        files, spool = Path(home, "files"), Path(home, "spool")
        files.mkdir()
        spool.mkdir()
        reader = ReadingProcess(seconds=LIMIT_SECONDS, files=files, spool=spool)
        for number in track(range(args.runs), "Reading"):
            original = originals[number % len(originals)]
            path = files / "file"
            path.write_bytes(changed(original.read_bytes(), chance))
            begun = time.perf_counter()
            end, is_wrong = ended(reader, path, original.name, spool)
            seconds = time.perf_counter() - begun
            if is_wrong or seconds > LIMIT_SECONDS + SLACK_SECONDS:
                wrong += 1
                print(f"run {number}, {original.name}: {end} after {seconds:.0f} s")
                if args.keep:
                    args.keep.mkdir(exist_ok=True)
                    path.rename(args.keep / f"{number}-{original.name}")
            ends[end] += 1
        reader.close()
    for end, count in ends.most_common():
        print(f"{count:6} {end}")
    print(f"{wrong} of {args.runs} runs wrong")
    return 1 if wrong else 0


def ended(reader: ReadingProcess, path: Path, name: str, spool: Path) -> tuple[str, bool]:
    """How a reading ended, and whether that is wrong."""
    try:
        with tempfile.TemporaryDirectory(dir=spool) as folder:
            reader.read(path, detect(path, name), name, Path(folder))
    except QuireError as error:
        sentence = str(error).strip()
        return type(error).__name__, not sentence.endswith((".", "!", "?"))
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{type(error).__name__}: {error}", True
    return "read", False


def changed(content: bytes, chance: random.Random) -> bytes:
    """The content with something in it broken."""
    if content.startswith(b"PK\x03\x04") and chance.random() < 0.6:
        try:
            return with_changed_member(content, chance)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
            pass
    return broken(content, chance)


def with_changed_member(content: bytes, chance: random.Random) -> bytes:
    """A zip in which one member is broken."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        members = source.infolist()
        chosen = chance.choice(members)
        for member in members:
            inner = source.read(member)
            target.writestr(
                member.filename, broken(inner, chance) if member is chosen and inner else inner
            )
    return out.getvalue()


def broken(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, a piece taken out, doubled, or the end cut off."""
    made = bytearray(content)
    way = chance.randrange(5)
    at = chance.randrange(len(made))
    if way == 0:
        for _ in range(max(1, len(made) // 2000)):
            made[chance.randrange(len(made))] = chance.randrange(256)
    elif way == 1:
        del made[at:]
    elif way == 2:
        del made[at : at + chance.randrange(1, 2000)]
    elif way == 3:
        made[at:at] = made[at : at + chance.randrange(1, 4000)]
    else:
        length = min(chance.randrange(1, 64), len(made) - at)
        made[at : at + length] = bytes(length)
    return bytes(made)


if __name__ == "__main__":
    raise SystemExit(main())
