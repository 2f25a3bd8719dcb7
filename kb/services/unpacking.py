"""Keeps the files that are found inside a file, to become documents of their own."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from kb.domain.documents import Attachment, Document
from kb.ingestion.pipeline import ReadDocument
from kb.ports import FileStore
from kb.records import Records
from kb.services.recording import StoredFile, clean_name

MOST_NESTED = 3
"""A file in an archive in a mail is nested twice."""

TOO_DEEP = "The files inside it were left out: they are nested too deeply."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacking:
    """Takes over what a reader left in its spool."""

    records: Records
    files: FileStore

    def kept(self, document: Document, read: ReadDocument) -> tuple[ReadDocument, list[StoredFile]]:
        """The files found inside a document, stored; those nested too deeply only warned of.

        Raises DiskFullError.
        """
        if read.attachments and self._is_nested_too_deeply(document):
            return replace(read, warnings=(*read.warnings, TOO_DEEP)), []
        files: dict[str, StoredFile] = {}
        for attachment in read.attachments:
            file = self._stored(document, attachment)
            name = _distinct(file, files)
            files[name] = replace(file, name=name)
        return read, list(files.values())

    def _stored(self, document: Document, attachment: Attachment) -> StoredFile:
        with Path(attachment.file).open("rb") as stream:
            sha256, size = self.files.put(stream)
        return StoredFile(
            name=clean_name(f"{document.name}/{attachment.name}"),
            sha256=sha256,
            size_bytes=size,
            parent_id=document.id,
            source_id=document.source_id,
        )

    def _is_nested_too_deeply(self, document: Document) -> bool:
        depth, outer = 0, document.parent_id
        with self.records.reading() as view:
            while outer and depth < MOST_NESTED:
                depth += 1
                above = view.documents.many([outer]).get(outer)
                outer = above.parent_id if above else None
        return depth == MOST_NESTED


def _distinct(file: StoredFile, others: dict[str, StoredFile]) -> str:
    """A name of its own for each content: mails call many a picture image001.png.

    Its ending stays, since endings tell types.
    """
    path, number, name = PurePath(file.name), 1, file.name
    while name in others and others[name].sha256 != file.sha256:
        number += 1
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    return name
