"""Structured data: JSON, YAML, XML, calendars and contacts as text that can be found."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from kb.adapters.readers import (
    calendar_events,
    contacts,
    json_values,
    xml_text,
    yaml_values,
)
from kb.domain.documents import ElementKind, ParsedDocument
from kb.domain.errors import DamagedFileError, LimitError
from kb.domain.media_types import CALENDAR, CONTACTS, HTML, JSON, XML, YAML
from kb.ingestion.detection import detect

TITLE, TABLE, PARAGRAPH = ElementKind.TITLE, ElementKind.TABLE, ElementKind.PARAGRAPH


def read(reader: ModuleType, folder: Path, content: str | bytes) -> ParsedDocument:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    document: ParsedDocument = reader.read(path)
    return document


def parts(document: ParsedDocument) -> list[tuple[ElementKind, str]]:
    text = document.pages[0].text
    return [(e.kind, text[e.start : e.end]) for e in document.elements]


# JSON


def test_records_are_rows(tmp_path: Path) -> None:
    content = (
        '[{"sku": "G-1", "price": 12.50, "tags": ["new", "red"], "old": null}, {"sku": "G-2"}]'
    )
    assert parts(read(json_values, tmp_path, content)) == [
        (TABLE, "sku: G-1 | price: 12.50 | tags: new, red\nsku: G-2")
    ]


def test_a_value_stands_under_the_path_of_its_keys(tmp_path: Path) -> None:
    long = "A sentence of a long description. " * 30
    content = {"name": "Quire", "server": {"host": "a", "tls": {"on": True}}, "about": long}
    assert parts(read(json_values, tmp_path, json.dumps(content))) == [
        (TABLE, "name: Quire\nserver: host: a | tls.on: true"),
        (PARAGRAPH, f"about: {long.strip()}"),
    ]


def test_a_long_record_has_a_heading_of_its_own(tmp_path: Path) -> None:
    content = {"articles": [{"title": "Bridges", "text": "It is 84 metres long. " * 60, "n": 1}]}
    document = read(json_values, tmp_path, json.dumps(content))
    assert [text[:20] for _, text in parts(document)] == [
        "articles",
        "Bridges",
        "title: Bridges",
        "text: It is 84 metre",
        "n: 1",
    ]
    assert [e.level for e in document.elements if e.kind is TITLE] == [1, 2]


def test_every_value_of_a_repeated_key_is_told(tmp_path: Path) -> None:
    text = read(json_values, tmp_path, '{"a": 1, "b": 2, "a": 3}').pages[0].text
    assert text == "a: 1, 3\nb: 2"


def test_a_value_a_line_is_read_and_broken_lines_are_counted(tmp_path: Path) -> None:
    document = read(json_values, tmp_path, '{"a": 1}\n\nnot json\n{"a": 2}\n')
    assert parts(document) == [(TABLE, "a: 1\na: 2")]
    assert document.warnings == ("1 line is not valid JSON and was left out.",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(json_values, tmp_path, '{"ort": "Köln"}'.encode(encoding)).pages[0].text == (
        "ort: Köln"
    )


@pytest.mark.parametrize("reader", [json_values, yaml_values])
def test_what_cannot_be_parsed_is_read_as_plain_text(tmp_path: Path, reader: ModuleType) -> None:
    document = read(reader, tmp_path, 'key: "value\nother: {{ template }')
    assert 'key: "value\nother' in document.pages[0].text
    assert len(document.warnings) == 1


def test_numbers_of_any_size_are_told_as_written(tmp_path: Path) -> None:
    digits = "9" * 5000
    text = read(json_values, tmp_path, f'{{"a": 1e400, "b": [{digits}]}}').pages[0].text
    assert "a: 1e400" in text
    assert digits in text


def test_reading_ends_after_so_many_values_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_values, "MAX_VALUES", 5)
    document = read(json_values, tmp_path, json.dumps([{"n": n} for n in range(100)]))
    assert document.warnings == (json_values.CUT_SHORT,)
    assert "n: 99" not in document.pages[0].text


# YAML


def test_yaml_values_are_told_as_they_are_written(tmp_path: Path) -> None:
    content = "country: no\nversion: 1.10\nday: 2024-03-09\nitems:\n  - a\n  - b\n"
    assert parts(read(yaml_values, tmp_path, content)) == [
        (TABLE, "country: no\nversion: 1.10\nday: 2024-03-09\nitems: a, b")
    ]


def test_several_yaml_documents_are_read(tmp_path: Path) -> None:
    assert read(yaml_values, tmp_path, "a: 1\n---\nb: 2\n").pages[0].text == "a: 1\nb: 2"


def test_yaml_tags_make_no_objects(tmp_path: Path) -> None:
    trap = tmp_path / "made"
    content = f"run: !!python/object/apply:os.mkdir ['{trap}']\nfact: 84 metres\n"
    assert "fact: 84 metres" in read(yaml_values, tmp_path, content).pages[0].text
    assert not trap.exists()


def test_aliases_that_repeat_each_other_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(LimitError):
        read(yaml_values, tmp_path, "\n".join(lines))


def test_an_alias_that_is_used_twice_is_told_twice(tmp_path: Path) -> None:
    content = "base: &b {host: x, port: 1}\nother: *b\n"
    assert read(yaml_values, tmp_path, content).pages[0].text == (
        "base: host: x | port: 1\nother: host: x | port: 1"
    )


@pytest.mark.parametrize("content", ["[" * 50_000, "\n".join(" " * n + "a:" for n in range(2000))])
def test_yaml_without_a_bottom_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(LimitError, match="nested too deeply"):
        read(yaml_values, tmp_path, content)


def test_a_value_that_holds_itself_is_told_once(tmp_path: Path) -> None:
    text = read(yaml_values, tmp_path, "fact: 84 metres\na: &a\n  self: *a\n").pages[0].text
    assert "fact: 84 metres" in text


# XML


def test_elements_of_short_fields_are_rows(tmp_path: Path) -> None:
    content = (
        '<facts xmlns="urn:x"><country code="us"><name>United States</name>'
        "<capital>Washington, DC</capital></country>"
        "<country><name>Canada</name></country></facts>"
    )
    assert parts(read(xml_text, tmp_path, content)) == [
        (TITLE, "facts"),
        (
            TABLE,
            "country | code: us | name: United States | capital: Washington, DC\n"
            "country | name: Canada",
        ),
    ]


def test_running_text_stays_together(tmp_path: Path) -> None:
    content = (
        "<article><sec><title>Bridges</title><p>It is <b>84</b> metres long.</p>"
        f"<p>{'More. ' * 200}</p></sec></article>"
    )
    document = read(xml_text, tmp_path, content)
    assert document.title == "Bridges"
    assert (TITLE, "Bridges") in parts(document)
    assert (PARAGRAPH, "It is 84 metres long.") in parts(document)


def test_the_encoding_of_xml_may_be_other_than_it_says(tmp_path: Path) -> None:
    content = '<?xml version="1.0" encoding="UTF-8"?><a><b>Köln</b></a>'
    for data in (content.encode("utf-16"), content.replace("UTF-8", "latin-1").encode("latin-1")):
        assert "b: Köln" in read(xml_text, tmp_path, data).pages[0].text


def test_entities_of_xml_are_not_replaced(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("classified")
    content = (
        f'<!DOCTYPE a [<!ENTITY f SYSTEM "{secret.as_uri()}"><!ENTITY x "{"y" * 1000}">'
        f"]><a><b>fact &f; {'&x;' * 10}</b></a>"
    )
    text = read(xml_text, tmp_path, content).pages[0].text
    assert "fact" in text
    assert "classified" not in text
    assert "yyy" not in text


@pytest.mark.parametrize("content", ["<a><b>84 metres</a>", "<a>" * 5000 + "84 metres"])
def test_broken_xml_gives_its_bare_text(tmp_path: Path, content: str) -> None:
    document = read(xml_text, tmp_path, content)
    assert "84 metres" in document.pages[0].text
    assert document.warnings == (xml_text.BROKEN,)


# Calendars and contacts

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
X-WR-CALNAME:Club
BEGIN:VEVENT
SUMMARY:Spring walk\\, north
 ern route
DTSTART;TZID=Europe/Prague:20240309T093000
DTEND:20240309T120000Z
LOCATION:Old bridge
ORGANIZER;CN="Ann: Lee":mailto:ann@example.org
RRULE:FREQ=WEEKLY;BYDAY=SA
DESCRIPTION:Bring boots.\\nAnd tea.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VTODO
SUMMARY:Book bus
DUE;VALUE=DATE:20240301
END:VTODO
END:VCALENDAR
"""


