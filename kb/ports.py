"""What Quire needs of the world. Adapters offer it; tests offer fakes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from kb.domain.access import Scope
from kb.domain.conversations import Piece
from kb.domain.documents import (
    DocumentId,
    EmbeddingSpace,
    EmbeddingSpaceId,
    KnowledgeBaseId,
    OcrPage,
    ParsedDocument,
    PassageId,
)
from kb.domain.embeddings import EmbeddedQuery, Vectors
from kb.domain.errors import QuireError
from kb.domain.exact import Exact, Places
from kb.domain.models import PullProgress, ServerStatus
from kb.domain.names import Names
from kb.domain.retrieval import WordCounts

Clock = Callable[[], datetime]


class Reader(Protocol):
    """Turns a file into text with pages and structure."""

    def read(
        self, path: Path, media_type: str, name: str, spool: Path | None = None, pages: int = 0
    ) -> ParsedDocument:
        """Read one file, or its first `pages` where its type lets them be read alone.

        Files found inside it go into `spool`, else nowhere. Raises IngestionError.
        """

    def ocr(self, path: Path, media_type: str, page: int, name: str) -> OcrPage:
        """What OCR reads of a page. Raises IngestionError."""

    def close(self) -> None:
        """Stop what is being read; the next file can be read again."""


class Embedder(Protocol):
    """Turns text into unit vectors. Blocks until its model is loaded."""

    @property
    def space(self) -> EmbeddingSpace:
        """The space of the vectors. Raises ModelMissingError if the model does not load."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text under the model's own tokenizer, special ones not counted."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, dimension), unit rows."""

    def embed_with_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[bytes]]:
        """Vectors as `embed_passages`, and the signs of each text's token vectors.

        Signs are dimension / 8 bytes a token, the first number's sign in the highest bit.
        """

    def embed_query(self, text: str) -> Vectors:
        """Vector of a question, (dimension,), of unit length."""

    def embed_query_with_tokens(self, text: str) -> EmbeddedQuery:
        """The vector as `embed_query`, and what its tokens say."""


class Reranker(Protocol):
    """Says how well texts answer a question. Blocks until its model is loaded."""

    @property
    def name(self) -> str:
        """The model's folder or hub name. Raises ModelMissingError if it does not load."""

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """One for each text, (n,), 0..1. Raises ModelMissingError, ModelCrashedError."""


