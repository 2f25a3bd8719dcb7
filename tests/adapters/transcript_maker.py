"""A conversation that has everything in it, and every text of which is hostile."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kb.answering.transcripts import transcript
from kb.domain.conversations import (
    QUOTES,
    CheckedClaim,
    Citation,
    Claim,
    Conversation,
    ConversationId,
    How,
    Message,
    MessageId,
    MessageState,
    Role,
    Support,
)
from kb.domain.documents import DocumentId, KnowledgeBaseId, PassageId
from kb.domain.transcripts import Transcript

NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)

PAYLOADS = [
    "[click](javascript:alert(1))",
    "![x](https://evil.example/a.png)",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; &#60;i&#62;",
    "https://evil.example www.evil.example mailto:a@evil.example a@evil.example",
    "<https://evil.example> [ref]: https://evil.example [ref] [^1] [[wiki]]",
    "# no heading\n## nor this\n> no quote\n- no list\n1. nor this\n2) nor that\n+ x\n* y",
    "set\n===\nset\n---\n\n| a | b |\n|---|---|\n| c | d |\n    code\n```\nfence\n~~~",
    "$x$ $$y$$ \\(z\\) \\[w\\] \\frac{1}{2} `code` ``two`` **bold** _it_ ~~gone~~ {{ liquid }}",
    '#set text(red) #link("https://evil.example") @ref <label> *typst* = heading #read("x")',
    '{ HYPERLINK "https://evil.example" } \x00\x08\x1b[31m \ufffe \ud800 \u202egnp.exe\u2028',
    '=HYPERLINK("https://evil.example") javascript:alert(1) data:text/html,x file:///etc/passwd',
]
HOSTILE = "\n".join(PAYLOADS)

ANSWER = """## Leave in short

Staff have **29 days** and *no more* of `leave_days`. [3]

- First point [7]
  - Below it
1. Numbered

```
def f():
    return "```" + '<b>'
```

| a | b |
|---|---|
| 1 | 2 |

It costs $x$ and \\frac{1}{2}. It ends in March. [3]"""

SCRIPTS = (
    "שלום עולם abc 123. مرحبا بالعالم. Ωμέγα Москва. 中文测试 日本語ひらがな 한국어. "
    "ภาษาไทย हिन्दी தமிழ். 😀 👍🏽 é e\u0301 ∑ ≤ →"
)
ARABIC = "هذا نص عربي طويل بما يكفي ليظهر من اليمين إلى اليسار، مع رقم 2026 وكلمة English."


def citation(
    text: str,
    sentence: str,
    *,
    number: int,
    name: str = "handbook.pdf",
    document: str | None = "handbook",
    support: Support = Support.SUPPORTED,
    quote: str = "",
) -> Citation:
    """Of the sentence where it stands in the text."""
    start = text.index(sentence)
    return Citation(
        number=number,
        claim=Claim(text=sentence, start=start, end=start + len(sentence)),
        passage_id=PassageId("p"),
        document_id=DocumentId(document) if document else None,
        document_name=name,
        page=4,
        paged=True,
        quote=quote,
        text=quote,
        support=support,
        how=How.PARAPHRASED,
        score=0.5,
    )


def message(role: Role, content: str, **others: object) -> Message:
    """Said in the conversation; an answer of a model unless told otherwise."""
    told: dict[str, object] = {"state": MessageState.COMPLETE}
    if role is Role.ASSISTANT:
        told["model"] = "fake:1b"
    return Message(
        id=MessageId("m"),
        conversation_id=ConversationId("c"),
        role=role,
        content=content,
        created_at=NOW,
        **{**told, **others},  # type: ignore[arg-type]
    )


def answered() -> Message:
    """Lists, code, a table, formulas; one sentence borne out, one partly, one not."""
    leave = "Staff have **29 days** and *no more* of `leave_days`. [3]"
    first, march = "First point [7]", "It ends in March. [3]"
    cited = (
        citation(ANSWER, leave, number=3, quote="29 days of leave"),
        citation(ANSWER, first, number=7, support=Support.PARTIAL, name=HOSTILE, quote=HOSTILE),
        citation(ANSWER, march, number=3, support=Support.UNSUPPORTED, quote="lapses on 31 March"),
    )
    claims = tuple(
        CheckedClaim(claim=c.claim, support=c.support, how=c.how, score=c.score) for c in cited
    )
    return message(Role.ASSISTANT, ANSWER, citations=cited, claims=claims)


def quoted() -> Message:
    """Made of quotes, of a document that is gone and one that was replaced."""
    text = "gone.txt:\n- It was so. [1]\nold.txt:\n- It was other. [2]"
    return message(
        Role.ASSISTANT,
        text,
        model=QUOTES,
        citations=(
            citation(text, "It was so. [1]", number=1, document=None, name="gone.txt"),
            citation(text, "It was other. [2]", number=2, document="old", name="old.txt"),
        ),
    )


def everything() -> Transcript:
    """All of it."""
    return made(
        [
            message(Role.USER, "How much leave?\n\nAnd when?"),
            answered(),
            message(Role.USER, HOSTILE),
            message(Role.ASSISTANT, HOSTILE, model=HOSTILE, error=HOSTILE),
            message(Role.USER, "Quotes?"),
            quoted(),
            message(Role.USER, ARABIC),
            message(Role.ASSISTANT, f"{ARABIC}\n\n{SCRIPTS}", state=MessageState.STOPPED),
            message(Role.USER, "Who?"),
            message(Role.ASSISTANT, "Nothing tells who.", refused=True),
        ],
        title=HOSTILE,
    )


def made(messages: Sequence[Message], title: str = "Leave") -> Transcript:
    """A transcript of these; only the handbook is as it was."""
    return transcript(
        Conversation(
            id=ConversationId("c"),
            knowledge_base_id=KnowledgeBaseId("b"),
            title=title,
            created_at=NOW,
            updated_at=NOW,
        ),
        "Staff matters",
        messages,
        current_ids={DocumentId("handbook")},
        now=NOW,
    )
