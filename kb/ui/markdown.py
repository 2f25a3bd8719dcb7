"""Draws blocks of an answer that is still being written."""

from kb.domain.blocks import Block, Run
from kb.ui.text import plain


def streamed(made: list[Block]) -> str:
    """The blocks as Markdown that shows no more than they do; for a text that still grows."""

    def shown(run: Run) -> str:
        if "number" in run:
            return f" :small[\\[{run['number']}\\]]"
        told = "  \n".join(_kept_space(line, plain(line)) for line in run["text"].split("\n"))
        if run.get("bold") and told.strip():
            return f"**{told.strip()}**"
        return told

    parts = []
    for each in made:
        text = "".join(shown(run) for run in each["runs"])
        lead = {"heading": "##### ", "item": "- "}.get(each["kind"], "")
        parts.append(f"{lead}{text}")
    return "\n\n".join(parts)


def _kept_space(before: str, after: str) -> str:
    return f"{' ' * before.startswith(' ')}{after}{' ' * before.endswith(' ')}" if after else " "
