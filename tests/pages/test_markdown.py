"""What a model writes, taken apart into blocks."""

import pytest

from kb.answering.markdown import blocks


@pytest.mark.parametrize("url", ["http://[half", "https://[::1", "//", "http://"])
def test_a_link_to_nowhere_is_shown_as_it_was_written(url: str) -> None:
    (block,) = blocks(f"See [the rules]({url}) first.")
    told = "".join(run["text"] for run in block["runs"])
    assert told == f"See the rules ({url}) first."


def test_a_link_is_shown_with_its_host() -> None:
    (block,) = blocks("See [the rules](https://example.org/a?b=c).")
    assert "".join(run["text"] for run in block["runs"]) == "See the rules (example.org)."