class EntailmentModel(Protocol):
    """Says whether texts entail sentences. Blocks until its model is loaded."""

    @property
    def name(self) -> str:
        """The model's folder or hub name. Raises ModelMissingError if it does not load."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> Vectors:
        """Of entailment and of contradiction for each (text, sentence), (n, 2).

        The second is 0 of a model that tells none. Raises ModelMissingError, ModelCrashedError.
        """


class VectorIndex(Protocol):
    """Finds passages by vector in one knowledge base and embedding space.

    Everything but `reset` raises DamagedIndexError where the index cannot be used.
    """

    def upsert(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        ids: Sequence[PassageId],
        vectors: Vectors,
    ) -> None:
        """Add or replace vectors, (n, dimension)."""

    def delete(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        ids: Sequence[PassageId],
    ) -> None:
        """Remove vectors; ids that are not there are passed over."""

    def search(
        self,
        knowledge_base_id: KnowledgeBaseId,
        space_id: EmbeddingSpaceId,
        vector: Vectors,
        k: int,
    ) -> list[tuple[PassageId, float]]:
        """The k nearest passages by cosine, best first."""

    def ids(self, knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> set[PassageId]:
        """Every id that is in the index."""

    def drop(self, knowledge_base_id: KnowledgeBaseId, space_id: EmbeddingSpaceId) -> None:
        """Forget the whole knowledge base; nothing happens where there is none."""

    def collections(self) -> set[tuple[KnowledgeBaseId, EmbeddingSpaceId]]:
        """What the index holds anything of."""

    def reset(self) -> None:
        """Forget everything, also where the index is damaged."""


class WordIndex(Protocol):
    """Finds passages by their words in one knowledge base."""

    def search(
        self,
        knowledge_base_id: KnowledgeBaseId,
        text: str,
        k: int,
        document_ids: Collection[DocumentId] | None = None,
    ) -> list[tuple[PassageId, float]]:
        """The k best passages by BM25 (higher is better), best first."""

    def languages(self, knowledge_base_id: KnowledgeBaseId) -> dict[str, int]:
        """How many documents are in each language, "" where it is not known."""

    def names(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> Names:
        """Which documents bear these words in their names, and how common the words are."""

    def counts(self, knowledge_base_id: KnowledgeBaseId, words: Collection[str]) -> WordCounts:
        """How many passages hold each of the words, in any of its forms."""


class PlaceIndex(Protocol):
    """Finds places word for word, or by a regular expression, within a limit of time."""

    def find(self, query: Exact, scope: Scope, *, first: int = 0, most: int = 50) -> Places:
        """Count all in order, list `most` from `first` on. Raises InvalidInputError."""


class ChatModel(Protocol):
    """A language model behind a server."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that the model is asked to hold."""

    @property
    def finish_reason(self) -> str:
        """Why the last answer ended: `stop`, `length` if it was cut; empty until it has ended."""

    @property
    def prompt_tokens(self) -> int | None:
        """Tokens of the prompt that the last answer was made from, where the server tells."""

    @property
    def thinking_tokens(self) -> int:
        """Tokens of the window that it may use to think; 0 where it is not to think."""

    def stream(self, messages: Sequence[tuple[str, str]]) -> Iterator[Piece]:
        """The answer to (role, content) messages, piece by piece. Raises ModelError.

        Closing the iterator ends the generation. One answer at a time.
        """


class ModelServer(Protocol):
    """The server of language models."""

    def status(self) -> ServerStatus:
        """What is there now. Never raises; answers within a few seconds."""

    def chat_model(self, name: str, *, thinks: bool = False) -> ChatModel:
        """The named model, ready to be asked, and to think first where it can and is to."""


class PullProgresses(Protocol):
    """How far a download is, again and again; `close` stops it from any thread."""

    def __iter__(self) -> Iterator[PullProgress]: ...

    def close(self) -> None: ...


class ModelStore(Protocol):
    """Where language models are downloaded to."""

    def pull(self, name: str) -> PullProgresses:
        """Download a model. Raises InvalidInputError, NotAllowedError; ModelError while read.

        The iterator's end means that the model is installed, unless it was closed.
        """

    def delete(self, name: str) -> None:
        """Remove a model. Raises InvalidInputError, ModelError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """What was at an address: `url` after redirects, `media_type` as its server told it."""

    url: str
    content: bytes
    media_type: str = ""


class WebPages(Protocol):
    """Fetches what anybody may see on the web."""

    def fetch(self, url: str, follow: Callable[[str], bool] = ...) -> FetchedPage:
        """One page. A redirect goes only where `follow` says yes.

        Raises InvalidInputError for what is no web address, WebPageError, LimitError.
        """


class WebSites(Protocol):
    """Fetches many pages of one site."""

    def crawl(
        self,
        start_url: str,
        *,
        depth: int,
        most_pages: int,
        cancelled: Callable[[], bool] = ...,
        missed: Callable[[QuireError], None] = ...,
    ) -> Iterator[FetchedPage]:
        """The start page, and what lies beside and below it within `depth` links of it.

        At most `most_pages` are asked for. `missed` is told of each that could not be had, its
        address being the error's subject; the start page's error is raised, as by `fetch`.
        """


class FileStore(Protocol):
    """Keeps files under the hash of their content."""

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Store a stream; its sha256 and size in bytes. Raises DiskFullError."""

    def path(self, sha256: str) -> Path:
        """Where the content lies."""

    def remove(self, sha256: str) -> None:
        """Forget the content; nothing happens where there is none."""

    def all(self) -> set[str]:
        """The hashes of everything kept."""
