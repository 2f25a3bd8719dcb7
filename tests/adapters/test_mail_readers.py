"""Mails of every kind, and what is attached to them."""

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from kb.adapters.readers import eml, mbox, outlook, spool
from kb.adapters.readers.mail import Mail, as_eml
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, PasswordNeededError
from tests.adapters.outlook_maker import fixed, make_msg, text
from tests.adapters.told_text import levels, told

TITLE, PARAGRAPH, TABLE = ElementKind.TITLE, ElementKind.PARAGRAPH, ElementKind.TABLE
ITEM = ElementKind.LIST_ITEM

Read = Callable[[bytes], ParsedDocument]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Reads the bytes of a mail, with a spool for its files."""
    path = tmp_path / "file"
    path.touch()
    (tmp_path / "spool").mkdir()

    def read(content: bytes) -> ParsedDocument:
        path.write_bytes(content)
        return eml.read(path)

    with spool.opened(tmp_path / "spool", path):
        yield read


def mail(subject: str = "Footbridge", body: str = "It was opened in 1987.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "Bob <bob@example.org>"
    message["Date"] = "Mon, 01 Jun 2009 09:56:31 +0530"
    message["Subject"] = subject
    message.set_content(body)
    return message


HEADERS = (
    "From: Ada <ada@example.org>\nTo: Bob <bob@example.org>\nDate: Mon, 01 Jun 2009 09:56:31 +0530"
)


def kept(document: ParsedDocument) -> dict[str, bytes]:
    return {file.name: Path(file.file).read_bytes() for file in document.attachments}


def test_a_mail_is_its_subject_its_headers_and_its_text(read: Read) -> None:
    document = read(mail().as_bytes())
    assert document.title == "Footbridge"
    assert told(document) == [
        (TITLE, "Footbridge"),
        (PARAGRAPH, HEADERS),
        (PARAGRAPH, "It was opened in 1987."),
    ]


def test_encoded_words_and_transfer_encodings_are_read(read: Read) -> None:
    document = read(
        b"From: =?iso-8859-1?Q?J=FCrgen?= <j@example.org>\r\n"
        b"Subject: =?utf-8?B?QnLDvGNrZQ==?= =?utf-8?Q?_offen?=\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nD=FCsseldorf is =\r\nfar.\r\n"
    )
    assert document.title == "Brücke offen"
    assert "Jürgen <j@example.org>" in document.pages[0].text
    assert told(document)[-1] == (PARAGRAPH, "Düsseldorf is far.")


def test_headers_and_text_in_undeclared_bytes_are_read(read: Read) -> None:
    content = "Subject: Grüße\nTo: b@example.org\n\nSchöne Straße.\n".encode()
    document = read(content)
    assert document.title == "Grüße"
    assert "Schöne Straße." in document.pages[0].text


def test_an_unknown_charset_is_guessed(read: Read) -> None:
    document = read(
        b"Subject: =?no-such?Q?odd?=\nContent-Type: text/plain; charset=no-such\n\n"
        b"Plain words that anyone can read.\n"
    )
    assert document.title == "odd"
    assert "anyone can read" in document.pages[0].text


def test_the_html_text_is_preferred_with_its_structure(read: Read) -> None:
    message = mail(body="Tolls\n\nYear: 1988\n")
    message.add_alternative(
        "<h1>Tolls</h1><table><tr><th>Year</th><th>People</th></tr>"
        "<tr><td>1988</td><td>12</td></tr></table><style>p {}</style>",
        subtype="html",
    )
    document = read(message.as_bytes())
    assert told(document)[2:] == [(TITLE, "Tolls"), (TABLE, "Year | People\n1988 | 12")]
    assert levels(document) == [1, 2]


def test_the_plain_text_is_taken_where_the_html_says_less(read: Read) -> None:
    message = mail(body="The bridge was opened in 1987 and is 84 metres long.\n")
    message.add_alternative("<p>See the plain text.</p>", subtype="html")
    assert told(read(message.as_bytes()))[-1][1].startswith("The bridge was opened")


def test_attached_files_are_kept_under_their_bare_names(read: Read) -> None:
    message = mail()
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="../../Ü.pdf")
    message.add_attachment("notes", filename="c:\\x\\notes.txt")
    message.add_attachment(b"GIF", maintype="image", subtype="gif")
    document = read(message.as_bytes())
    assert kept(document) == {
        "Ü.pdf": b"%PDF-",
        "notes.txt": b"notes\n",
        "attachment-3.gif": b"GIF",
    }
    assert "notes" not in document.pages[0].text


def test_a_picture_shown_in_the_text_is_no_file_of_its_own(read: Read) -> None:
    message = mail()
    message.add_alternative("<p>It was opened in 1987. <img src='cid:a'></p>", subtype="html")
    markup = message.get_body()
    assert isinstance(markup, EmailMessage)
    markup.add_related(b"GIF", maintype="image", subtype="gif", cid="<a>")
    assert kept(read(message.as_bytes())) == {}


def test_an_attached_mail_is_kept_as_a_mail(read: Read) -> None:
    message = mail("Outer")
    message.add_attachment(mail("Re: the weir", "The weir is older.\n"))
    document = read(message.as_bytes())
    assert "The weir is older." not in document.pages[0].text
    ((name, content),) = kept(document).items()
    assert name == "Re: the weir.eml"
    assert told(read(content))[0] == (TITLE, "Re: the weir")


def test_the_mails_of_a_digest_are_sections(read: Read) -> None:
    parts = [mail(f"Number {number}", f"Text {number}\n").as_string() for number in (1, 2)]
    content = "Subject: Digest\nMIME-Version: 1.0\nContent-Type: multipart/digest; boundary=b\n\n"
    content += "".join(f"--b\n\n{part}\n" for part in parts) + "--b--\n"
    document = read(content.encode())
    titles = [text for kind, text in told(document) if kind is TITLE]
    assert titles == ["Digest", "Number 1", "Number 2"]
    assert levels(document) == [1, 2, 2]
    assert "Text 2" in document.pages[0].text


def test_an_encrypted_mail_says_so(read: Read) -> None:
    with pytest.raises(PasswordNeededError):
        read(
            b"From: a@example.org\nMIME-Version: 1.0\n"
            b"Content-Type: multipart/encrypted; boundary=b\n\n"
            b"--b\nContent-Type: application/octet-stream\n\nsecret\n--b--\n"
        )


def test_what_only_outlook_can_open_is_told(read: Read) -> None:
    message = mail()
    message.add_attachment(b"x\x9f", maintype="application", subtype="ms-tnef", filename="w.dat")
    document = read(message.as_bytes())
    assert document.attachments == ()
    assert "winmail.dat" in document.warnings[0]


def test_attachments_beyond_the_limit_are_left_out_with_a_warning(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MOST_FILES", 1)
    message = mail()
    for name in ("a.txt", "b.txt"):
        message.add_attachment(name, filename=name)
    document = read(message.as_bytes())
    assert [file.name for file in document.attachments] == ["a.txt"]
    assert "b.txt" in document.warnings[0]


@pytest.mark.parametrize("content", [b" \n\n ", b"\n"])
def test_a_mail_without_anything_has_no_elements(read: Read, content: bytes) -> None:
    assert told(read(content)) == []


def test_a_mailbox_has_a_section_for_every_mail(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first = mail("First", "A line.\n\n>From here on, quoted.\n").as_bytes()
    second = mail("", "From here on, no new mail.\n").as_bytes()
    start = b"From ada@example.org Mon Jun 01 04:28:28 2009\n"
    path.write_bytes(start + first + b"\n" + start + second)
    document = mbox.read(path)
    assert told(document) == [
        (TITLE, "First"),
        (PARAGRAPH, HEADERS),
        (PARAGRAPH, "A line."),
        (PARAGRAPH, "From here on, quoted."),
        (TITLE, "(no subject)"),
        (PARAGRAPH, HEADERS),
        (PARAGRAPH, "From here on, no new mail."),
    ]


def test_an_outlook_mail_is_read_with_its_files(tmp_path: Path, read: Read) -> None:
    inner = {**fixed(24, {}), **text(0x0037, "Inner"), **text(0x1000, "The weir is older.")}
    path = make_msg(
        tmp_path / "msg",
        {
            **fixed(32, {0x3FFD: 1251, 0x0039: 128_883_000_000_000_000}),
            **text(0x0037, "Footbridge"),
            **text(0x0C1A, "Ada"),
            **text(0x0E04, "Bob"),
            "__substg1.0_1000001E": "Мост открыт".encode("cp1251"),
            "__attach_version1.0_#00000000": {
                **fixed(8, {}),
                **text(0x3707, "plan.pdf"),
                "__substg1.0_37010102": b"%PDF-",
            },
            "__attach_version1.0_#00000001": {
                **fixed(8, {}),
                **text(0x3001, "Inner"),
                "__substg1.0_3701000D": inner,
            },
        },
    )
    document = outlook.read(path)
    assert document.title == "Footbridge"
    assert told(document) == [
        (TITLE, "Footbridge"),
        (PARAGRAPH, "From: Ada\nTo: Bob\nDate: 2009-06-01 03:20 UTC"),
        (PARAGRAPH, "Мост открыт"),
    ]
    files = kept(document)
    assert list(files) == ["plan.pdf", "Inner.eml"]
    assert told(read(files["Inner.eml"])) == [(TITLE, "Inner"), (PARAGRAPH, "The weir is older.")]


def test_the_headers_as_sent_say_more_than_what_outlook_shows(tmp_path: Path, read: Read) -> None:
    sent = "From: Ada <ada@example.org>\r\nDate: Mon, 01 Jun 2009 09:56:31 +0530\r\n"
    tree = {**fixed(32, {}), **text(0x007D, sent), **text(0x0C1A, "A."), **text(0x1000, "Text")}
    headers = told(outlook.read(make_msg(tmp_path / "msg", tree)))[1][1]
    assert headers == "From: Ada <ada@example.org>\nDate: Mon, 01 Jun 2009 09:56:31 +0530"


@pytest.mark.parametrize("sender", ["a <", "<a@[", "=?utf-8?", '"', "日本 <a@example.org>"])
def test_a_mail_is_written_whatever_its_headers_hold(read: Read, sender: str) -> None:
    written = as_eml(Mail(subject="Toll: ü", headers=(("From", sender),), files=(("a", b"x"),)))
    document = read(written)
    assert document.title == "Toll: ü"
    assert f"From: {sender}" in document.pages[0].text
    assert kept(document) == {"a": b"x"}


def test_an_outlook_mail_with_only_pressed_text_says_so(tmp_path: Path, read: Read) -> None:
    tree = {**fixed(32, {}), **text(0x0037, "S"), "__substg1.0_10090102": b"LZFu"}
    document = outlook.read(make_msg(tmp_path / "msg", tree))
    assert document.warnings == (outlook.RTF_ONLY,)


def test_an_outlook_mail_cut_short_is_damaged(tmp_path: Path) -> None:
    path = make_msg(tmp_path / "msg", {**fixed(32, {}), **text(0x0037, "S")})
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DamagedFileError):
        outlook.read(path)
