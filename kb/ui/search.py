"""Search: the field, the way to search, and what was found."""

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.errors import QuireError
from kb.domain.exact import Place, Places
from kb.domain.retrieval import Hit
from kb.ui import answers, citations, progress, session
from kb.ui.reading import Block, Run, block, read
from kb.ui.text import plain, short, visible

RANKED, EXACT, REGULAR = "ranked", "exact", "regex"
WAYS = {RANKED: "Ranked", EXACT: "Exact", REGULAR: "Regular expression"}
MEANING = {
    RANKED: "The passages that fit best, by meaning and by words.",
    EXACT: "Every place, word for word. All words must stand on a page; “quoted phrases” in this "
    "order; a minus leaves pages out, as in -draft or -“old version”. Upper case and accents "
    "do not matter.",
    REGULAR: "Every place that the expression matches within a page, such as "
    "\\d{4}-\\d{2}-\\d{2}. Upper case does not matter.",
}
AT_A_TIME = {RANKED: 10, EXACT: 50, REGULAR: 50}
MOST_RANKED = 50
SHOWN = 280
"""Characters of a passage that a ranked one shows."""

NOT_HERE = "No page says this. Ranked finds what is said in other words."
NO_MATCH = "Nothing matches this expression."
NOT_ALL = "The search was ended as it took too long: there may be more. Look for something rarer."
NOTHING = "There is nothing to search yet: add documents in the Library."


def draw(base: KnowledgeBase) -> None:
    """The field, and what it finds."""
    way, text = _asked()
    listed = session.workspace().documents.listed(base.id)
    if not progress.any_findable(listed):
        st.info(NOTHING)
        return
    if not text.strip():
        return
    shown = session.remembered(session.SEARCH_SHOWN)
    most = shown[2] if shown and shown[:2] == (way, text) else AT_A_TIME[way]
    # What is searched can take a while; what was found before must not look like its answer.
    with st.spinner("Searching"):
        try:
            more = (_ranked if way == RANKED else _places)(base, way, text, most)
        except QuireError as error:
            st.error(plain(str(error)))
            return
    if more:
        st.button(
            "Show more",
            key="search-more",
            on_click=session.remember,
            args=(session.SEARCH_SHOWN, (way, text, most + AT_A_TIME[way])),
        )


def _asked() -> tuple[str, str]:
    """How to search, and for what; both stand in the address too."""
    by = session.parameter(session.WAY_PARAMETER)
    text = st.text_input(
        "Search for",
        value=session.parameter(session.SEARCH_PARAMETER),
        key="search-text",
        placeholder="Search your documents",
        label_visibility="collapsed",
        icon=":material/search:",
        on_change=citations.close_evidence,
    )
    way = st.segmented_control(
        "How to search",
        list(WAYS),
        default=by if by in WAYS else RANKED,
        format_func=WAYS.__getitem__,
        key="search-way",
        required=True,
        label_visibility="collapsed",
        on_change=citations.close_evidence,
    )
    st.caption(plain(MEANING[way]))
    session.set_parameter(session.SEARCH_PARAMETER, text)
    session.set_parameter(session.WAY_PARAMETER, way if text else "")
    return way, text


def _ranked(base: KnowledgeBase, way: str, text: str, most: int) -> bool:
    """Draw the best passages; whether there may be more."""
    ranking = session.workspace().answers.search(base.id, text, k=most)
    if not ranking.hits:
        st.info(NOTHING)
    _read([_hit(hit) for hit in ranking.hits], way)
    return most <= len(ranking.hits) < MOST_RANKED


def _places(base: KnowledgeBase, way: str, text: str, most: int) -> bool:
    """Draw the places; whether there are more."""
    found = session.workspace().answers.find(base.id, text, regular=way == REGULAR, most=most)
    if not found.complete:
        st.warning(NOT_ALL)
    elif not found.count:
        st.info(NO_MATCH if way == REGULAR else NOT_HERE)
    if found.count:
        st.markdown(f"**{plain(found.told)}**")
    _read(place_blocks(found), way)
    return len(found.listed) < found.count


def _read(blocks: list[Block], way: str) -> None:
    current = session.parameter(session.EVIDENCE_PARAMETER)
    if blocks:
        read(blocks, f"found-{way}", on_open=citations.open_evidence, current=current)


def place_blocks(found: Places) -> list[Block]:
    """The places under the names of their documents, each opening its page."""
    made: list[Block] = []
    document = None
    for number, place in enumerate(found.listed, 1):
        if place.document.id != document:
            document = place.document.id
            made.append(block("heading", visible(place.document.name)))
        made.append(_place(number, place))
    return made


def _hit(hit: Hit) -> Block:
    paged = hit.document.page_count is not None
    return Block(
        kind="place",
        lead=str(hit.rank),
        label=answers.place(hit.document.name, hit.page if paged else None),
        open=f"p.{hit.document.id}.{hit.passage.id}",
        runs=[Run(text=visible(short(hit.passage.text, SHOWN)))],
    )


def _place(number: int, place: Place) -> Block:
    start, end = place.mark
    parts = [
        Run(text=visible(place.text[:start])),
        Run(text=visible(place.text[start:end]), mark=True),
        Run(text=visible(place.text[end:])),
    ]
    where = [f"Page {place.page}"] if place.document.page_count is not None else []
    where += [visible(name) for name in place.heading_path[-2:]]
    return Block(
        kind="place",
        lead=str(number),
        label=" › ".join(where) or visible(place.document.name),
        open=f"t.{place.document.id}.{place.start}.{place.end}",
        runs=[run for run in parts if run["text"]],
    )
