"""Separated values: every row as wide as the header or the line is named; quotes and separators as the file shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.errors import DataError
from bench.data.table_files import open_table

ROW = "a room with a view, number {}"


def read(folder: Path, content: str | bytes,
         name: str = "a.csv") -> tuple[dict[str, list[str | None]], tuple[str, ...]]:
    """The cells of a file, and what is said of it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    table = open_table(path)
    return table.read(table.columns).cells, table.notes


def refusal(folder: Path, content: str | bytes, name: str = "a.csv") -> str:
    with pytest.raises(DataError) as caught:
        read(folder, content, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("content", "words"), [
    ("text,label\na\nb,c\n", "line 2 has 1 cell, the header 2"),
    ("text,label\na,b\nc,d,e\n", "line 3 has 3 cells, the header 2"),
    ("text,label\nhalf a text\nand the rest,pos\nb,neg\n", "line 2 has 1 cell, the header 2"),
    ('text,label\n"in\ntwo",a\nb\n', "line 4 has 1 cell, the header 2"),
    ("text,label\na,b,\nc,d,\n", "the line ends in a separator (',') that the header lacks"),
    ('"text","label"\n"1","a","b"\n', "are the first cells row names, as R writes them?"),
    ('text,label\na,b\n"never closed,c\nd,e\n', "the quote that opens in line 3 never closes"),
    ('text,label\n"open,x\nb,y\n"next, quoted",z\n', "the quote that opens in line 2 does not close before line 4"),
    ('text,label\n"a "bold" text",b\n', "line 2 has a quote inside a quoted text that is not doubled"),
    ("text,label\na\rb,c\nd\re\n", "line 2 holds a carriage return outside quotes"),
    ("text\na\rb\nc\n", "line 2 holds a carriage return outside quotes"),
    ("text,label\na,b\nc\0d,e\n", "line 3 holds a NUL byte"),
])
def test_the_line_that_is_not_as_the_others_is_named(tmp_path: Path, content: str, words: str):
    assert words in refusal(tmp_path, content)


def test_nothing_is_padded_joined_or_dropped_in_silence(tmp_path: Path):
    cells, notes = read(tmp_path, "text,label\n\n\na,b\n\n ,c\n,\nd,e\n\n\n")
    assert cells == {"text": ["a", " ", "", "d"], "label": ["b", "c", "", "e"]}
    assert notes == ("3 blank lines between rows passed over",)
    cells, notes = read(tmp_path, 'text\na\n\n""\n" "\nb\n\n')
    assert cells == {"text": ["a", "", " ", "b"]}
    assert notes == ("1 blank line between rows passed over",)


@pytest.mark.parametrize(("end", "content"), [("\n", "a\rb"), ("\r\n", "a\rb"), ("\n", "a\r\nb"), ("\r", "a\rb")])
def test_line_ends_inside_quotes_are_kept_as_they_are(tmp_path: Path, end: str, content: str):
    cells, _ = read(tmp_path, f'text,label{end}"{content}",x{end}c,y{end}')
    assert cells == {"text": [content, "c"], "label": ["x", "y"]}


def test_a_lone_carriage_return_in_an_unquoted_text_stays_where_every_line_then_fits(tmp_path: Path):
    cells, _ = read(tmp_path, 'text,label\na\rb,x\n"c, d",y\n')
    assert cells == {"text": ["a\rb", "c, d"], "label": ["x", "y"]}


@pytest.mark.parametrize(("separator", "name", "words"), [
    (";", "a.csv", "semicolons"), ("\t", "a.csv", "tabs"), ("|", "a.csv", "vertical bars"), (",", "a.tsv", "commas"),
    (";", "a.tsv", "semicolons")])
def test_another_separator_is_found_and_said(tmp_path: Path, separator: str, name: str, words: str):
    cells, notes = read(tmp_path, f"text{separator}label\na. b{separator}x\n\"c{separator} d\"{separator}y\n", name)
    assert cells == {"text": ["a. b", f"c{separator} d"], "label": ["x", "y"]}
    assert notes == (f"the columns are separated by {words}",)


def test_texts_with_commas_between_semicolons_are_whole(tmp_path: Path):
    cells, _ = read(tmp_path, "text;label\ncold, and rude;bad\nwarm, and kind;good\n")
    assert cells["text"] == ["cold, and rude", "warm, and kind"]


def test_a_separator_that_excel_states_is_obeyed(tmp_path: Path):
    cells, notes = read(tmp_path, "sep=;\r\ntext;label\r\na, b;x\r\n")
    assert cells == {"text": ["a, b"], "label": ["x"]}
    assert "semicolons" in notes[0]
    assert "line 3 has 1 cell, the header 2" in refusal(tmp_path, "sep=;\ntext;label\na, b\n")


def test_a_separator_that_cannot_be_known_is_refused(tmp_path: Path):
    assert "may be separated by commas or semicolons" in refusal(tmp_path, "id,text;label\n1,a;b\n2,c;d\n")
    assert "line 3 has 1 cell, the header 2" in refusal(tmp_path, "text;label\na;b\nc\n")


def test_a_single_column_needs_no_separator(tmp_path: Path):
    cells, notes = read(tmp_path, 'text\n"a, b"\nc; d\n"in\n\ntwo lines"\n')
    assert cells == {"text": ["a, b", "c; d", "in\n\ntwo lines"]}
    assert notes == ()
    assert "line 2 has 2 cells, the header 1" in refusal(tmp_path, "text\na, b\n")


