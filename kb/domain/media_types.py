"""The media types of what Quire reads."""

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MARKDOWN = "text/markdown"
HTML = "text/html"
PLAIN = "text/plain"
RECORD = "application/vnd.quire.record+json"
"""One line of a .jsonl collection, with id, title and text."""
