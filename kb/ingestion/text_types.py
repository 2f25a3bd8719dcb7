"""Kinds of text that say what they are: mails, mailboxes, saved pages, subtitles; source code."""

import codecs
import re

from kb.domain.media_types import EML, MBOX, MHTML, SOURCE, SUBRIP, VTT

SOURCE_ENDINGS = dict.fromkeys(
    """.py .pyi .pyx .java .kt .kts .scala .groovy .gradle .clj .c .h .cc .cpp .cxx .hh .hpp .m
    .mm .cs .fs .fsx .vb .go .rs .swift .dart .js .mjs .cjs .jsx .ts .tsx .vue .svelte .css .scss
    .sass .less .php .rb .pl .pm .lua .r .jl .hs .ml .mli .erl .ex .exs .elm .lisp .el .scm .nim
    .zig .pas .f .f90 .for .cob .sh .bash .zsh .fish .ps1 .bat .cmd .sql .tf .proto .graphql
    .cmake .mk .asm .s .vhd .vhdl .v .sv .tcl .awk .diff .patch""".split(),
    SOURCE,
)

WRITTEN_BY_PEOPLE = frozenset({"from", "to", "cc", "subject", "date"})
WRITTEN_BY_PROGRAMS = frozenset(
    {"message-id", "mime-version", "received", "return-path", "delivered-to", "content-type"}
)
SENT = frozenset({"to", "received", "message-id", "delivered-to"})

_MBOX = re.compile(rb"From [^\r\n]*\d{4}[^\r\n]*\r?\n[!-9;-~]+:")
_CUE = re.compile(rb"\s*\d+[ \t]*\r?\n\d+:\d\d:\d\d[,.]\d+[ \t]*-->")
_HEADER = re.compile(rb"([!-9;-~]+):([^\n]*\n(?:[ \t][^\n]*\n)*)")


def text_type(head: bytes) -> str:
    """The type that the first bytes of a text tell, or an empty string."""
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if re.match(rb"WEBVTT\s", head):
        return VTT
    if _CUE.match(head):
        return SUBRIP
    if _MBOX.match(head):
        return MBOX
    return _message_type(head)


def _message_type(head: bytes) -> str:
    """Whether headers as of a mail stand first, and whether they are those of a saved page."""
    headers: dict[str, bytes] = {}
    at = 0
    while header := _HEADER.match(head, at):
        headers.setdefault(header[1].decode("ascii").lower(), header[2].lower())
        at = header.end()
    is_related = b"multipart/related" in headers.get("content-type", b"")
    if is_related and "mime-version" in headers and SENT.isdisjoint(headers):
        return MHTML
    by_people = len(WRITTEN_BY_PEOPLE & set(headers))
    return EML if by_people >= 2 and not WRITTEN_BY_PROGRAMS.isdisjoint(headers) else ""