def test_quotes_that_enclose_nothing_in_a_tab_file_are_characters(tmp_path: Path):
    rows = [ROW.format(i) for i in range(20)]
    rows[3], rows[9], rows[12] = '"it opens', 'the "best" one', 'closes"'
    content = "text\tlabel\n" + "".join(f"{row}\tx\n" for row in rows)
    cells, notes = read(tmp_path, content, "a.tsv")
    assert cells["text"] == rows
    assert notes == ("quotes do not enclose texts in this file and are read as characters",)
    cells, notes = read(tmp_path, content.replace("\t", "|"))
    assert cells["text"] == rows
    assert notes[0] == "the columns are separated by vertical bars"


def test_quotes_in_a_tab_file_enclose_where_they_must(tmp_path: Path):
    cells, notes = read(tmp_path, 'text\tlabel\n"tab\there"\tx\n"two\nlines"\ty\nplain\tz\n', "a.tsv")
    assert cells["text"] == ["tab\there", "two\nlines", "plain"]
    assert notes == ()


def test_two_quotes_that_take_in_rows_are_named(tmp_path: Path):
    rows = [ROW.format(i).replace(",", "") for i in range(40)]
    rows[5], rows[30] = '"it opens', 'and closes"'
    content = "text,label\n" + "".join(f"{row},x\n" for row in rows)
    assert "the quote that opens in line 7 takes in 24 lines that look like rows" in refusal(tmp_path, content)
    for name, separator in (("a.csv", ","), ("a.tsv", "\t")):
        few = "".join(f"{row}{separator}x\n" for row in (rows[0], rows[5], rows[1], rows[30], rows[2]))
        said = refusal(tmp_path, f"text{separator}label\n{few}", name)
        assert "the quote that opens in line 3 takes in lines" in said
    more = content + '"a text, quoted for its comma",y\n'
    assert "the quote that opens in line 7 takes in 24 lines that look like rows" in refusal(tmp_path, more)


def test_other_ways_to_write_quotes_are_said(tmp_path: Path):
    cells, notes = read(tmp_path, 'text,label\n"say \\"x\\", then y",a\n"C:\\\\dir",b\nno\\n,c\n')
    assert cells["text"] == ['say "x", then y', "C:\\dir", "no\\n"]
    assert notes == ('quotes inside texts are written \\"',)
    cells, notes = read(tmp_path, '"text", "label"\n"a, b", "x"\n"c", "y"\n')
    assert cells == {"text": ["a, b", "c"], "label": ["x", "y"]}
    assert notes == ("blanks behind separators were taken away",)
    cells, notes = read(tmp_path, "kind;text\nnews;'one; two'\nsport;it's ''fine''\n")
    assert (cells["text"], notes[1]) == (["one; two", "it's ''fine''"], "texts are enclosed in single quotes")
    cells, notes = read(tmp_path, 'text,label\n5" screen,x\n"a ""b""",y\n')
    assert (cells["text"], notes) == (['5" screen', 'a "b"'], ())


@pytest.mark.parametrize(("encoding", "note"), [
    ("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ("the file is UTF-16",)), ("utf-32", ("the file is UTF-32",)),
    ("cp1252", ("the file is not UTF-8 and was read as Windows-1252 (cp1252)",))])
def test_an_encoding_that_is_certain_is_read_and_said(tmp_path: Path, encoding: str, note: tuple[str, ...]):
    text = "C’était très bon – 10 € seulement, größer, señor"
    cells, notes = read(tmp_path, f'text,label\n"{text}",fête\n'.encode(encoding))
    assert (cells, notes) == ({"text": [text], "label": ["fête"]}, note)


@pytest.mark.parametrize(("text", "encoding"), [
    ("Отличный отель", "cp1251"), ("Отличный отель", "koi8-r"), ("bardzo dobre jedzenie było", "cp1250"),
    ("dobrý hotel, příjemný", "cp1250"), ("çok kötü ışık, şehir", "cp1254"), ("Καλό ξενοδοχείο", "cp1253"),
    ("这是一个很好的酒店", "gbk"), ("これはいいホテル", "shift_jis"), ("좋은 호텔", "cp949"), ("שלום", "cp1255"),
    ("don’t go, “never” café", "mac_roman"), ("trés bien là, café", "cp850"), ("好", "gbk")])
def test_an_encoding_that_is_not_certain_is_refused_with_the_line(tmp_path: Path, text: str, encoding: str):
    content = b"text,label\nplain words,x\n" + f"{text},y\n".encode(encoding)
    said = refusal(tmp_path, content)
    assert "is not UTF-8 text: see line 3" in said
    assert "(in which encoding was it written?" in said


def test_text_that_is_broken_in_the_middle_is_refused(tmp_path: Path):
    good = "text,label\ncafé,x\n".encode()
    assert "see line 3" in refusal(tmp_path, good + b"caf\xe9,y\n")
    assert "see line 3" in refusal(tmp_path, good + "café".encode()[:-1])
    assert "line 1 holds a NUL byte (it looks like UTF-16 without its mark" in refusal(
        tmp_path, "text,label\na,b\n".encode("utf-16-le"))
    assert "is not UTF-16 text" in refusal(tmp_path, "text,label\na,b\n".encode("utf-16") + b"x")
