"""LaTeX's words: what its commands stand for, and which of them say nothing to a reader."""

import re
from types import MappingProxyType

ACCENTS = MappingProxyType(
    {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304"}
    | {".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328"}
    | {"r": "\u030a", "d": "\u0323", "b": "\u0331"}
)
"""Commands that put a combining mark on the next letter."""

SYMBOLS = MappingProxyType(
    {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł"}
    | {"L": "Ł", "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "S": "§", "P": "¶", "dag": "†"}
    | {"copyright": "©", "pounds": "£", "euro": "€", "ldots": "…", "dots": "…", "textdegree": "°"}
    | {"textendash": "–", "textemdash": "—", "textbackslash": "\\", "textasciitilde": "~"}
    | {"textquotedblleft": "“", "textquotedblright": "”", "textquoteright": "’", "TeX": "TeX"}
    | {"LaTeX": "LaTeX", "LaTeXe": "LaTeX2e", "quad": " ", "qquad": " ", "newline": "\n"}
    | {"textbar": "|", "textless": "<", "textgreater": ">", "textunderscore": "_", "today": ""}
)

SECTIONS = MappingProxyType(
    {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4}
    | {"paragraph": 5, "subparagraph": 6, "frametitle": 2, "framesubtitle": 3}
)
"""Headings and their levels; the title itself is of level 1."""

_ONE = """label ref eqref pageref autoref cref Cref nameref includegraphics input include subfile
    bibliography bibliographystyle addbibresource documentclass documentstyle usepackage
    RequirePackage vspace hspace pagestyle thispagestyle pagenumbering graphicspath geometry
    hypersetup hyphenation index nocite cline color captionsetup lstset usetheme usecolortheme
    theoremstyle phantom hphantom vphantom includeonly linespread selectlanguage setmainfont
    textcolor scalebox href parbox colorbox raisebox newlength sisetup cmidrule"""
_TWO = """setlength addtolength setcounter addtocounter newcommand renewcommand providecommand
    newtheorem DeclareMathOperator rule resizebox multirow multicolumn newcolumntype fontsize"""
_THREE = "newenvironment renewenvironment definecolor addcontentsline"
DROPPED = MappingProxyType(
    dict.fromkeys(_ONE.split(), 1)
    | dict.fromkeys(_TWO.split(), 2)
    | dict.fromkeys(_THREE.split(), 3)
)
"""Commands that say nothing, and how many of the arguments after them say nothing either."""

CODE = frozenset("verbatim verbatim* Verbatim lstlisting minted alltt".split())
MATH = frozenset(
    """math displaymath equation equation* align align* gather gather* multline multline*
    eqnarray eqnarray* flalign flalign* alignat alignat* dmath dmath*""".split()
)
TABLES = MappingProxyType(
    {"tabular": 1, "tabular*": 2, "tabularx": 2, "tabulary": 2, "longtable": 1, "tabbing": 0}
)
"""Environments that are tables, and how many arguments stand before their rows."""
LISTS = frozenset("itemize enumerate description compactitem compactenum".split())
NUMBERED = frozenset({"enumerate", "compactenum"})
BEFORE = MappingProxyType({"minipage": 1, "multicols": 1, "thebibliography": 1, "wrapfigure": 2})
"""Other environments whose arguments are no text."""

_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_QUOTES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"))


def typeset(text: str) -> str:
    """Words with the dashes and quotation marks that LaTeX would print."""
    for sign, letter in _QUOTES:
        text = text.replace(sign, letter)
    return text


def closing_braces(text: str) -> dict[int, int]:
    """Where each brace that is closed is closed."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closing[opened.pop()] = brace.start()
    return closing