def test_entries_of_a_calendar_have_their_times_and_places(tmp_path: Path) -> None:
    document = read(calendar_events, tmp_path, EVENT.replace("\n", "\r\n"))
    assert document.title == "Club"
    assert parts(document) == [
        (TITLE, "Spring walk, northern route"),
        (
            TABLE,
            "Start: 2024-03-09 09:30 (Europe/Prague)\nEnd: 2024-03-09 12:00 UTC\n"
            "Location: Old bridge\nOrganizer: Ann: Lee <ann@example.org>\n"
            "Repeats: WEEKLY, BYDAY SA",
        ),
        (PARAGRAPH, "Bring boots.\nAnd tea."),
        (TITLE, "Book bus"),
        (TABLE, "Due: 2024-03-01"),
    ]


CARDS = """BEGIN:VCARD
VERSION:4.0
FN:Ann Lee
ORG:Bridges Ltd;Repairs
TEL;TYPE=cell:tel:+44-1
item1.EMAIL;TYPE=WORK:ann@example.org
ADR;TYPE=home:;;1 High St;Leeds;;LS1;UK
BDAY:19900102
PHOTO;ENCODING=b:AAAA
NOTE:likes\\, tea
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=
=BCrgen
TEL;HOME:123
END:VCARD
"""


def test_contacts_are_read_in_their_versions(tmp_path: Path) -> None:
    assert parts(read(contacts, tmp_path, CARDS)) == [
        (TITLE, "Ann Lee"),
        (
            TABLE,
            "Name: Ann Lee\nOrganization: Bridges Ltd, Repairs\nPhone (mobile): +44-1\n"
            "Email (work): ann@example.org\nAddress (home): 1 High St, Leeds, LS1, UK\n"
            "Birthday: 1990-01-02\nNote: likes, tea",
        ),
        (TITLE, "Jürgen Müller"),
        (TABLE, "Name: Jürgen Müller\nPhone (home): 123"),
    ]


@pytest.mark.parametrize("reader", [calendar_events, contacts])
def test_a_text_without_entries_is_damaged(tmp_path: Path, reader: ModuleType) -> None:
    with pytest.raises(DamagedFileError):
        read(reader, tmp_path, "just words\n")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", "{}", JSON),
        ("a.ndjson", "{}", JSON),
        ("a.yml", "a: 1", YAML),
        ("a.xml", "<a/>", XML),
        ("feed", "<?xml version='1.0'?><rss/>", XML),
        ("a.xml", "<html><p>x", HTML),
        ("a.json", "<!DOCTYPE html><p>not found", HTML),
        ("calendar", "BEGIN:VCALENDAR\n", CALENDAR),
        ("a.txt", "\ufeffBEGIN:VCARD\n", CONTACTS),
    ],
)
def test_data_is_known_by_its_content_and_then_by_its_name(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    assert detect(path, name) == expected
