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


def test_a_link_is_shown_with_the_host_it_leads_to_and_not_the_one_it_names() -> None:
    (block,) = blocks("Go to [your bank](https://bank.example@elsewhere.invalid/x).")
    text = "".join(run["text"] for run in block["runs"])
    assert "your bank (elsewhere.invalid)" in text
    assert "bank.example" not in text
