"""Settings: where the data lies, the state of the indexes, and versions."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import streamlit as st

from kb.domain.words import counted
from kb.services.indexes import Difference
from kb.ui import session
from kb.ui.text import plain, size

LIBRARIES = (
    "streamlit",
    "chromadb",
    "langchain-core",
    "sentence-transformers",
    "torch",
    "sqlalchemy",
    "pypdfium2",
    "unstructured",
)


def data() -> None:
    """The folder that holds everything, and how much room it takes."""
    home = session.home()
    st.header("Data", anchor=False)
    free = shutil.disk_usage(home).free
    st.markdown(
        f"Everything Quire keeps is in this folder: {size(folder_size(home))}, "
        f"with {size(free)} free on the disk. Stop Quire before you copy it."
    )
    st.code(str(home), language=None)


def indexes() -> None:
    """Compare the search indexes with the records, when asked to."""
    st.header("Indexes", anchor=False)
    st.markdown("Quire compares its search indexes with its records at every start and mends them.")
    if st.button("Compare them now", key="check-indexes"):
        with session.told_errors(), st.spinner("Comparing"):
            for difference in session.compare_indexes():
                st.markdown(told(difference))


def versions() -> None:
    """What to name when reporting a problem."""
    st.header("Versions", anchor=False)
    rows = {"Quire": quire_version(), "Python": platform.python_version()}
    rows |= {name: _version(name) for name in LIBRARIES}
    st.code("\n".join(f"{name:<22}{told}" for name, told in rows.items()), language=None)


def told(difference: Difference) -> str:
    """One knowledge base's indexes in a sentence."""
    name = f"**{plain(difference.knowledge_base)}**"
    if difference.agrees:
        return f"{name}: {counted(difference.passages, 'passage')}, all of them findable."
    wrong = [
        (difference.missing_vectors, "passage without a vector", "passages without a vector"),
        (difference.stray_vectors, "vector without a passage", "vectors without a passage"),
    ]
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in wrong if count]
    parts += [] if difference.words_agree else ["the word index differs"]
    return f"{name}: {', '.join(parts)}. The next start mends this."


def folder_size(folder: Path) -> int:
    """Bytes of all files; those that vanish meanwhile do not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def quire_version() -> str:
    """The version written in pyproject.toml, which also names an installed package."""
    import tomllib

    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.exists():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return _version("quire")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
