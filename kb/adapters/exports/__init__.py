"""Transcripts as files, one format a module."""

from kb.domain.transcripts import ExportFormat, Transcript


def write(transcript: Transcript, format: ExportFormat) -> bytes:
    """The transcript in this format, whose libraries are loaded with its first use.

    Raises QuireError where it cannot be written.
    """
    from kb.adapters.exports import markdown, pdf, word

    writers = {
        ExportFormat.MARKDOWN: markdown.write,
        ExportFormat.WORD: word.write,
        ExportFormat.PDF: pdf.write,
    }
    return writers[format](transcript)
