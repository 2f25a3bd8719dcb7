"""The names of exported files, and what an export says."""

import pytest

from kb.domain.transcripts import LONGEST_NAME, ExportFormat, file_name, shown


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How many days?", "How many days.pdf"),
        ("../../etc/passwd", "etc passwd.pdf"),
        ('a\\b:c*d|e<f>"g"', "a b c d e f g.pdf"),
        ("con", "con_.pdf"),
        ("COM1.txt", "COM1_.txt.pdf"),
        (" .. ", "Conversation.pdf"),
        ("\u202egpj.exe", "gpj.exe.pdf"),
        ("line\nbreak\ttab\x00", "line break tab.pdf"),
        ("Größe 中文", "Größe 中文.pdf"),
    ],
)
def test_a_file_is_named_by_its_title(title: str, name: str) -> None:
    assert file_name(title, ExportFormat.PDF) == name


def test_a_files_name_is_short_in_bytes() -> None:
    name = file_name("中" * 300, ExportFormat.WORD)
    assert len(name.encode()) <= LONGEST_NAME + len(".docx")
    assert name.startswith("中" * 30)


def test_what_hides_turns_round_or_obeys_is_shown_as_a_sign() -> None:
    assert shown("a\u202eb\x00c\ud800d\ufffee") == "a�b�c�d�e"
    assert shown("नम\u200cस्ते\u00a0\n\t") == "नम\u200cस्ते\u00a0\n\t"
