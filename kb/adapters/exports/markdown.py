"""A transcript as Markdown in which nothing that was said becomes markup.

Escaped is what CommonMark, GitHub's tables, strikethrough, formulas and footnotes read. Links
that some programs make of bare addresses are kept from it by an invisible word joiner.
Not covered: programs with a markup of their own, beyond these.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

from kb.domain.blocks import Block, Run
from kb.domain.transcripts import CitedPlace, Entry, Transcript

JOINER = "\N{WORD JOINER}"

_ANYWHERE = re.compile(r"([\\`*_{}\[\]<>|~$&^#!])")
_AT_A_LINES_START = re.compile(r"(?m)^(?:(\d{1,9})(?=[.)])|(?=[-+=:%]))")
_ADDRESS = re.compile(r"(?i)(:(?=//)|@|\bwww(?=\.)|\b(?:mailto|xmpp):)")
_TICKS = re.compile(r"`+")


def write(transcript: Transcript) -> bytes:
    """The transcript, in UTF-8."""
    parts = [f"# {_escaped(transcript.title)}", "\\\n".join(map(_escaped, transcript.about))]
    for entry in transcript.entries:
        parts += _entry(entry)
    return ("\n\n".join(parts) + "\n").encode()


def _entry(entry: Entry) -> Iterator[str]:
    yield f"## {_escaped(entry.heading)}"
    for is_list, blocks in groupby(entry.blocks, lambda each: each["kind"] == "item"):
        if is_list:
            yield "\n".join(_items(blocks))
        else:
            yield from map(_block, blocks)
    if entry.sources:
        yield "### Sources"
        yield from map(_source, entry.sources)


def _source(source: CitedPlace) -> str:
    first = rf"\[{source.number}\] **{_escaped(source.place)}**"
    return "\n\n".join([first, *(f"> “{_escaped(quote)}”" for quote in source.quotes)])


def _items(blocks: Iterable[Block]) -> Iterator[str]:
    """Lines of one list; none deeper than one below the line before, or it would become code."""
    before = -1
    for each in blocks:
        depth = min(each.get("depth", 0), before + 1)
        lead = each["lead"] if each["lead"][0].isdigit() else "-"
        yield f"{' ' * 4 * depth}{lead} {_words(each)}"
        before = depth


def _block(each: Block) -> str:
    if each["kind"] == "code":
        return _fenced("".join(run["text"] for run in each["runs"]))
    if each["kind"] == "heading":
        return f"#### {' '.join(_words(each).split())}"
    if each["kind"] == "note":
        said = "".join(run["text"] for run in each["runs"])
        return f"*{_escaped(' '.join(said.split()))}*"
    if each["kind"] == "said":
        return "\n".join(f"> {line}" for line in _words(each).split("\n"))
    return _words(each)


def _words(each: Block) -> str:
    """A block's runs, its lines kept apart and none of them the beginning of something else."""
    lines = [line.strip() for line in "".join(map(_run, each["runs"])).strip().split("\n")]
    kept = [_begun(line) for line in lines]
    broken = [f"{a}\\" if a and b else a for a, b in pairwise([*kept, ""])]
    return "\n".join(broken)


def _begun(line: str) -> str:
    return _AT_A_LINES_START.sub(lambda found: f"{found[1] or ''}\\", line, count=1)


def _run(run: Run) -> str:
    if "number" in run:
        return rf" \[{run['number']}\]"
    if "verdict" in run:
        return f" *({run['verdict']})*"
    text = run["text"]
    if run.get("code"):
        return _ticked(text)
    for style, sign in (("bold", "**"), ("italic", "*")):
        if run.get(style) and text.strip():
            return "\n".join(_emphasized(line, sign) for line in text.split("\n"))
    return _escaped(text)


def _emphasized(line: str, sign: str) -> str:
    """Spaces stay outside, or the signs would show."""
    words = line.strip()
    if not words:
        return line
    before, _, after = line.partition(words)
    return f"{before}{sign}{_escaped(words)}{sign}{after}"


def _escaped(text: str) -> str:
    return _ADDRESS.sub(rf"\1{JOINER}", _ANYWHERE.sub(r"\\\1", text))


def _ticked(text: str) -> str:
    sign = "`" * (_longest_ticks(text) + 1)
    return f"{sign} {text} {sign}" if "`" in text else f"{sign}{text}{sign}"


def _fenced(text: str) -> str:
    sign = "`" * max(3, _longest_ticks(text) + 1)
    return f"{sign}\n{text}\n{sign}"


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
