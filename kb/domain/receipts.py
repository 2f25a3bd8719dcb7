"""What an answer was made from, so that it can be judged, and made again."""

from dataclasses import dataclass, field

from kb.domain.documents import DocumentId, PassageId

CUT_SHARE = 0.5
"""A server that counts less than this of what was estimated has cut the prompt: estimates are
high, by up to a half for English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPassage:
    """A passage that was found, its score, and its place in the prompt; `tokens` are estimated."""

    passage_id: PassageId
    document_id: DocumentId
    document_name: str
    version: int
    page: int
    paged: bool
    rank: int
    score: float
    tokens: int
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How a prompt fills a model's window; all in tokens, estimated high, but for turns."""

    window: int
    prompt: int
    answer: int
    turns_sent: int
    turns_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The passages, the prompt and the settings of an answer; no budget where no model wrote it.

    `prompt_sha256` tells whether two prompts were the same, `evidence` (0..1) how likely the
    passages hold an answer.
    """

    passages: tuple[UsedPassage, ...] = ()
    budget: Budget | None = None
    prompt_sha256: str = ""
    evidence: float | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> tuple[UsedPassage, ...]:
        """The passages that the answer could rest on."""
        return tuple(passage for passage in self.passages if passage.sent)

    @property
    def left_out(self) -> tuple[UsedPassage, ...]:
        """The passages that did not fit."""
        return tuple(passage for passage in self.passages if not passage.sent)

    def was_cut(self, prompt_tokens: int | None) -> bool:
        """Whether the server read so much less than was sent that it must have cut the prompt."""
        if self.budget is None or prompt_tokens is None:
            return False
        return prompt_tokens < CUT_SHARE * self.budget.prompt


def differences(before: Receipt, after: Receipt) -> list[str]:
    """What two answers were not made alike from, each in a few words; nothing where all is."""
    told = []
    ranks = [[(p.passage_id, p.sent) for p in each.passages] for each in (before, after)]
    if ranks[0] != ranks[1]:
        both = {id for id, _ in ranks[0]} & {id for id, _ in ranks[1]}
        told.append(f"passages ({len(both)} of {len(ranks[0])} the same)")
    if before.prompt_sha256 != after.prompt_sha256:
        told.append("prompt")
    for name in sorted(before.settings.keys() | after.settings.keys()):
        values = before.settings.get(name, "unset"), after.settings.get(name, "unset")
        if values[0] != values[1]:
            told.append(f"{name} ({values[0]}, now {values[1]})")
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was answered, what is answered now, and what the two were not made alike from."""

    before: str
    now: str
    differences: tuple[str, ...]
