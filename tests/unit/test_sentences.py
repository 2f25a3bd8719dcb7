"""Where sentences begin and end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.domain.sentences import sentence_spans

WORDS = ["word", "Word", "Dr", "e.g", "3.5", "12", "中文", "а", "- ", "1. ", "• "]
SIGNS = [".", "!", "?", "…", "。", "]", "”", "[1]", "[1, 2]", " ", "\n", "\n\n", "\t", "\u2003"]
PIECES = st.sampled_from([*WORDS, *SIGNS])
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join))


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith met Mrs. Jones at Acme Inc. Thursday.",
        "J. R. R. Tolkien wrote it.",
        "Weigh 3.5 kg, e.g. Bronze.",
        "See No. 5, Fig. 3 and pp. 12 of Vol. 2.",
        "It opened on 5 Oct. 1987.",
        "The U.S. Navy uses it.",
        "He said “Stop!” and left.",
        "Version 1.2.3 is out.",
        "Das gilt z.B. Montags.",
        "Smith et al. [12] found it.",
        "Visit example.com today.",
        "It paused… then went on.",
    ],
)
def test_a_sentence_stays_whole(sentence: str) -> None:
    assert sentences(sentence) == [sentence]
    assert sentences(f"Before it. {sentence} After it.") == ["Before it.", sentence, "After it."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("The answer is no. Then go.", ["The answer is no.", "Then go."]),
        ("She made art. He wrote.", ["She made art.", "He wrote."]),
        ("“It works.” She left.", ["“It works.”", "She left."]),
        ("(It works.) She left.", ["(It works.)", "She left."]),
        ("**It works.** She left.", ["**It works.**", "She left."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("It costs 5. 7 are left.", ["It costs 5.", "7 are left."]),
        ("A heading\n\nA text", ["A heading", "A text"]),
        ("A heading\n \t\n\n\nA text", ["A heading", "A text"]),
        ("Two lines\nof one sentence.", ["Two lines\nof one sentence."]),
        ("他来了。他走了！真的？」是", ["他来了。", "他走了！", "真的？」", "是"]),
        ("سؤال؟ جواب", ["سؤال؟", "جواب"]),
        ("एक। दो।", ["एक।", "दो।"]),
    ],
)
def test_a_text_falls_into_its_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It runs. [1] It stops.", ["It runs. [1]", "It stops."]),
        ("It runs.[1][2] It stops.", ["It runs.[1][2]", "It stops."]),
        ("It runs. [1] [2] It stops.", ["It runs. [1] [2]", "It stops."]),
        ("It runs. [1, 2] It stops.", ["It runs. [1, 2]", "It stops."]),
        ("It runs [1]. It stops.", ["It runs [1].", "It stops."]),
        ("他来了。[1]他走了。[2]", ["他来了。[1]", "他走了。[2]"]),
        ("It ends.\n\n[1] Smith, A book.", ["It ends.", "[1] Smith, A book."]),
        ("It ends.\n[1] Smith, A book.", ["It ends.", "[1] Smith, A book."]),
    ],
)
def test_marks_after_the_stop_belong_to_the_sentence_before(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("bullet", ["-", "*", "•", "–", "1.", "12)", "(3)"])
def test_every_list_item_is_a_sentence_of_its_own(bullet: str) -> None:
    lines = ["It holds:", f"{bullet} oil", f"{bullet} water\nand sand", f"{bullet} Air. Gas."]
    assert sentences("\n".join(lines)) == [*lines[:3], f"{bullet} Air.", "Gas."]


@pytest.mark.parametrize("number", ["1.", "12.", "1.2.", "2)", "(4)"])
def test_the_number_of_a_list_item_is_no_sentence(number: str) -> None:
    assert sentences(f"{number} Open it. Close it.") == [f"{number} Open it.", "Close it."]


@pytest.mark.parametrize("text", ["", " ", "\n\n \n", "\t"])
def test_a_text_of_nothing_has_no_sentence(text: str) -> None:
    assert sentence_spans(text) == []


@given(TEXTS)
def test_spans_are_ordered_and_inside_and_lose_nothing(text: str) -> None:
    spans = sentence_spans(text)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    outside = [text[a:b] for a, b in zip([0, *edges[1::2]], [*edges[::2], len(text)], strict=True)]
    assert not "".join(outside).strip()


@given(TEXTS)
def test_no_sentence_begins_or_ends_with_white_space(text: str) -> None:
    assert all(sentence == sentence.strip() for sentence in sentences(text))


def test_a_text_of_stops_is_cut_in_one_pass() -> None:
    # Quadratic time would take minutes here.
    assert len(sentence_spans("." * 300_000 + "x")) == 1
