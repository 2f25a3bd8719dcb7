"""Takes a language model's Markdown apart into blocks: bold, italics, lists, headings, code.

Images, raw HTML and links do not become any: they show as text, a link with its host. What
is not understood stays as it was written.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from kb.domain.blocks import Block, Run

PARTIAL, UNSUPPORTED, ENDS = "\ue000", "\ue001", "\ue002"
"""Stand before and after a sentence that is not fully borne out."""

FIRST_CITATION, LAST_CITATION = 0xE100, 0xF8FF
"""Characters that stand for the citations 0, 1, … of an answer."""

_OWN = re.compile("[\ue000-\uf8ff]")
_SIGN = re.compile("([\ue000-\uf8ff])")
_FENCE = re.compile(r"\s*(```(?=[^`]*$)|~~~)")
_HEADING = re.compile(r"([\ue000-\ue002]*)\s{0,3}#{1,6}\s+(.*)")
_ITEM = re.compile(r"([\ue000-\ue002]*)(\s*)([-*+•]|\d{1,3}[.)])\s+(.*)")
_QUOTED_ITEM = re.compile(r"([\ue000-\ue002]*)- (.*)")
_INLINE = re.compile(
    r"(?P<tick>`+)(?P<code>[^`\n]+)(?P=tick)"
    r"|(?P<image>!?)\[(?P<label>[^\[\]\n]*)\]\((?P<url>[^()\s]+)[^()\n]*\)"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*\n]*)\*(?![\w*])"
)


def without_signs(text: str) -> str:
    """The text without characters that mean something to `blocks`, as long as before."""
    return _OWN.sub("\N{REPLACEMENT CHARACTER}", text)


def blocks(text: str) -> list[Block]:
    """The blocks of a model's answer. Signs become runs' support and citations' indexes."""
    made: list[Block] = []
    lines = text.split("\n")
    while lines:
        line = lines.pop(0)
        if fence := _FENCE.match(line):
            made.append(Block(kind="code", runs=[Run(text=_fenced(lines, fence[1]))]))
        elif heading := _HEADING.match(line):
            made.append(Block(kind="heading", runs=_runs(heading[1] + heading[2])))
        elif item := _ITEM.match(line):
            made.append(_item(item))
        elif line.strip():
            made.append(Block(kind="paragraph", runs=_runs(_paragraph(line, lines))))
    _carry_support(made)
    return made


def plain_blocks(text: str) -> list[Block]:
    """Lines and list items of a text that is no Markdown, with the same signs."""
    made: list[Block] = []
    for line in text.split("\n"):
        item = _QUOTED_ITEM.match(line)
        words = item[1] + item[2] if item else line.strip()
        runs = list(_at_signs(Run(text=words)))
        if runs and item:
            made.append(Block(kind="item", lead="•", depth=0, runs=runs))
        elif runs:
            made.append(Block(kind="paragraph", runs=runs))
    _carry_support(made)
    return made


def _fenced(lines: list[str], fence: str) -> str:
    code: list[str] = []
    while lines and not lines[0].lstrip().startswith(fence):
        code.append(lines.pop(0))
    if lines:
        lines.pop(0)
    return _SIGN.sub("", "\n".join(code))


def _item(match: re.Match[str]) -> Block:
    lead = match[3] if match[3][0].isdigit() else "•"
    depth = min(len(match[2].expandtabs(4)) // 2, 4)
    return Block(kind="item", lead=lead, depth=depth, runs=_runs(match[1] + match[4]))


def _paragraph(first: str, lines: list[str]) -> str:
    joined = [first]
    while lines and lines[0].strip() and not _begins_a_block(lines[0]):
        joined.append(lines.pop(0))
    return "\n".join(line.strip() for line in joined)


def _begins_a_block(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_FENCE, _HEADING, _ITEM))


def _runs(text: str, style: Run | None = None) -> list[Run]:
    style, done = style or Run(), 0
    made: list[Run] = []
    for match in _INLINE.finditer(text):
        made += _at_signs(Run(**{**style, "text": text[done : match.start()]}))
        made += _styled(match, style)
        done = match.end()
    return [*made, *_at_signs(Run(**{**style, "text": text[done:]}))]


def _styled(match: re.Match[str], style: Run) -> list[Run]:
    if match["code"]:
        return list(_at_signs(Run(**{**style, "code": True, "text": match["code"]})))
    if match["url"]:
        told = f"{match['label']} ({_host(match['url']) or match['url']})"
        return list(
            _at_signs(Run(**{**style, "text": f"Image: {told}" if match["image"] else told}))
        )
    if match["bold"]:
        return _runs(match["bold"], Run(**{**style, "bold": True}))
    return _runs(match["italic"], Run(**{**style, "italic": True}))


def _host(url: str) -> str:
    """The host that a link leads to, whoever it says it is; nothing where it names none."""
    try:
        return urlsplit(without_signs(url)).netloc.rpartition("@")[2] if "//" in url else ""
    except ValueError:  # such as half an IPv6 address
        return ""


def _at_signs(run: Run) -> Iterator[Run]:
    """The run cut at the signs in its text; a sign is a run of its own for `_carry_support`."""
    for piece in _SIGN.split(run["text"]):
        if piece:
            yield Run(**{**run, "text": piece})


def _carry_support(made: list[Block]) -> None:
    """Turn signs into support and citation numbers; a sentence may go on in the next block."""
    support = ""
    for each in made:
        kept: list[Run] = []
        for run in each["runs"]:
            sign = run["text"]
            if sign in (PARTIAL, UNSUPPORTED, ENDS):
                support = {PARTIAL: "partial", UNSUPPORTED: "unsupported", ENDS: ""}[sign]
            elif len(sign) == 1 and FIRST_CITATION <= ord(sign) <= LAST_CITATION:
                kept.append(Run(number=ord(sign) - FIRST_CITATION))
            else:
                kept.append(Run(**{**run, "support": support}) if support else run)
        each["runs"] = kept
