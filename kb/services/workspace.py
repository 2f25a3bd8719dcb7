"""All a person can do, bound to that person."""

from dataclasses import dataclass

from kb.services.access import Access
from kb.services.answers import AnswersService
from kb.services.conversations import ConversationsService
from kb.services.documents import DocumentsService
from kb.services.jobs import JobsService
from kb.services.knowledge_bases import KnowledgeBasesService
from kb.services.models import ModelsService
from kb.services.sources import SourcesService
from kb.services.versions import VersionsService


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The services, each judging by the same Access."""

    access: Access
    knowledge_bases: KnowledgeBasesService
    documents: DocumentsService
    versions: VersionsService
    jobs: JobsService
    sources: SourcesService
    answers: AnswersService
    conversations: ConversationsService
    models: ModelsService
